/**
 * A look at one protobuf message and at what was changed in it, without decoding it.
 *
 * A view is made once and reset onto every message of its kind. The first question about a message walks its fields once
 * and notes where each lies. Edits are kept beside the bytes; `writeContent` copies what was not edited as it is, so
 * that unknown fields and the order of the others survive.
 *
 * @module
 */

import { decodeUtf8, encodeUtf8 } from "../../../ottl/values/utf8.ts";
import {
  FieldReader,
  invalidWire,
  skipValue,
  tagOf,
  varint32,
  varintBig,
  varintEnd,
  varintHigh,
  varintLow,
  WireType,
} from "../../wire/protobuf.ts";
import { ProtoWriter } from "../../wire/protobuf_writer.ts";
import { contentStart, KeyValueRange, readDouble, type StringTable } from "./any_value.ts";
import { WantedKeys } from "./wanted_keys.ts";

/** One more than the highest field number of OTLP's messages. */
const FIELDS = 18;

/** Of an attribute that was taken out. */
const GONE: Uint8Array = new Uint8Array(0);
const NOTHING: Uint8Array = new Uint8Array(0);

/** Tag bytes that a fast look may meet. */
const KEY = 0x0a;
const VALUE = 0x12;

/** Where an attribute's KeyValue message lies. */
export interface Place {
  bytes: Uint8Array;
  start: number;
  end: number;
}

export class MessageView {
  /** The message's bytes are `start` to `end` of `bytes`. */
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** Field of its attributes; 0 when it has none. */
  attributesField: number;
  /** Keys that have a slot. */
  readonly wanted = new WantedKeys();
  /** Where strings that are written as numbers stand; in profiles only. */
  strings: StringTable | undefined;
  /** Fields of the messages that a walk goes into, as bits; they are listed in `children` and are no fields to read. */
  childMask = 0;
  /** Tag, content and end of each child, by turns. */
  children = new Int32Array(0);
  childCount = 0;

  readonly #parts: MessagePart[] = [];
  #isRead = false;
  /** Where the value of each field begins and ends: in `bytes`, or if edited in `#arena`. A start of -1: not there. */
  readonly #starts = new Int32Array(FIELDS).fill(-1);
  readonly #ends = new Int32Array(FIELDS);
  /** Bits of fields that came more than once. */
  #repeated = 0;
  /** Bits of fields that were edited. */
  #edited = 0;
  #arena: Uint8Array = NOTHING;
  #arenaLength = 0;
  /** Where an edited field begins in `#arena`, tag first. */
  readonly #editStarts = new Int32Array(FIELDS);

  /** Start and end of each attribute's KeyValue, by turns. */
  #attributes = new Int32Array(64);
  #attributeCount = 0;
  /** The first attribute of each wanted key; -1 for none. */
  #slots = new Int32Array(0);
  #attributesEdited = false;
  /** KeyValues that stand for attributes, by their number; those past `#attributeCount` were added. */
  readonly #replaced: (Uint8Array | undefined)[] = [];
  readonly #pair = new KeyValueRange();

  constructor(attributesField = 0) {
    this.attributesField = attributesField;
  }

  /** Looks at another message; nothing is read yet. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.#forget();
  }

  #forget(): void {
    this.#isRead = false;
    this.#edited = 0;
    this.#arenaLength = 0;
    if (this.#attributesEdited) {
      this.#attributesEdited = false;
      this.#replaced.length = 0;
    }
    for (const part of this.#parts) part.unload();
  }

  /** A view of the message in one of its fields. Made once, with the view. */
  part(fieldOf: (view: MessageView) => number, attributesField = 0): MessagePart {
    const part = new MessagePart(this, fieldOf, attributesField);
    this.#parts.push(part);
    return part;
  }

  /** Reads the message; a part finds it first. */
  protected load(): void {
    this.#read();
  }

  /** Reads the message unless it has been: `bytes` and `children` hold afterwards. */
  ready(): void {
    if (!this.#isRead) this.load();
  }

  /** Whether it has been read since the last reset. */
  get isLoaded(): boolean {
    return this.#isRead;
  }

  /** Whether anything was edited. */
  get isEdited(): boolean {
    if (this.#edited !== 0 || this.#attributesEdited) return true;
    for (const part of this.#parts) if (part.isLoaded && part.isEdited) return true;
    return false;
  }

  /** Whether one of the fields in `mask` was. */
  isEditedIn(mask: number): boolean {
    return (this.#edited & mask) !== 0;
  }

  #read(): void {
    this.#isRead = true;
    this.#repeated = 0;
    this.#attributeCount = 0;
    this.childCount = 0;
    const { bytes, end, attributesField, childMask } = this;
    const starts = this.#starts;
    const ends = this.#ends;
    for (let field = 0; field < FIELDS; field++) starts[field] = -1;
    const wantedCount = this.wanted.size;
    if (this.#slots.length < wantedCount) this.#slots = new Int32Array(wantedCount);
    for (let slot = 0; slot < wantedCount; slot++) this.#slots[slot] = -1;
    for (let at = this.start; at < end;) {
      const tagStart = at;
      let tag = bytes[at++]!;
      if (tag >= 0x80) {
        tag = varint32(bytes, tagStart, end);
        at = varintEnd(bytes, tagStart, end);
      }
      const field = tag >>> 3;
      if ((tag & 7) !== WireType.bytes || field === 0) {
        const next = skipValue(bytes, at, end, tag);
        if (field < FIELDS) {
          if (starts[field] !== -1) this.#repeated |= 1 << field;
          starts[field] = at;
          ends[field] = next;
        }
        at = next;
        continue;
      }
      let length = at < end ? bytes[at]! : 0x80;
      if (length < 0x80) at++;
      else {
        length = varint32(bytes, at, end);
        at = varintEnd(bytes, at, end);
      }
      const next = at + length;
      if (next > end) throw invalidWire(at, `${length} bytes are wanted where ${end - at} are left`);
      if (field === attributesField) this.#addAttribute(at, next);
      else if (field < FIELDS) {
        if ((childMask >>> field & 1) !== 0) this.#addChild(tagStart, at, next);
        else {
          if (starts[field] !== -1) this.#repeated |= 1 << field;
          starts[field] = at;
          ends[field] = next;
        }
      }
      at = next;
    }
  }

  #addChild(tagStart: number, start: number, end: number): void {
    const at = this.childCount++ * 3;
    if (at === this.children.length) this.children = grown(this.children, 48);
    this.children[at] = tagStart;
    this.children[at + 1] = start;
    this.children[at + 2] = end;
  }

  #addAttribute(start: number, end: number): void {
    const index = this.#attributeCount++;
    if (index * 2 === this.#attributes.length) this.#attributes = grown(this.#attributes, 64);
    this.#attributes[index * 2] = start;
    this.#attributes[index * 2 + 1] = end;
    if (this.wanted.size === 0) return;
    const { bytes } = this;
    const keyStart = start + 2;
    const keyEnd = keyStart + (end - start > 1 ? bytes[start + 1]! : 0);
    // Nearly all writers put a short key first and the value behind it, up to the end.
    if (bytes[start] === KEY && bytes[start + 1]! < 0x80 && keyEnd < end && isRestValue(bytes, keyEnd, end)) {
      this.#note(index, this.wanted.find(bytes, keyStart, keyEnd));
      return;
    }
    this.#pair.locate(bytes, start, end);
    const key = this.#pair.keyBytes(bytes, this.strings);
    this.#note(index, this.wanted.find(key, 0, key.length));
  }

  #note(index: number, slot: number): void {
    if (slot !== -1 && this.#slots[slot] === -1) this.#slots[slot] = index;
  }

  // ---- Fields ----

  /** Whether the field is there. */
  has(field: number): boolean {
    this.ready();
    return this.#starts[field] !== -1;
  }

  /** Where the value of a field lies: start of -1 when it is not there. For a read of the bytes in place. */
  fieldStart(field: number): number {
    this.ready();
    return this.#starts[field]!;
  }

  fieldEnd(field: number): number {
    return this.#ends[field]!;
  }

  /** The bytes that `fieldStart` and `fieldEnd` are offsets of. */
  fieldBytes(field: number): Uint8Array {
    return (this.#edited >>> field & 1) === 0 ? this.bytes : this.#arena;
  }

  /** A string field; "" when it is not there. */
  text(field: number): string {
    const start = this.fieldStart(field);
    return start === -1 ? "" : decodeUtf8(this.fieldBytes(field), start, this.#ends[field]);
  }

  /** A copy of a bytes field; empty when it is not there. */
  raw(field: number): Uint8Array {
    const start = this.fieldStart(field);
    return start === -1 ? new Uint8Array(0) : this.fieldBytes(field).slice(start, this.#ends[field]);
  }

  /** The low 32 bits of a varint field, unsigned. */
  low(field: number): number {
    const start = this.fieldStart(field);
    return start === -1 ? 0 : varintLow(this.fieldBytes(field), start);
  }

  /** Bits 32 to 63 of a varint field, unsigned. */
  high(field: number): number {
    const start = this.fieldStart(field);
    return start === -1 ? 0 : varintHigh(this.fieldBytes(field), start);
  }

  /** A varint field, unsigned. */
  varint(field: number): bigint {
    const start = this.fieldStart(field);
    return start === -1 ? 0n : varintBig(this.fieldBytes(field), start);
  }

  /** 32 bits, unsigned, `offset` bytes into a fixed32 or fixed64 field. */
  fixed(field: number, offset: number): number {
    const start = this.fieldStart(field);
    if (start === -1) return 0;
    const bytes = this.fieldBytes(field);
    const at = start + offset;
    return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
  }

  double(field: number): number {
    const start = this.fieldStart(field);
    return start === -1 ? 0 : readDouble(this.fieldBytes(field), start);
  }

  /** Whether the bytes of a field are these; a field that is not there has none. */
  equals(field: number, wanted: Uint8Array): boolean {
    const start = this.fieldStart(field);
    if (start === -1) return wanted.length === 0;
    const bytes = this.fieldBytes(field);
    if (this.#ends[field]! - start !== wanted.length) return false;
    for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return false;
    return true;
  }

  setText(field: number, text: string): void {
    this.setBytes(field, encodeUtf8(text));
  }

  setBytes(field: number, value: Uint8Array): void {
    this.#begin(field, WireType.bytes, value.length + 5);
    this.#pushVarint(value.length);
    this.#starts[field] = this.#arenaLength;
    this.#arena.set(value, this.#arenaLength);
    this.#arenaLength += value.length;
    this.#ends[field] = this.#arenaLength;
  }

  /** A varint of 64 bits in halves of 32. */
  setVarint(field: number, low: number, high: number): void {
    this.#begin(field, WireType.varint, 10);
    this.#starts[field] = this.#arenaLength;
    low >>>= 0;
    high >>>= 0;
    while (high !== 0 || low > 0x7f) {
      this.#arena[this.#arenaLength++] = low & 0x7f | 0x80;
      low = (low >>> 7 | high << 25) >>> 0;
      high >>>= 7;
    }
    this.#arena[this.#arenaLength++] = low;
    this.#ends[field] = this.#arenaLength;
  }

  setFixed64(field: number, low: number, high: number): void {
    this.#begin(field, WireType.fixed64, 8);
    this.#starts[field] = this.#arenaLength;
    this.#pushFixed(low);
    this.#pushFixed(high);
    this.#ends[field] = this.#arenaLength;
  }

  setFixed32(field: number, value: number): void {
    this.#begin(field, WireType.fixed32, 4);
    this.#starts[field] = this.#arenaLength;
    this.#pushFixed(value);
    this.#ends[field] = this.#arenaLength;
  }

  setDouble(field: number, value: number): void {
    this.#begin(field, WireType.fixed64, 8);
    this.#starts[field] = this.#arenaLength;
    new DataView(this.#arena.buffer, this.#arena.byteOffset).setFloat64(this.#arenaLength, value, true);
    this.#arenaLength += 8;
    this.#ends[field] = this.#arenaLength;
  }

  remove(field: number): void {
    this.ready();
    this.#edited |= 1 << field;
    this.#starts[field] = -1;
    this.#unloadPart(field);
  }

  /** The messages of a repeated field. */
  messages(field: number): Uint8Array[] {
    const found: Uint8Array[] = [];
    this.ready();
    if ((this.#edited >>> field & 1) !== 0 && this.#starts[field] === -1) return found;
    const isEdited = (this.#edited >>> field & 1) !== 0;
    const fields = isEdited
      ? new FieldReader(this.#arena, this.#editStarts[field], this.#ends[field])
      : new FieldReader(this.bytes, this.start, this.end);
    const tag = tagOf(field, WireType.bytes);
    while (fields.next()) if (fields.tag === tag) found.push(isEdited ? fields.view().slice() : fields.view());
    return found;
  }

  /** How many fields of this number there are. */
  count(field: number): number {
    return this.messages(field).length;
  }

  /** Puts messages in place of a repeated field's. */
  setMessages(field: number, messages: readonly Uint8Array[]): void {
    const writer = new ProtoWriter();
    for (const message of messages) writer.bytesField(field, message);
    this.setFields(field, writer.finish());
  }

  /** Puts `fields`, all of this number, tags included, in place of those that are there. */
  setFields(field: number, fields: Uint8Array): void {
    if (fields.length === 0) return this.remove(field);
    this.#begin(field, WireType.bytes, fields.length);
    this.#arenaLength = this.#editStarts[field]!;
    this.#arena.set(fields, this.#arenaLength);
    this.#arenaLength += fields.length;
    this.#starts[field] = contentStart(this.#arena, this.#editStarts[field]!);
    this.#ends[field] = this.#arenaLength;
  }

  /** The numbers of a repeated field, packed or not: each through `take`, given bytes and an offset. */
  eachNumber(field: number, wireType: number, take: (bytes: Uint8Array, at: number) => void): void {
    this.ready();
    const isEdited = (this.#edited >>> field & 1) !== 0;
    if (isEdited && this.#starts[field] === -1) return;
    const fields = isEdited
      ? new FieldReader(this.#arena, this.#editStarts[field], this.#ends[field])
      : new FieldReader(this.bytes, this.start, this.end);
    while (fields.next()) {
      if (fields.field !== field) continue;
      if ((fields.tag & 7) === wireType) take(fields.bytes, fields.start);
      else if ((fields.tag & 7) === WireType.bytes) {
        for (let at = fields.start; at < fields.valueEnd;) {
          const next = skipValue(fields.bytes, at, fields.valueEnd, tagOf(1, wireType));
          take(fields.bytes, at);
          at = next;
        }
      }
    }
  }

  /** Begins an edit of a field with room for `more` bytes behind its tag. */
  #begin(field: number, wireType: number, more: number): void {
    this.ready();
    this.#unloadPart(field);
    this.#reserve(more + 5);
    this.#edited |= 1 << field;
    this.#editStarts[field] = this.#arenaLength;
    this.#pushVarint(tagOf(field, wireType));
  }

  #reserve(more: number): void {
    const wanted = this.#arenaLength + more;
    if (wanted <= this.#arena.length) return;
    const arena = new Uint8Array(Math.max(wanted, this.#arena.length * 2, 256));
    arena.set(this.#arena.subarray(0, this.#arenaLength));
    this.#arena = arena;
  }

  #pushVarint(value: number): void {
    while (value > 0x7f) {
      this.#arena[this.#arenaLength++] = value & 0x7f | 0x80;
      value >>>= 7;
    }
    this.#arena[this.#arenaLength++] = value;
  }

  #pushFixed(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.#arena[this.#arenaLength++] = value >>> shift;
  }

  #unloadPart(field: number): void {
    for (const part of this.#parts) if (part.isLoaded && part.field === field) part.unload();
  }

  /** The whole of field `field` in one piece: the message that its occurrences are together. */
  joined(field: number): Place {
    this.ready();
    if ((this.#edited >>> field & 1) !== 0 || (this.#repeated >>> field & 1) === 0) {
      const start = Math.max(0, this.#starts[field]!);
      return { bytes: this.fieldBytes(field), start, end: this.#starts[field] === -1 ? start : this.#ends[field]! };
    }
    const writer = new ProtoWriter();
    for (const message of this.messages(field)) writer.copy(message);
    return { bytes: writer.finish(), start: 0, end: writer.length };
  }

  // ---- Attributes ----

  /** How many attributes have a number; those taken out have one too. */
  get attributeSpan(): number {
    this.ready();
    return this.#attributesEdited ? Math.max(this.#attributeCount, this.#replaced.length) : this.#attributeCount;
  }

  /** The number of the attribute of a wanted key; -1 for none. */
  wantedAttribute(slot: number): number {
    this.ready();
    return this.#slots[slot]!;
  }

  /** The number of the first attribute with this key, from number `from` on; -1 for none. */
  findAttribute(key: Uint8Array, from = 0): number {
    const span = this.attributeSpan;
    for (let index = from; index < span; index++) {
      if (this.hasAttribute(index) && this.#isKey(index, key)) return index;
    }
    return -1;
  }

  /** Whether it was not taken out. */
  hasAttribute(index: number): boolean {
    return !this.#attributesEdited || this.#replaced[index] !== GONE;
  }

  #isKey(index: number, key: Uint8Array): boolean {
    const bytes = this.attributeBytes(index);
    const start = this.#attributeStart(index);
    if (bytes[start] === KEY && bytes[start + 1]! < 0x80) {
      // A key that stands first can still be overruled by one behind it, which only a full look tells.
      if (
        bytes[start + 1] !== key.length && isRestValue(bytes, start + 2 + bytes[start + 1]!, this.#attributeEnd(index))
      ) {
        return false;
      }
    }
    this.#pair.locate(bytes, start, this.#attributeEnd(index));
    const found = this.#pair.keyBytes(bytes, this.strings);
    if (found.length !== key.length) return false;
    for (let i = 0; i < key.length; i++) if (found[i] !== key[i]) return false;
    return true;
  }

  /** The bytes that offsets of this attribute are into. */
  attributeBytes(index: number): Uint8Array {
    return this.#attributesEdited ? this.#replaced[index] ?? this.bytes : this.bytes;
  }

  #attributeStart(index: number): number {
    return this.#attributesEdited && this.#replaced[index] !== undefined ? 0 : this.#attributes[index * 2]!;
  }

  #attributeEnd(index: number): number {
    const replaced = this.#attributesEdited ? this.#replaced[index] : undefined;
    return replaced === undefined ? this.#attributes[index * 2 + 1]! : replaced.length;
  }

  /** Key and value of an attribute; overwritten by the next call. Offsets into `attributeBytes(index)`. */
  attribute(index: number): KeyValueRange {
    const pair = this.#pair;
    const bytes = this.attributeBytes(index);
    const start = this.#attributeStart(index);
    const end = this.#attributeEnd(index);
    const keyEnd = start + 2 + bytes[start + 1]!;
    if (bytes[start] === KEY && bytes[start + 1]! < 0x80 && keyEnd < end && isRestValue(bytes, keyEnd, end)) {
      pair.keyStart = start + 2;
      pair.keyEnd = keyEnd;
      pair.keyIndex = -1;
      pair.valueStart = contentStart(bytes, keyEnd);
      pair.valueEnd = end;
    } else {
      pair.locate(bytes, start, end);
    }
    return pair;
  }

  /** Puts a KeyValue message, kept as it is, in place of an attribute. */
  replaceAttribute(index: number, keyValue: Uint8Array): void {
    this.#attributesEdited = true;
    this.#replaced[index] = keyValue;
  }

  /** Adds an attribute whose key is not there: a KeyValue message, kept as it is. */
  addAttribute(key: Uint8Array, keyValue: Uint8Array): void {
    const index = this.attributeSpan;
    this.#attributesEdited = true;
    this.#replaced[index] = keyValue;
    this.#note(index, this.wanted.find(key, 0, key.length));
  }

  removeAttribute(index: number): void {
    const key = this.attribute(index).keyBytes(this.attributeBytes(index), this.strings);
    const slot = this.wanted.find(key, 0, key.length);
    this.#attributesEdited = true;
    this.#replaced[index] = GONE;
    if (slot !== -1 && this.#slots[slot] === index) this.#slots[slot] = this.findAttribute(key, index + 1);
  }

  clearAttributes(): void {
    const span = this.attributeSpan;
    if (span === 0) return;
    this.#attributesEdited = true;
    for (let index = 0; index < span; index++) this.#replaced[index] = GONE;
    this.#replaced.length = Math.max(this.#attributeCount, 0);
    this.#slots.fill(-1);
  }

  // ---- Writing ----

  /**
   * Writes the message's fields with all edits.
   *
   * @param without Bits of fields to leave out; children are left out always.
   */
  writeContent(writer: ProtoWriter, without = 0): void {
    this.ready();
    let leftOut = without | this.#edited | this.childMask;
    for (const part of this.#parts) if (part.isLoaded && part.isEdited) leftOut |= 1 << part.field;
    if (leftOut === 0 && !this.#attributesEdited) writer.copy(this.bytes, this.start, this.end);
    else this.#writeKept(writer, leftOut);
    this.#writeEdits(writer, without);
  }

  /** What is not in `leftOut`, as it is; attributes as they were edited. */
  #writeKept(writer: ProtoWriter, leftOut: number): void {
    const fields = new FieldReader(this.bytes, this.start, this.end);
    let run = this.start;
    let attribute = 0;
    while (fields.next()) {
      const field = fields.field;
      if (field === this.attributesField && (fields.tag & 7) === WireType.bytes) {
        const replaced = this.#attributesEdited ? this.#replaced[attribute] : undefined;
        attribute++;
        if (replaced === undefined) continue;
        writer.copy(this.bytes, run, fields.fieldStart);
        run = fields.valueEnd;
        if (replaced !== GONE) writer.bytesField(field, replaced);
      } else if (field < FIELDS && (leftOut >>> field & 1) !== 0) {
        writer.copy(this.bytes, run, fields.fieldStart);
        run = fields.valueEnd;
      }
    }
    writer.copy(this.bytes, run, this.end);
  }

  #writeEdits(writer: ProtoWriter, without: number): void {
    if (this.#attributesEdited) {
      for (let index = this.#attributeCount; index < this.#replaced.length; index++) {
        const added = this.#replaced[index]!;
        if (added !== GONE) writer.bytesField(this.attributesField, added);
      }
    }
    let overruled = without;
    for (const part of this.#parts) {
      if (!part.isLoaded || !part.isEdited) continue;
      overruled |= 1 << part.field;
      if ((without >>> part.field & 1) !== 0) continue;
      const mark = writer.open(part.field);
      part.writeContent(writer);
      writer.close(mark);
    }
    for (let field = 1; field < FIELDS; field++) {
      if ((this.#edited & ~overruled) >>> field & 1 && this.#starts[field] !== -1) {
        writer.copy(this.#arena, this.#editStarts[field], this.#ends[field]);
      }
    }
  }

  /** The whole message with all edits, children as they were: a view of the bytes when nothing was edited. */
  current(): Uint8Array {
    this.ready();
    if (!this.isEdited) return this.bytes.subarray(this.start, this.end);
    const writer = new ProtoWriter(this.end - this.start + 64);
    this.writeContent(writer);
    for (let i = 0; i < this.childCount * 3; i += 3) {
      writer.copy(this.bytes, this.children[i], this.children[i + 2]);
    }
    return writer.finish();
  }
}

/** A view of the message in a field of another view. What is edited in it is written with that view. */
export class MessagePart extends MessageView {
  readonly #whole: MessageView;
  readonly #fieldOf: (view: MessageView) => number;
  #field = 0;

  /** @param fieldOf Its field in `whole`; 0 for none. */
  constructor(whole: MessageView, fieldOf: (view: MessageView) => number, attributesField: number) {
    super(attributesField);
    this.#whole = whole;
    this.#fieldOf = fieldOf;
  }

  /** Its field in the view that it is a part of; 0 when there is none for it. */
  get field(): number {
    this.ready();
    return this.#field;
  }

  /** Forgets what it read and what was edited. */
  unload(): void {
    if (this.isLoaded) this.reset(NOTHING, 0, 0);
  }

  protected override load(): void {
    this.#field = this.#fieldOf(this.#whole);
    if (this.#field !== 0) {
      const { bytes, start, end } = this.#whole.joined(this.#field);
      this.bytes = bytes;
      this.start = start;
      this.end = end;
    }
    super.load();
  }
}

/** Whether what lies from `at` to `end` is the value of a KeyValue and nothing else. */
function isRestValue(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 1 >= end || bytes[at] !== VALUE) return false;
  const length = bytes[at + 1]!;
  if (length < 0x80) return at + 2 + length === end;
  return varintEnd(bytes, at + 1, end) + varint32(bytes, at + 1, end) === end;
}

function grown(array: Int32Array<ArrayBuffer>, atLeast: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(atLeast, array.length * 2));
  larger.set(array);
  return larger;
}
