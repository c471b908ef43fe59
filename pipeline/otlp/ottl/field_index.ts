/**
 * Where the fields of one message lie: noted in one walk when somebody first asks, as far as what was asked for needs.
 *
 * @module
 */

import { skipValue, tagOf, varint32, varintEnd, WireType } from "../../wire/protobuf.ts";
import { ProtoWriter } from "../../wire/protobuf_writer.ts";
import { AttributeIndex, NO_SLOT } from "./attributes/index.ts";

// Taken from an object that another module has, each would be looked up again in every turn of a loop.
const { varint: VARINT, fixed64: FIXED64, bytes: BYTES, fixed32: FIXED32 } = WireType;

/** One more than the highest field number of OTLP's messages. */
export const FIELDS = 18;

/** Room for children and for edits that is kept for the next message; more is let go. */
const MAX_KEPT_CHILDREN = 65_536;
const MAX_KEPT_BYTES = 1024 * 1024;

/** Numbers that are kept of each child: where its tag, its content and its end are. */
export const CHILD_STRIDE = 3;

/** A message that nobody looked at yet. */
const UNREAD = -1;

/** The end of a field that is not read in one step. */
const NOT_SHORT = -1;

/** A tag that no field has. */
const NO_TAG = -1;

const NOTHING: Uint8Array = new Uint8Array(0);

export class FieldIndex {
  /** The message's bytes are `start` to `end` of `bytes`. */
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  readonly attributes: AttributeIndex;
  /** Fields of the messages that a walk goes into, as bits; they are listed in `children` and are no fields to read. */
  childMask = 0;
  /** Tag, content and end of each child, by turns. */
  children = new Int32Array(0);
  childCount = 0;
  /** What was edited: fields with their tags, and attributes. */
  readonly arena: ProtoWriter = new ProtoWriter(0);
  /** Whether it has been read to its end since the last reset. */
  isRead = false;

  /** How far it has been read. */
  #at = UNREAD;
  /** Whether only attributes with a slot are noted as it is read. */
  #isSought = false;
  /** Whether more was asked for, of this message and of the last one that anything was asked of. */
  #isWholeAsked = false;
  #wasWholeAsked = false;
  /** Bits of the fields that have a value, edits included. */
  protected there = 0;
  /** Where the value of each of these begins and ends: in `bytes`, or if edited in `arena`. */
  protected readonly starts: Int32Array<ArrayBuffer> = new Int32Array(FIELDS);
  protected readonly ends: Int32Array<ArrayBuffer> = new Int32Array(FIELDS);
  /** Where each field begins in `bytes`, tag first; of the last one where it came more than once. */
  protected readonly tagStarts: Int32Array<ArrayBuffer> = new Int32Array(FIELDS);
  /** Bits of fields that the message had as it came, children and attributes aside. */
  protected present = 0;
  /** Bits of those that came more than once. */
  protected repeated = 0;

  constructor(attributesField = 0) {
    this.attributes = new AttributeIndex(this, attributesField);
  }

  /** Looks at another message; nothing is read yet. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.isRead = false;
    if (this.#at !== UNREAD) {
      this.#at = UNREAD;
      this.#wasWholeAsked = this.#isWholeAsked;
      this.#isWholeAsked = false;
    }
    if (this.arena.length > 0) this.arena.clear(MAX_KEPT_BYTES);
    this.attributes.forget();
  }

  /** Whether any of it has been read since the last reset. */
  get isBegun(): boolean {
    return this.#at !== UNREAD;
  }

  /** Before the first field is read; a part finds itself first. */
  protected begin(): void {
    this.#at = this.start;
    this.attributes.begin();
  }

  /** Before fields are noted. */
  #beginFields(): void {
    this.present = 0;
    this.repeated = 0;
    this.childCount = 0;
    if (this.children.length > MAX_KEPT_CHILDREN * CHILD_STRIDE) this.children = new Int32Array(0);
  }

  /** Reads the message unless it has been: `bytes` and `children` hold afterwards. */
  ready(): void {
    this.#isWholeAsked = true;
    if (!this.isRead) this.#readWhole();
  }

  /**
   * Reads on until the attribute of a slot is found, which for NO_SLOT and for a key that is not there is to the end.
   *
   * Where nothing else is asked of a message, nothing else is noted: that the last one was asked for more tells that
   * this one will be.
   */
  readTo(slot: number): void {
    if (this.#at === UNREAD) {
      this.begin();
      this.#isSought = !this.#wasWholeAsked && this.childMask === 0;
      if (!this.#isSought) this.#beginFields();
    }
    if (this.#isSought) this.#seek(slot);
    else this.#read(slot);
    if (this.#at < this.end) return;
    this.attributes.complete();
    if (!this.#isSought) this.#finish();
  }

  #readWhole(): void {
    if (this.#at === UNREAD) {
      this.#isSought = false;
      this.begin();
      this.#beginFields();
    }
    if (this.#isSought) {
      if (this.#at < this.end) this.#seek(NO_SLOT);
      this.#isSought = false;
      this.#at = this.start;
      this.#beginFields();
      this.attributes.placeAll(() => this.#read(NO_SLOT));
    } else this.#read(NO_SLOT);
    this.attributes.complete();
    this.#finish();
  }

  #finish(): void {
    this.isRead = true;
    this.there = this.present;
  }

  /** As `#read`, where nothing but attributes with a slot is asked for. */
  #seek(slot: number): void {
    const { bytes, attributes } = this;
    const end = this.end | 0;
    const attributesTag = attributes.field === 0 ? NO_TAG : tagOf(attributes.field, BYTES);
    let at = this.#at | 0;
    while (at < end) {
      at = attributes.seekRun(bytes, at, end, attributesTag, slot) | 0;
      if (at === end || slot !== NO_SLOT && attributes.hasFound(slot)) break;
      const next = shortFieldEnd(bytes, at);
      at = bytes[at] !== attributesTag && next !== NOT_SHORT && next <= end ? next : this.#readField(at) | 0;
    }
    this.#at = at;
  }

  /**
   * The walk over the fields. What nearly all messages are made of is read without a call: this is most of what a
   * condition costs.
   */
  #read(slot: number): void {
    const { bytes, attributes, starts, ends, tagStarts } = this;
    const end = this.end | 0;
    const childMask = this.childMask | 0;
    const attributesTag = attributes.field === 0 ? NO_TAG : tagOf(attributes.field, BYTES);
    let at = this.#at | 0;
    let present = this.present | 0;
    let repeated = this.repeated | 0;
    while (at < end) {
      let tag = bytes[at]!;
      if (tag === attributesTag) {
        const next = attributes.noteRun(bytes, at, end, tag, slot) | 0;
        at = next === at ? this.#readField(at) | 0 : next;
        if (slot !== NO_SLOT && attributes.hasFound(slot)) break;
        continue;
      }
      let start = at + 1;
      if (tag >= 0x80) tag = tag & 0x7f | bytes[start++]! << 7;
      let next = end + 1; // it is not short
      switch (tag & 7) {
        case VARINT:
          if (bytes[start]! < 0x80) next = start + 1;
          break;
        case FIXED64:
          next = start + 8;
          break;
        case BYTES: {
          let length = bytes[start++]!;
          if (length >= 0x80 && bytes[start]! < 0x80) length = length & 0x7f | bytes[start++]! << 7;
          else if (length >= 0x80) break;
          next = start + length;
          break;
        }
        case FIXED32:
          next = start + 4;
      }
      const field = tag >>> 3;
      // Behind the end of all bytes it is no number, which is not at the most anything.
      if (!(next <= end) || field === 0 || field >= FIELDS || tag === attributesTag) {
        this.present = present;
        this.repeated = repeated;
        at = this.#readField(at) | 0;
        present = this.present | 0;
        repeated = this.repeated | 0;
        continue;
      }
      if ((childMask >>> field & 1) !== 0 && (tag & 7) === BYTES) {
        this.#addChild(at, start, next);
        at = tag < 0x80 ? this.#readChildren(next, end, tag) | 0 : next;
        continue;
      }
      const bit = 1 << field;
      repeated |= present & bit;
      present |= bit;
      tagStarts[field] = at;
      starts[field] = start;
      ends[field] = next;
      at = next;
    }
    this.#at = at;
    this.present = present;
    this.repeated = repeated;
  }

  /** Any field, in any form. @returns Where it ends. */
  #readField(tagStart: number): number {
    const { bytes, end } = this;
    let at = tagStart;
    let tag = bytes[at++]!;
    if (tag >= 0x80) {
      tag = varint32(bytes, tagStart, end);
      at = varintEnd(bytes, tagStart, end);
    }
    const next = skipValue(bytes, at, end, tag);
    const field = tag >>> 3;
    if (field >= FIELDS) return next;
    if ((tag & 7) === BYTES) {
      at = bytes[at]! < 0x80 ? at + 1 : varintEnd(bytes, at, end);
      if (field === this.attributes.field) {
        this.attributes.note(bytes, tagStart, at, next);
        return next;
      }
      if ((this.childMask >>> field & 1) !== 0) {
        this.#addChild(tagStart, at, next);
        return next;
      }
    }
    if ((this.present >>> field & 1) !== 0) this.repeated |= 1 << field;
    this.present |= 1 << field;
    this.tagStarts[field] = tagStart;
    this.starts[field] = at;
    this.ends[field] = next;
    return next;
  }

  /** Children one behind the other, as long as their lengths are two bytes: nearly all. @returns Where the last ends. */
  #readChildren(at: number, end: number, tag: number): number {
    const { bytes } = this;
    while (at + 2 < end && bytes[at] === tag && bytes[at + 1]! >= 0x80 && bytes[at + 2]! < 0x80) {
      const start = at + 3;
      const next = start + (bytes[at + 1]! & 0x7f | bytes[at + 2]! << 7);
      if (next > end) break;
      this.#addChild(at, start, next);
      at = next;
    }
    return at;
  }

  #addChild(tagStart: number, start: number, end: number): void {
    const at = this.childCount++ * CHILD_STRIDE;
    if (at === this.children.length) this.children = grown(this.children, 16 * CHILD_STRIDE);
    this.children[at] = tagStart;
    this.children[at + 1] = start;
    this.children[at + 2] = end;
  }
}

/** Where a field ends whose tag and length are two bytes at the most; NOT_SHORT for any other. */
function shortFieldEnd(bytes: Uint8Array, tagStart: number): number {
  const tag = bytes[tagStart]!;
  let at = tagStart + 1;
  if (tag >= 0x80) {
    const high = bytes[at++]!;
    if (!(high > 0 && high < 0x80)) return NOT_SHORT;
  } else if (tag < 8) return NOT_SHORT;
  switch (tag & 7) {
    case VARINT:
      return bytes[at]! < 0x80 ? at + 1 : NOT_SHORT;
    case FIXED64:
      return at + 8;
    case BYTES: {
      const length = bytes[at]!;
      if (length < 0x80) return at + 1 + length;
      return bytes[at + 1]! < 0x80 ? at + 2 + (length & 0x7f | bytes[at + 1]! << 7) : NOT_SHORT;
    }
    case FIXED32:
      return at + 4;
  }
  return NOT_SHORT;
}

function grown(array: Int32Array<ArrayBuffer>, atLeast: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(atLeast, array.length * 2));
  larger.set(array);
  return larger;
}
