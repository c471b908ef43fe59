/**
 * The attributes of one message: where they lie, noted while it is read, and what was changed in them.
 *
 * An attribute goes by its number: those of the message in their order, then those that were added. One that was taken out
 * keeps its number. Keys that statements name have a slot, which knows its attribute as soon as the message is read.
 * Where only such are asked for, nothing is noted of the others: most messages are never asked for more.
 *
 * Loops over bytes keep their places as ints with `| 0`: what comes out of a property or a call is a tagged value to V8,
 * and so is then each place in the loop. Reading and asking are one class: in two, one derived from the other, a condition
 * takes a fifth longer; with one held by the other, 7 % longer.
 *
 * @module
 */

import { rangeEquals, tagOf, WireType } from "../../../wire/protobuf.ts";
import { ProtoWriter } from "../../../wire/protobuf_writer.ts";
import { skipShort } from "../../short_fields.ts";
import { contentEnd, contentStart, type KeyValueRange, Member, memberAt, type StringTable } from "../any_value.ts";
import { AttributeRanges, type EditedMessage, MAX_KEPT_ATTRIBUTES, Source } from "./ranges.ts";
import type { ByteWords } from "./byte_words.ts";
import { WantedKeys, WORD_BYTES } from "./wanted_keys.ts";

/** Of a value that nobody looked at yet, or that does not lie in the message. */
const UNKNOWN = -2;

/** The number of no slot. */
export const NO_SLOT = -1;

/**
 * What is kept of each slot: the number of its attribute, -1 for none; where the member of its value begins in the
 * message's bytes, -1 for none, UNKNOWN until somebody asks; where its field begins as long as that has no place in the
 * ranges, -1 when it has; where the field of its value begins, if both are short and nobody edited it, or -1.
 */
const FOUND = 4;
const MEMBER = 1;
const UNPLACED = 2;
const SHORT_VALUE = 3;

const NOTHING: Uint8Array = new Uint8Array(0);

/** Of a KeyValue whose length is one byte. */
const MAX_SHORT_BYTES = 0x7f;

const KEY = 0x0a;
const VALUE = 0x12;

/** The message that they are of. */
interface Message extends EditedMessage {
  /** Reads all of it unless it has been: every attribute is placed then. */
  ready(): void;
  /** Reads on until `hasFound(slot)`, or to its end; of attributes that have no slot nothing may be noted. */
  readTo(slot: number): void;
}

export class AttributeIndex {
  /** Keys that have a slot. */
  readonly wanted = new WantedKeys();
  /** Where strings that are written as numbers stand; in profiles only. */
  strings: StringTable | undefined;
  readonly #ranges: AttributeRanges;
  /** How many the message has as it came, as far as it was read. */
  #count = 0;
  /** Whether all of it was read. */
  #isComplete = false;
  /** Of each slot its first attribute: `FOUND` numbers. */
  #found = new Int32Array(0);
  /** Whether a wanted key came more than once. */
  #hasTwins = false;
  /** No KeyValue of them has more bytes. */
  #longestBytes = 0;
  readonly #pair: KeyValueRange;
  /** Whether any of the message was read. */
  #isBegun = false;
  /** Whether only places are noted: what has a slot is known. */
  #isPlacing = false;
  /** The bytes that `#view` is of. */
  #viewed: Uint8Array = NOTHING;
  #view = new DataView(NOTHING.buffer);
  /** Where the last four bytes of `#view` begin. */
  #lastWord = -WORD_BYTES;

  /** Fields that statements put into any item. Written while they are compiled. */
  readonly constants: ProtoWriter = new ProtoWriter(0);
  /** Where each of them begins, with its tag. */
  readonly #constantStarts: number[] = [];
  #field: number;
  /** Another number after each edit, and when another message is looked at. */
  revision = 0;
  readonly #message: Message;
  #isEdited = false;
  /** How many were added. */
  #added = 0;

  constructor(message: Message, field: number) {
    this.#message = message;
    this.#ranges = new AttributeRanges(message, this.constants);
    this.#pair = this.#ranges.pair;
    this.#field = field;
  }

  /** Their field in the message, below 16; 0 when it has none. */
  get field(): number {
    return this.#field;
  }

  /** Data points of each kind have their own; what was written for all of them gets its tag. */
  set field(field: number) {
    if (field === this.#field) return;
    this.#field = field;
    for (const start of this.#constantStarts) this.constants.buffer[start] = tagOf(field, WireType.bytes);
  }

  get isEdited(): boolean {
    return this.#isEdited;
  }

  /** Where fields are written that are put in place of attributes. */
  get arena(): ProtoWriter {
    return this.#message.arena;
  }

  /** Another message is looked at: edits are gone. */
  forget(): void {
    this.revision++;
    if (this.#count + this.#added > MAX_KEPT_ATTRIBUTES) this.#ranges.shrink();
    this.#forgetNotes();
    if (!this.#isEdited) return;
    this.#isEdited = false;
    this.#added = 0;
    this.#ranges.forgetEdits();
  }

  /** The slot of a key; it gets one when it has none. Only while statements are compiled. */
  slotOf(key: Uint8Array): number {
    const slot = this.wanted.slotOf(key);
    if (slot * FOUND === this.#found.length) this.#found = Int32Array.of(...this.#found, -1, UNKNOWN, -1, -1);
    return slot;
  }

  /** Whether the attribute of a slot has been found so far. */
  hasFound(slot: number): boolean {
    return this.#found[slot * FOUND] !== -1;
  }

  // ---- While the message is read ----

  /** Before the first `note`. */
  begin(): void {
    this.#count = 0;
    this.#isBegun = true;
    this.#longestBytes = MAX_SHORT_BYTES;
  }

  /** Behind the last `note`. */
  complete(): void {
    this.#isComplete = true;
  }

  /** What was read is of no use any more. */
  #forgetNotes(): void {
    if (!this.#isBegun) return;
    this.#isBegun = false;
    this.#isComplete = false;
    this.#hasTwins = false;
    this.#forgetFound();
  }

  #forgetFound(): void {
    const found = this.#found;
    for (let at = 0; at < found.length; at += FOUND) {
      found[at] = -1;
      found[at + MEMBER] = UNKNOWN;
      found[at + UNPLACED] = -1;
      found[at + SHORT_VALUE] = -1;
    }
  }

  /**
   * Has the places of all noted, where only those were that have a slot; edits stay.
   *
   * @param read Reads the whole message, with `note` and `noteRun`.
   */
  placeAll(read: () => void): void {
    const sources = this.#ranges.savedSources();
    const found = this.#found;
    for (let at = UNPLACED; at < found.length; at += FOUND) found[at] = -1;
    this.#count = 0;
    this.#isPlacing = true;
    try {
      read();
    } finally {
      this.#isPlacing = false;
    }
    this.#ranges.restoreEdits(sources);
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
    const ranges = this.#ranges;
    const lengths = this.#isPlacing ? 0 : wanted.lengths;
    const view = this.#viewOf(bytes);
    let index = this.#count | 0;
    at |= 0;
    end |= 0;
    for (; at + 1 < end && bytes[at] === tag; index++) {
      const tagStart = at;
      const start = at + 2;
      const length = bytes[at + 1]!;
      const next = start + length;
      if (length >= 0x80 || next > end) break;
      ranges.place(index, tagStart, start, next);
      at = next;
      // Key and value, or the other way round: collectors write the value first. A length of two bytes begins with 128
      // or more, which leads past the end.
      const first = bytes[start]!;
      const middle = start + 2 + bytes[start + 1]!;
      const second = bytes[middle]!;
      const secondLength = bytes[middle + 1]!;
      const isKeyFirst = first === KEY;
      if (middle + 2 + secondLength !== next || !(isKeyFirst ? second === VALUE : first === VALUE && second === KEY)) {
        this.#noteUnusual(index, bytes, tagStart, start, next);
        continue;
      }
      const keyStart = isKeyFirst ? start + 2 : middle + 2;
      const keyEnd = isKeyFirst ? middle : next;
      if ((lengths >>> (keyEnd - keyStart & 31) & 1) === 0) continue;
      const slot = wanted.findShort(bytes, view, keyStart, keyEnd);
      if (slot === -1) continue;
      this.#fill(slot, index, isKeyFirst ? memberAt(bytes, middle + 2, next) : memberAt(bytes, start + 2, middle));
      if (slot === until) {
        index++;
        break;
      }
    }
    this.#count = index;
    return at;
  }

  /**
   * Steps over short fields, and notes of attributes those that have a slot; they get a place when somebody asks for their
   * number.
   *
   * @param tag Of an attribute's field. @param until The slot behind whose attribute nothing is read yet.
   * @returns Where a field begins that is none of these, or where the attribute of `until` ends.
   */
  seekRun(bytes: Uint8Array, at: number, end: number, tag: number, until: number): number {
    const { wanted } = this;
    const { lengths } = wanted;
    const view = this.#viewOf(bytes);
    let index = this.#count - 1 | 0; // of the last one that was stepped over
    at |= 0;
    end |= 0;
    tag |= 0;
    do {
      at = skipShort(bytes, at, end, tag) | 0;
      let next = at;
      run: for (;;) {
        let middle = 0;
        let keyLength = 0;
        let isKeyFirst = true;
        // Past those whose keys are of a length that nobody wants. What this loop ends with is used behind its own end
        // only, so that it need not be kept from one turn to the next; there are no calls here and below.
        do {
          at = next;
          if ((at + 4 | 0) > end) break run;
          // The field's tag and length and those of what is first in it are one number; the length by itself is there
          // sooner, and the next turn waits for it.
          const head = view.getInt32(at, true);
          next = at + 2 + bytes[at + 1 | 0]! | 0;
          middle = at + 4 + (head >>> 24) | 0;
          if ((head & 0x80ff) !== tag || next > end || (middle + 2 | 0) > next) break run;
          const second = view.getUint16(middle, true);
          const secondLength = next - middle - 2 | 0;
          if ((head & 0xff0000) === KEY << 16) {
            if (second !== (secondLength << 8 | VALUE)) break run;
            isKeyFirst = true;
            keyLength = head >>> 24;
          } else {
            if ((head & 0xff0000) !== VALUE << 16 || second !== (secondLength << 8 | KEY)) break run;
            isKeyFirst = false;
            keyLength = secondLength;
          }
          index = index + 1 | 0;
        } while ((lengths >>> keyLength & 1) === 0);
        if (keyLength < WORD_BYTES) {
          index = index - 1 | 0;
          break;
        }
        const slot = wanted.findIn(view, isKeyFirst ? at + 4 | 0 : middle + 2 | 0, keyLength) | 0;
        if (slot === NO_SLOT) continue;
        this.#fillUnplaced(slot, index, at, isKeyFirst ? middle : at + 2 | 0);
        if (slot === until) return this.#pauseAt(next, index);
      }
      if (at + 1 >= end || bytes[at] !== tag) break;
      next = at + 2 + bytes[at + 1]! | 0;
      if (bytes[at + 1]! >= 0x80 || next > end) break;
      index = index + 1 | 0;
      this.#noteUnusual(index, bytes, at, at + 2, next);
      at = next;
    } while (until === NO_SLOT || this.#found[until * FOUND] === -1);
    return this.#pauseAt(at, index);
  }

  /** @param last The number of the last attribute that was read. */
  #pauseAt(at: number, last: number): number {
    this.#count = last + 1;
    return at;
  }

  /** Messages lie in the same bytes one behind the other. */
  #viewOf(bytes: Uint8Array): DataView {
    if (this.#viewed !== bytes) {
      this.#viewed = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#lastWord = bytes.length - WORD_BYTES;
    }
    return this.#view;
  }

  /** An attribute of any form: its field begins at `tagStart`, its KeyValue is from `start` to `end`. */
  note(bytes: Uint8Array, tagStart: number, start: number, end: number): void {
    this.#longestBytes = Math.max(this.#longestBytes, end - start);
    this.#noteUnusual(this.#count++, bytes, tagStart, start, end);
  }

  /** An attribute with a long key or value, or whose fields are in another order. */
  #noteUnusual(index: number, bytes: Uint8Array, tagStart: number, start: number, end: number): void {
    this.#ranges.place(index, tagStart, start, end);
    if (this.#isPlacing || this.wanted.size === 0) return;
    const pair = this.#pair;
    pair.locate(bytes, start, end);
    if (pair.keyIndex === -1) return this.#fillByKey(index, bytes, pair.keyStart, pair.keyEnd);
    const key = pair.keyBytes(bytes, this.strings);
    this.#fillByKey(index, key, 0, key.length);
  }

  #fillByKey(index: number, bytes: Uint8Array, keyStart: number, keyEnd: number): void {
    const slot = this.wanted.find(bytes, keyStart, keyEnd);
    if (slot !== NO_SLOT) this.#fill(slot, index, UNKNOWN);
  }

  /** Of attributes with the same key the first counts. */
  #fill(slot: number, index: number, member: number): void {
    const found = this.#found;
    const at = slot * FOUND;
    if (found[at] !== -1) {
      this.#hasTwins = true;
      return;
    }
    found[at] = index;
    found[at + MEMBER] = member;
  }

  /** As `fill`, for a short attribute. @param valueField Where the field of its value begins. */
  #fillUnplaced(slot: number, index: number, tagStart: number, valueField: number): void {
    const found = this.#found;
    const at = slot * FOUND | 0;
    if (found[at] !== -1) {
      this.#hasTwins = true;
      return;
    }
    found[at] = index;
    found[at + UNPLACED | 0] = tagStart;
    found[at + SHORT_VALUE | 0] = valueField;
  }

  /** Gives the attribute of a slot its place. Only short ones are without. */
  #place(bytes: Uint8Array, slot: number): void {
    const found = this.#found;
    const at = slot * FOUND;
    const tagStart = found[at + UNPLACED]!;
    if (tagStart === -1) return;
    const start = tagStart + 2;
    this.#ranges.place(found[at]!, tagStart, start, start + bytes[start - 1]!);
    found[at + UNPLACED] = -1;
  }

  // ---- By slot ----

  /** The number of the attribute of a wanted key; -1 for none. */
  wantedIndex(slot: number): number {
    if (!this.hasFound(slot) && !this.#isComplete) this.#message.readTo(slot);
    this.#place(this.#message.bytes, slot);
    return this.#found[slot * FOUND]!;
  }

  /** Where the member of its value begins; -1 when there is no such attribute or it is empty. Into `wantedBytes`. */
  wantedMember(slot: number): number {
    const known = this.#found[slot * FOUND + MEMBER]!;
    return known === UNKNOWN ? this.#findMember(slot) : known;
  }

  #findMember(slot: number): number {
    const at = slot * FOUND;
    if (!this.hasFound(slot) && !this.#isComplete) this.#message.readTo(slot);
    const known = this.#found[at + MEMBER]!;
    if (known !== UNKNOWN) return known;
    const index = this.#found[at]!;
    if (index === -1) return this.#found[at + MEMBER] = -1;
    const valueField = this.#found[at + SHORT_VALUE]!;
    if (valueField !== -1) {
      const { bytes } = this.#message;
      const valueStart = valueField + 2;
      return this.#found[at + MEMBER] = memberAt(bytes, valueStart, valueStart + bytes[valueField + 1]!);
    }
    const { valueStart, valueEnd } = this.at(index);
    const member = memberAt(this.bytesOf(index), valueStart, valueEnd);
    // One that was edited lies in other bytes: it is found anew each time.
    if (this.#ranges.source(index) === Source.own) this.#found[at + MEMBER] = member;
    return member;
  }

  /** The bytes that `wantedMember` is an offset of. */
  wantedBytes(slot: number): Uint8Array {
    const at = slot * FOUND;
    return this.#found[at + MEMBER] === UNKNOWN ? this.bytesOf(this.#found[at]!) : this.#message.bytes;
  }

  /** Whether the attribute of a wanted key is this string. */
  isWantedString(slot: number, wanted: ByteWords): boolean {
    const at = this.#shortValue(slot);
    if (at === -1 || at > this.#lastWord) return this.#isString(slot, wanted.bytes);
    // Tags and lengths of the value and of the string that is all of it, as one number.
    const view = this.#view;
    const head = view.getInt32(at, true);
    if (head === wanted.valueHead) return wanted.isAt(view, at + 4);
    const isOther = (head & 0xff0000) === Member.string << 16 && (head >>> 24) + 2 === (head >>> 8 & 0xff);
    return isOther ? false : this.#isString(slot, wanted.bytes);
  }

  /** Where in `#view` the field of its value begins, if both are short and nobody edited it; -1 else. */
  #shortValue(slot: number): number {
    const at = this.#found[slot * FOUND + SHORT_VALUE]!;
    if (at !== -1 || this.hasFound(slot) || this.#isComplete) return at;
    this.#message.readTo(slot);
    return this.#found[slot * FOUND + SHORT_VALUE]!;
  }

  /** As `isWantedString`, of an attribute in any form. */
  #isString(slot: number, wanted: Uint8Array): boolean {
    const at = this.wantedMember(slot);
    return at !== -1 && isString(this.wantedBytes(slot), at, wanted);
  }

  // ---- By number ----

  /** One more than the highest number; each below it may be asked for then. */
  get span(): number {
    this.#message.ready();
    return this.#count + this.#added;
  }

  /** The number of the next one that is added. */
  get nextNumber(): number {
    if (!this.#isComplete) this.#message.readTo(NO_SLOT);
    return this.#count + this.#added;
  }

  /** No KeyValue of them has more bytes than this; most of the time not nearly as many. */
  get longest(): number {
    if (!this.#isComplete) this.#message.readTo(NO_SLOT);
    return this.#longestBytes;
  }

  /** Whether it was not taken out. */
  has(index: number): boolean {
    return this.#ranges.source(index) !== Source.gone;
  }

  /** The number of the first attribute with this key, from number `from` on; -1 for none. */
  find(key: Uint8Array, from = 0): number {
    const { span } = this;
    for (let index = from; index < span; index++) {
      if (this.has(index) && this.#ranges.isKey(index, key, this.strings)) return index;
    }
    return -1;
  }

  /** The bytes that offsets of this attribute are into. */
  bytesOf(index: number): Uint8Array {
    return this.#ranges.bytesOf(index);
  }

  /** Bytes of the KeyValue of an attribute. */
  byteLengthOf(index: number): number {
    return this.#ranges.byteLengthOf(index);
  }

  /** Key and value of an attribute; overwritten by the next call. Offsets into `bytesOf(index)`. */
  at(index: number): KeyValueRange {
    return this.#ranges.at(index);
  }

  /** The key of an attribute: a view. */
  keyOf(index: number): Uint8Array {
    return this.#ranges.keyOf(index, this.strings);
  }

  // ---- Edits ----

  /** A value that statements put under a key. @returns Where its field begins in `constants`. */
  addConstant(write: (constants: ProtoWriter) => void): number {
    const { constants } = this;
    const start = constants.length;
    this.#constantStarts.push(start);
    const mark = constants.open(this.#field);
    write(constants);
    constants.close(mark);
    return start;
  }

  /**
   * Puts the field from `start` to `end` of the arena or the constants in place of an attribute of the same key.
   *
   * @param slot Of the key, where it is known.
   */
  replace(index: number, source: number, start: number, end: number, slot: number = this.#slotAt(index)): void {
    this.#noteEdit();
    this.#longestBytes = Math.max(this.#longestBytes, end - start);
    this.#ranges.edit(index, source, start, end);
    if (slot !== NO_SLOT) this.#forgetValue(slot);
  }

  /** Adds an attribute whose key is not there: the field from `start` to `end` of the arena or the constants. */
  add(key: Uint8Array, source: number, start: number, end: number, slot: number = this.#knownSlotOf(key)): void {
    const index = this.nextNumber;
    this.#added++;
    this.#noteEdit();
    this.#longestBytes = Math.max(this.#longestBytes, end - start);
    this.#ranges.add(index, source, start, end);
    if (slot !== NO_SLOT) this.#fill(slot, index, UNKNOWN);
  }

  remove(index: number, slot: number = this.#slotAt(index)): void {
    this.#noteEdit();
    this.#ranges.edit(index, Source.gone, 0, 0);
    if (slot === NO_SLOT) return;
    this.#found[slot * FOUND] = this.#hasTwins ? this.find(this.wanted.keyAt(slot), index + 1) : -1;
    this.#forgetValue(slot);
  }

  /** What was known of the value of a slot: it was edited. */
  #forgetValue(slot: number): void {
    this.#found[slot * FOUND + MEMBER] = UNKNOWN;
    this.#found[slot * FOUND + SHORT_VALUE] = -1;
  }

  clear(): void {
    this.#message.ready();
    this.#added = 0;
    for (let index = 0; index < this.#count; index++) this.#ranges.edit(index, Source.gone, 0, 0);
    this.#noteEdit();
    this.#forgetFound();
  }

  #noteEdit(): void {
    this.#isEdited = true;
    this.revision++;
  }

  /** The slot whose attribute this is. */
  #slotAt(index: number): number {
    const found = this.#found;
    for (let at = 0; at < found.length; at += FOUND) if (found[at] === index) return at / FOUND;
    return NO_SLOT;
  }

  #knownSlotOf(key: Uint8Array): number {
    return this.wanted.find(key, 0, key.length);
  }

  // ---- Writing ----

  /**
   * Copies the message from `start` to `end` with its own attributes as they were edited.
   *
   * @param from How many of its edited attributes lie before it.
   * @returns How many lie before what is behind it.
   */
  copyMessage(writer: ProtoWriter, start: number, end: number, from: number): number {
    return this.#ranges.copyMessage(writer, start, end, from);
  }

  /** Those that were added. */
  writeAdded(writer: ProtoWriter): void {
    this.#ranges.writeAdded(writer, this.#count, this.#count + this.#added);
  }
}

/** Whether the member at `at` is the string `wanted`. */
function isString(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  if (bytes[at] !== Member.string) return false;
  return rangeEquals(bytes, contentStart(bytes, at), contentEnd(bytes, at), wanted);
}
