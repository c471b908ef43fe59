/**
 * Where the attributes of one message lie, and what was changed in them.
 *
 * An attribute goes by its number: those of the message in their order, then those that were added. One that was taken out
 * keeps its number. Keys that statements name have a slot, which knows its attribute as soon as the message is read.
 *
 * @module
 */

import { rangeEquals } from "../../wire/protobuf.ts";
import { ProtoWriter } from "../../wire/protobuf_writer.ts";
import { contentEnd, contentStart, KeyValueRange, Member, memberAt, type StringTable } from "./any_value.ts";
import { WantedKeys } from "./wanted_keys.ts";

/**
 * Numbers that are kept of each attribute: where its field and its KeyValue begin, and where both end; which bytes hold
 * the KeyValue that is in force (`Source`), and where that begins and ends if it was edited.
 */
const STRIDE = 6;
const SOURCE = 3;
const EDIT_START = 4;
const EDIT_END = 5;

/** Which bytes hold an attribute: those of the message as it came, none, what was written for this item or for all. */
export const Source = { own: 0, gone: 1, arena: 2, constants: 3 } as const;

/** Attributes that there is room for at first, and that room is kept for; more is let go. */
const FIRST_ATTRIBUTES = 64;
const MAX_KEPT_ATTRIBUTES = 16_384;

/** Of a value that nobody looked at yet. */
const UNKNOWN = -2;

/** The number of no slot. */
export const NO_SLOT = -1;

const NOTHING: Uint8Array = new Uint8Array(0);

const KEY = 0x0a;
const VALUE = 0x12;

/** The message that they are of. */
interface Message {
  readonly bytes: Uint8Array;
  /** What is edited is written here. */
  readonly arena: ProtoWriter;
  /** Whether it has been read at all, and to its end. */
  readonly isBegun: boolean;
  readonly isRead: boolean;
  /** Reads it unless it has been. */
  ready(): void;
  /** Reads on until `hasFound(slot)`, or to its end. */
  readTo(slot: number): void;
}

export class AttributeIndex {
  /** Their field in the message; 0 when it has none. */
  field: number;
  /** Keys that have a slot. */
  readonly wanted = new WantedKeys();
  /** Where strings that are written as numbers stand; in profiles only. */
  strings: StringTable | undefined;

  /** KeyValues that statements put into any item. Written while they are compiled. */
  readonly constants: ProtoWriter = new ProtoWriter(0);
  /** Another number after each edit, and when another message is looked at. */
  revision = 0;
  readonly #message: Message;
  #ranges = new Int32Array(FIRST_ATTRIBUTES * STRIDE);
  /** How many the message has as it came. */
  #count = 0;
  /** The first attribute of each wanted key; -1 for none. */
  #slots = new Int32Array(0);
  /** Where the member of its value begins; UNKNOWN until somebody asks. */
  #slotMembers = new Int32Array(0);
  /** Whether a wanted key came more than once. */
  #hasTwins = false;
  #isEdited = false;
  /** How many were added. */
  #added = 0;
  readonly #pair = new KeyValueRange();
  /** The bytes that `#view` is of. */
  #viewed: Uint8Array = NOTHING;
  #view = new DataView(NOTHING.buffer);

  constructor(message: Message, field: number) {
    this.#message = message;
    this.field = field;
  }

  get isEdited(): boolean {
    return this.#isEdited;
  }

  /** Where KeyValues are written that are put in place of attributes. */
  get arena(): ProtoWriter {
    return this.#message.arena;
  }

  // ---- While the message is read ----

  /** Edits are gone. */
  forget(): void {
    this.revision++;
    this.#isEdited = false;
    this.#added = 0;
  }

  /** Before the first `note`. */
  begin(): void {
    this.#count = 0;
    this.#hasTwins = false;
    if (this.#ranges.length > MAX_KEPT_ATTRIBUTES * STRIDE) this.#ranges = new Int32Array(FIRST_ATTRIBUTES * STRIDE);
    const slots = this.wanted.size;
    if (this.#slots.length < slots) {
      this.#slots = new Int32Array(slots);
      this.#slotMembers = new Int32Array(slots);
    }
    for (let slot = 0; slot < slots; slot++) this.#slots[slot] = -1;
  }

  /** Whether the attribute of a slot has been found so far. */
  hasFound(slot: number): boolean {
    return this.#slots[slot] !== -1;
  }

  /**
   * Attributes one behind the other, as long as they are short: most of what is read of most messages.
   *
   * @param at Where the first one's field begins; `tag`, of one byte, is that of all.
   * @param until The slot behind whose attribute nothing is read yet.
   * @returns Where the last one's ends; `at` when the first one is not short.
   */
  noteRun(bytes: Uint8Array, at: number, end: number, tag: number, until: number): number {
    const { wanted } = this;
    const { lengths } = wanted;
    const view = this.#viewOf(bytes);
    let index = this.#count;
    while (at + 1 < end && bytes[at] === tag) {
      const start = at + 2;
      const next = start + bytes[at + 1]!;
      if (bytes[at + 1]! >= 0x80 || next > end) break;
      this.#place(index, at, start, next);
      at = next;
      // Key and value, or the other way round: collectors write the value first.
      const middle = start + 2 + bytes[start + 1]!;
      const isKeyFirst = bytes[start] === KEY;
      const keyStart = isKeyFirst ? start + 2 : middle + 2;
      const keyEnd = isKeyFirst ? middle : next;
      if (!isPlainPair(bytes, start, middle, next)) this.#noteUnusual(index, bytes, start, next);
      else if ((lengths >>> (keyEnd - keyStart & 31) & 1) !== 0) {
        const slot = wanted.findIn(bytes, view, keyStart, keyEnd);
        if (slot !== -1) {
          this.#fill(slot, index, isKeyFirst ? memberAt(bytes, middle + 2, next) : memberAt(bytes, start + 2, middle));
          if (slot === until) {
            index++;
            break;
          }
        }
      }
      index++;
    }
    this.#count = index;
    return at;
  }

  /** Messages lie in the same bytes one behind the other. */
  #viewOf(bytes: Uint8Array): DataView {
    if (this.#viewed !== bytes) {
      this.#viewed = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    return this.#view;
  }

  /** An attribute of any form: its field begins at `tagStart`, its KeyValue is from `start` to `end`. */
  note(bytes: Uint8Array, tagStart: number, start: number, end: number): void {
    const index = this.#count++;
    this.#place(index, tagStart, start, end);
    this.#noteUnusual(index, bytes, start, end);
  }

  #place(index: number, tagStart: number, start: number, end: number): void {
    const at = index * STRIDE;
    if (at === this.#ranges.length) this.#grow();
    const ranges = this.#ranges;
    ranges[at] = tagStart;
    ranges[at + 1] = start;
    ranges[at + 2] = end;
    ranges[at + SOURCE] = Source.own;
  }

  #grow(): void {
    const larger = new Int32Array(this.#ranges.length * 2);
    larger.set(this.#ranges);
    this.#ranges = larger;
  }

  /** An attribute with a long key or value, or whose fields are in another order. */
  #noteUnusual(index: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.wanted.size === 0) return;
    const pair = this.#pair;
    pair.locate(bytes, start, end);
    if (pair.keyIndex === -1) return this.#fillSlot(index, bytes, pair.keyStart, pair.keyEnd);
    const key = pair.keyBytes(bytes, this.strings);
    this.#fillSlot(index, key, 0, key.length);
  }

  #fillSlot(index: number, bytes: Uint8Array, keyStart: number, keyEnd: number): void {
    const slot = this.wanted.find(bytes, keyStart, keyEnd);
    if (slot !== -1) this.#fill(slot, index, UNKNOWN);
  }

  /** Of attributes with the same key the first counts. */
  #fill(slot: number, index: number, member: number): void {
    if (this.#slots[slot] !== -1) {
      this.#hasTwins = true;
      return;
    }
    this.#slots[slot] = index;
    this.#slotMembers[slot] = member;
  }

  // ---- By slot ----

  /** The number of the attribute of a wanted key; -1 for none. */
  wantedIndex(slot: number): number {
    if (!this.#message.isRead && !(this.#message.isBegun && this.hasFound(slot))) this.#message.readTo(slot);
    return this.#slots[slot]!;
  }

  /** Where the member of its value begins; -1 when there is no such attribute or it is empty. Into `wantedBytes`. */
  wantedMember(slot: number): number {
    const index = this.wantedIndex(slot);
    if (index === -1) return -1;
    const known = this.#slotMembers[slot]!;
    if (known !== UNKNOWN) return known;
    const { valueStart, valueEnd } = this.at(index);
    return this.#slotMembers[slot] = memberAt(this.bytesOf(index), valueStart, valueEnd);
  }

  /** The bytes that `wantedMember` is an offset of. */
  wantedBytes(slot: number): Uint8Array {
    return this.bytesOf(this.#slots[slot]!);
  }

  /** Whether the attribute of a wanted key is this string. */
  isWantedString(slot: number, wanted: Uint8Array): boolean {
    const at = this.wantedMember(slot);
    if (at === -1) return false;
    const bytes = this.wantedBytes(slot);
    if (bytes[at] !== Member.string) return false;
    return rangeEquals(bytes, contentStart(bytes, at), contentEnd(bytes, at), wanted);
  }

  // ---- By number ----

  /** One more than the highest number. */
  get span(): number {
    this.#message.ready();
    return this.#count + this.#added;
  }

  /** Whether it was not taken out. */
  has(index: number): boolean {
    return this.#ranges[index * STRIDE + SOURCE] !== Source.gone;
  }

  /** The number of the first attribute with this key, from number `from` on; -1 for none. */
  find(key: Uint8Array, from = 0): number {
    const { span } = this;
    for (let index = from; index < span; index++) if (this.has(index) && this.#isKey(index, key)) return index;
    return -1;
  }

  #isKey(index: number, key: Uint8Array): boolean {
    const { keyStart, keyEnd, keyIndex } = this.at(index);
    if (keyIndex === -1) return rangeEquals(this.bytesOf(index), keyStart, keyEnd, key);
    const found = this.keyOf(index);
    return rangeEquals(found, 0, found.length, key);
  }

  /** The bytes that offsets of this attribute are into. */
  bytesOf(index: number): Uint8Array {
    switch (this.#ranges[index * STRIDE + SOURCE]) {
      case Source.arena:
        return this.#message.arena.buffer;
      case Source.constants:
        return this.constants.buffer;
      default:
        return this.#message.bytes;
    }
  }

  /** Bytes of the KeyValue of an attribute. */
  byteLengthOf(index: number): number {
    const at = index * STRIDE + (this.#ranges[index * STRIDE + SOURCE] === Source.own ? 1 : EDIT_START);
    return this.#ranges[at + 1]! - this.#ranges[at]!;
  }

  /** Key and value of an attribute; overwritten by the next call. Offsets into `bytesOf(index)`. */
  at(index: number): KeyValueRange {
    const pair = this.#pair;
    const bytes = this.bytesOf(index);
    const at = index * STRIDE + (this.#ranges[index * STRIDE + SOURCE] === Source.own ? 1 : EDIT_START);
    const start = this.#ranges[at]!;
    const end = this.#ranges[at + 1]!;
    const keyEnd = start + 2 + bytes[start + 1]!;
    if (bytes[start] !== KEY || end - start >= 0x80 || !isPlainPair(bytes, start, keyEnd, end)) {
      pair.locate(bytes, start, end);
      return pair;
    }
    pair.keyStart = start + 2;
    pair.keyEnd = keyEnd;
    pair.keyIndex = -1;
    pair.valueStart = keyEnd + 2;
    pair.valueEnd = end;
    return pair;
  }

  /** The key of an attribute: a view. */
  keyOf(index: number): Uint8Array {
    return this.at(index).keyBytes(this.bytesOf(index), this.strings);
  }

  // ---- Edits ----

  /**
   * Puts the KeyValue from `start` to `end` of the arena or the constants in place of an attribute of the same key.
   *
   * @param slot Of the key, where it is known.
   */
  replace(index: number, source: number, start: number, end: number, slot: number = this.#slotAt(index)): void {
    this.#edit(index, source, start, end);
    if (slot !== NO_SLOT) this.#slotMembers[slot] = UNKNOWN;
  }

  /** Adds an attribute whose key is not there: the KeyValue from `start` to `end` of the arena or the constants. */
  add(key: Uint8Array, source: number, start: number, end: number, slot: number = this.#slotOf(key)): void {
    const index = this.span;
    this.#added++;
    if (index * STRIDE === this.#ranges.length) this.#grow();
    this.#edit(index, source, start, end);
    if (slot !== NO_SLOT) this.#fill(slot, index, UNKNOWN);
  }

  remove(index: number, slot: number = this.#slotAt(index)): void {
    this.#edit(index, Source.gone, 0, 0);
    if (slot === NO_SLOT) return;
    this.#slots[slot] = this.#hasTwins ? this.find(this.wanted.keyAt(slot), index + 1) : -1;
    this.#slotMembers[slot] = UNKNOWN;
  }

  clear(): void {
    this.#message.ready();
    this.#added = 0;
    for (let index = 0; index < this.#count; index++) this.#edit(index, Source.gone, 0, 0);
    this.#isEdited = true;
    this.revision++;
    this.#slots.fill(-1);
  }

  #edit(index: number, source: number, start: number, end: number): void {
    this.#isEdited = true;
    this.revision++;
    const ranges = this.#ranges;
    ranges[index * STRIDE + SOURCE] = source;
    ranges[index * STRIDE + EDIT_START] = start;
    ranges[index * STRIDE + EDIT_END] = end;
  }

  /** The slot whose attribute this is. */
  #slotAt(index: number): number {
    const slots = this.#slots;
    for (let slot = 0; slot < slots.length; slot++) if (slots[slot] === index) return slot;
    return NO_SLOT;
  }

  #slotOf(key: Uint8Array): number {
    return this.wanted.find(key, 0, key.length);
  }

  // ---- Writing ----

  /**
   * Copies the message from `start` to `end` with its own attributes as they were edited.
   *
   * @param from The first of its attributes that may lie there.
   * @returns The first that lies behind.
   */
  copyMessage(writer: ProtoWriter, start: number, end: number, from: number): number {
    const { bytes } = this.#message;
    let run = start;
    let index = from;
    if (this.#isEdited) {
      for (; index < this.#count && this.#ranges[index * STRIDE]! < end; index++) {
        if (this.#ranges[index * STRIDE + SOURCE] === Source.own) continue;
        writer.copy(bytes, run, this.#ranges[index * STRIDE]);
        run = this.#ranges[index * STRIDE + 2]!;
        this.#writeEdit(writer, index);
      }
    }
    writer.copy(bytes, run, end);
    return index;
  }

  writeAdded(writer: ProtoWriter): void {
    const end = this.#count + this.#added;
    for (let index = this.#count; index < end; index++) this.#writeEdit(writer, index);
  }

  #writeEdit(writer: ProtoWriter, index: number): void {
    if (!this.has(index)) return;
    const at = index * STRIDE;
    const source = this.#ranges[at + SOURCE] === Source.constants ? this.constants : this.arena;
    writer.bytesFieldFrom(this.field, source, this.#ranges[at + EDIT_START]!, this.#ranges[at + EDIT_END]!);
  }
}

/**
 * Whether the KeyValue from `start` to `end`, of less than 128 bytes, is as nearly all writers make it: a key and a value
 * in either order, of which the first ends at `middle`, and nothing else.
 */
function isPlainPair(bytes: Uint8Array, start: number, middle: number, end: number): boolean {
  // A length of two bytes begins with 128 or more, which leads past the end.
  if (middle + 2 + bytes[middle + 1]! !== end) return false;
  return bytes[start] === KEY ? bytes[middle] === VALUE : bytes[start] === VALUE && bytes[middle] === KEY;
}
