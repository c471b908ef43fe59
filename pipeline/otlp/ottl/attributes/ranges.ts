/**
 * Where the attributes of one message lie, by number, and which of them were edited.
 *
 * @module
 */

import { rangeEquals } from "../../../wire/protobuf.ts";
import type { ProtoWriter } from "../../../wire/protobuf_writer.ts";
import { contentStart, KeyValueRange, type StringTable } from "../any_value.ts";

/**
 * Numbers that are kept of each attribute: where its field and its KeyValue begin, and where both end; which bytes hold
 * the field that is in force (`Source`), and where that begins and ends if it was edited.
 */
const STRIDE = 6;
const SOURCE = 3;
const EDIT_START = 4;
const EDIT_END = 5;

/** Which bytes hold an attribute: those of the message as it came, none, what was written for this item or for all. */
export const Source = { own: 0, gone: 1, arena: 2, constants: 3 } as const;

/** Attributes that there is room for with the first of them, and that room is kept for; more is let go. */
const FIRST_ATTRIBUTES = 64;
export const MAX_KEPT_ATTRIBUTES = 16_384;

const FIRST_EDITS = 16;

/** Up to this many numbers are sorted by insertion: the runtime's sort takes 200 ns for five. */
const MAX_INSERTED = 32;

/** Most views never have an attribute, and a component has a dozen of them. */
const NO_ROOM = new Int32Array(0);

/** The message that they are of. */
export interface EditedMessage {
  readonly bytes: Uint8Array;
  /** What is edited is written here. */
  readonly arena: ProtoWriter;
}

export class AttributeRanges {
  /** Key and value of the attribute that was last located. */
  readonly pair: KeyValueRange = new KeyValueRange();
  readonly #message: EditedMessage;
  readonly #constants: ProtoWriter;
  #ranges = NO_ROOM;
  /** Numbers of the message's own attributes that were edited; in their order if `#isSorted`. */
  #edits = NO_ROOM;
  #editCount = 0;
  #isSorted = true;

  /** @param constants Fields that are put into any message. */
  constructor(message: EditedMessage, constants: ProtoWriter) {
    this.#message = message;
    this.#constants = constants;
  }

  /** Lets go of room for more than are mostly wanted. */
  shrink(): void {
    if (this.#ranges.length > MAX_KEPT_ATTRIBUTES * STRIDE) this.#ranges = NO_ROOM;
    if (this.#edits.length > MAX_KEPT_ATTRIBUTES) this.#edits = NO_ROOM;
  }

  /** Nothing is edited. */
  forgetEdits(): void {
    this.#editCount = 0;
    this.#isSorted = true;
  }

  // ---- As they came ----

  /** The field begins at `tagStart`, the KeyValue in it is from `start` to `end`. */
  place(index: number, tagStart: number, start: number, end: number): void {
    const at = index * STRIDE;
    if (at >= this.#ranges.length) this.#grow(at);
    const ranges = this.#ranges;
    ranges[at] = tagStart;
    ranges[at + 1] = start;
    ranges[at + 2] = end;
    ranges[at + SOURCE] = Source.own;
  }

  #grow(at: number): void {
    const larger = new Int32Array(Math.max(FIRST_ATTRIBUTES * STRIDE, this.#ranges.length * 2, at + STRIDE));
    larger.set(this.#ranges);
    this.#ranges = larger;
  }

  // ---- As they are ----

  source(index: number): number {
    return this.#ranges[index * STRIDE + SOURCE]!;
  }

  /** Where its KeyValue begins, if it is as it came. */
  start(index: number): number {
    return this.#ranges[index * STRIDE + 1]!;
  }

  /** Where its field begins, if it was edited, in the bytes that its source says. */
  editStart(index: number): number {
    return this.#ranges[index * STRIDE + EDIT_START]!;
  }

  /** Where it ends, in the bytes that its source says. */
  end(index: number): number {
    const at = index * STRIDE;
    return this.#ranges[at + SOURCE] === Source.own ? this.#ranges[at + 2]! : this.#ranges[at + EDIT_END]!;
  }

  /** Another field is in force, or none. */
  edit(index: number, source: number, start: number, end: number): void {
    if (this.source(index) === Source.own) this.#noteEdit(index);
    this.#put(index, source, start, end);
  }

  #noteEdit(index: number): void {
    const count = this.#editCount;
    if (count === this.#edits.length) {
      const larger = new Int32Array(Math.max(FIRST_EDITS, count * 2));
      larger.set(this.#edits);
      this.#edits = larger;
    }
    if (count > 0 && this.#edits[count - 1]! > index) this.#isSorted = false;
    this.#edits[count] = index;
    this.#editCount++;
  }

  /** One that the message had not. */
  add(index: number, source: number, start: number, end: number): void {
    if (index * STRIDE >= this.#ranges.length) this.#grow(index * STRIDE);
    this.#put(index, source, start, end);
  }

  #put(index: number, source: number, start: number, end: number): void {
    const ranges = this.#ranges;
    ranges[index * STRIDE + SOURCE] = source;
    ranges[index * STRIDE + EDIT_START] = start;
    ranges[index * STRIDE + EDIT_END] = end;
  }

  /** The numbers of those that were edited, in their order: the first `#editCount`. */
  #sortedEdits(): Int32Array {
    if (!this.#isSorted) {
      if (this.#editCount > MAX_INSERTED) this.#edits.subarray(0, this.#editCount).sort();
      else insertionSort(this.#edits, this.#editCount);
      this.#isSorted = true;
    }
    return this.#edits;
  }

  /** What was edited, to put it back with `restoreEdits` when all were placed anew. */
  savedSources(): Int32Array {
    return this.#sortedEdits().slice(0, this.#editCount).map((index) => this.source(index));
  }

  restoreEdits(sources: Int32Array): void {
    for (let i = 0; i < sources.length; i++) this.#ranges[this.#edits[i]! * STRIDE + SOURCE] = sources[i]!;
  }

  // ---- Their bytes ----

  /** The bytes that offsets of this attribute are into. */
  bytesOf(index: number): Uint8Array {
    switch (this.source(index)) {
      case Source.arena:
        return this.#message.arena.buffer;
      case Source.constants:
        return this.#constants.buffer;
      default:
        return this.#message.bytes;
    }
  }

  /** Bytes of the KeyValue of an attribute. */
  byteLengthOf(index: number): number {
    return this.end(index) - this.#startOf(index, this.bytesOf(index));
  }

  /** Where the KeyValue of an attribute begins. */
  #startOf(index: number, bytes: Uint8Array): number {
    return this.source(index) === Source.own ? this.start(index) : contentStart(bytes, this.editStart(index));
  }

  /** Key and value of an attribute; overwritten by the next call. Offsets into `bytesOf(index)`. */
  at(index: number): KeyValueRange {
    const { pair } = this;
    const bytes = this.bytesOf(index);
    pair.locate(bytes, this.#startOf(index, bytes), this.end(index));
    return pair;
  }

  /** The key of an attribute: a view. */
  keyOf(index: number, strings: StringTable | undefined): Uint8Array {
    return this.at(index).keyBytes(this.bytesOf(index), strings);
  }

  /** Whether the key of an attribute is `key`. */
  isKey(index: number, key: Uint8Array, strings: StringTable | undefined): boolean {
    const { keyStart, keyEnd, keyIndex } = this.at(index);
    if (keyIndex === -1) return rangeEquals(this.bytesOf(index), keyStart, keyEnd, key);
    const found = this.keyOf(index, strings);
    return rangeEquals(found, 0, found.length, key);
  }

  // ---- Writing ----

  /**
   * Copies the message from `start` to `end` with its own attributes as they were edited.
   *
   * @param from How many of its edited attributes lie before it.
   * @returns How many lie before what is behind it.
   */
  copyMessage(writer: ProtoWriter, start: number, end: number, from: number): number {
    const { bytes } = this.#message;
    const count = this.#editCount;
    let run = start;
    let next = from;
    if (count > 0) {
      const edits = this.#sortedEdits();
      const ranges = this.#ranges;
      for (; next < count; next++) {
        const at = edits[next]! * STRIDE;
        const tagStart = ranges[at]!;
        if (tagStart >= end) break;
        writer.copy(bytes, run, tagStart);
        run = ranges[at + 2]!;
        this.#write(writer, ranges[at + SOURCE]!, ranges[at + EDIT_START]!, ranges[at + EDIT_END]!);
      }
    }
    writer.copy(bytes, run, end);
    return next;
  }

  /** Writes attributes that were added, `first` to before `last`. What lies one behind the other is one copy. */
  writeAdded(writer: ProtoWriter, first: number, last: number): void {
    const ranges = this.#ranges;
    for (let at = first * STRIDE; at < last * STRIDE;) {
      const source = ranges[at + SOURCE]!;
      const start = ranges[at + EDIT_START]!;
      let end = ranges[at + EDIT_END]!;
      at += STRIDE;
      while (at < last * STRIDE && ranges[at + SOURCE] === source && ranges[at + EDIT_START] === end) {
        end = ranges[at + EDIT_END]!;
        at += STRIDE;
      }
      this.#write(writer, source, start, end);
    }
  }

  #write(writer: ProtoWriter, source: number, start: number, end: number): void {
    if (source === Source.gone) return;
    writer.copyFrom(source === Source.constants ? this.#constants : this.#message.arena, start, end);
  }
}

/** Sorts the first `count`. */
function insertionSort(numbers: Int32Array, count: number): void {
  for (let i = 1; i < count; i++) {
    const number = numbers[i]!;
    let at = i;
    for (; at > 0 && numbers[at - 1]! > number; at--) numbers[at] = numbers[at - 1]!;
    numbers[at] = number;
  }
}
