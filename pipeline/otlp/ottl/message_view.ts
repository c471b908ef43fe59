/**
 * A look at one protobuf message and at what was changed in it, without decoding it.
 *
 * A view is made once and reset onto every message of its kind. The first question about a message walks its fields once
 * and notes where each lies. Edits are kept beside the bytes; `writeContent` copies what was not edited as it is, so
 * that unknown fields and the order of the others survive.
 *
 * @module
 */

import { decodeUtf8 } from "../../../ottl/values/utf8.ts";
import {
  FieldReader,
  skipValue,
  tagOf,
  varint32,
  varintEnd,
  varintHigh,
  varintLow,
  WireType,
} from "../../wire/protobuf.ts";
import { ProtoWriter, varintSize } from "../../wire/protobuf_writer.ts";
import { contentStart, readDouble, writeText } from "./any_value.ts";
import { CHILD_STRIDE, FieldIndex, FIELDS } from "./field_index.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/** Where a message lies. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export class MessageView extends FieldIndex {
  readonly #parts: MessagePart[] = [];
  /** Bits of fields that were edited. */
  #edited = 0;
  /** Where an edited field begins in `arena`, tag first. */
  readonly #editStarts = new Int32Array(FIELDS);
  /** Whether one of the parts has been read. */
  #hasOpenParts = false;

  /** Looks at another message; nothing is read yet, and all edits are gone. */
  override reset(bytes: Uint8Array, start: number, end: number): void {
    super.reset(bytes, start, end);
    this.#edited = 0;
    if (this.#hasOpenParts) this.#closeParts();
  }

  #closeParts(): void {
    this.#hasOpenParts = false;
    for (const part of this.#parts) part.unload();
  }

  /** A part of it is read. */
  notePart(): void {
    this.#hasOpenParts = true;
  }

  /** A view of the message in one of its fields. Made once, with the view. */
  part(fieldOf: (view: MessageView) => number, attributesField = 0): MessagePart {
    const part = new MessagePart(this, fieldOf, attributesField);
    this.#parts.push(part);
    return part;
  }

  /** Whether anything was edited. */
  get isEdited(): boolean {
    if (this.#edited !== 0 || this.attributes.isEdited) return true;
    return this.#hasOpenParts && this.#parts.some((part) => part.isBegun && part.isEdited);
  }

  /** Whether one of the fields in `mask` was. */
  isEditedIn(mask: number): boolean {
    return (this.#edited & mask) !== 0;
  }

  // ---- Fields ----

  /** Whether the field is there. */
  has(field: number): boolean {
    this.ready();
    return (this.there >>> field & 1) !== 0;
  }

  /** Where the value of a field lies: start of -1 when it is not there. For a read of the bytes in place. */
  fieldStart(field: number): number {
    this.ready();
    return (this.there >>> field & 1) === 0 ? -1 : this.starts[field]!;
  }

  fieldEnd(field: number): number {
    return this.ends[field]!;
  }

  /** The bytes that `fieldStart` and `fieldEnd` are offsets of. */
  fieldBytes(field: number): Uint8Array {
    return (this.#edited >>> field & 1) === 0 ? this.bytes : this.arena.buffer;
  }

  /** A string field; "" when it is not there. */
  text(field: number): string {
    const start = this.fieldStart(field);
    return start === -1 ? "" : decodeUtf8(this.fieldBytes(field), start, this.ends[field]);
  }

  /** A copy of a bytes field; empty when it is not there. */
  raw(field: number): Uint8Array {
    const start = this.fieldStart(field);
    return start === -1 ? new Uint8Array(0) : this.fieldBytes(field).slice(start, this.ends[field]);
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
    if (this.ends[field]! - start !== wanted.length) return false;
    for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return false;
    return true;
  }

  setText(field: number, text: string): void {
    const start = this.#begin(field);
    writeText(this.arena, field, text);
    this.#end(field, start);
    this.starts[field] = this.#contentStart(field, start);
  }

  /** @param value The bytes from `start` to `end` of it. */
  setBytes(field: number, value: Uint8Array, start = 0, end: number = value.length): void {
    const at = this.#begin(field);
    this.arena.bytesField(field, value, start, end);
    this.#end(field, at);
    this.starts[field] = this.arena.length - (end - start);
  }

  /** A varint of 64 bits in halves of 32. */
  setVarint(field: number, low: number, high: number): void {
    const start = this.#begin(field);
    this.arena.tag(field, WireType.varint);
    this.starts[field] = this.arena.length;
    this.arena.varint64(low, high);
    this.#end(field, start);
  }

  setFixed64(field: number, low: number, high: number): void {
    const start = this.#begin(field);
    this.arena.tag(field, WireType.fixed64);
    this.starts[field] = this.arena.length;
    this.arena.fixed64(low, high);
    this.#end(field, start);
  }

  setFixed32(field: number, value: number): void {
    const start = this.#begin(field);
    this.arena.tag(field, WireType.fixed32);
    this.starts[field] = this.arena.length;
    this.arena.fixed32(value);
    this.#end(field, start);
  }

  setDouble(field: number, value: number): void {
    const start = this.#begin(field);
    this.arena.tag(field, WireType.fixed64);
    this.starts[field] = this.arena.length;
    this.arena.double(value);
    this.#end(field, start);
  }

  remove(field: number): void {
    this.ready();
    this.#edited |= 1 << field;
    this.there &= ~(1 << field);
    this.#unloadPart(field);
  }

  /** The messages of a repeated field. */
  messages(field: number): Uint8Array[] {
    const found: Uint8Array[] = [];
    this.ready();
    if (this.#isRemoved(field)) return found;
    const isEdited = (this.#edited >>> field & 1) !== 0;
    const fields = isEdited
      ? new FieldReader(this.arena.buffer, this.#editStarts[field], this.ends[field])
      : new FieldReader(this.bytes, this.start, this.end);
    const tag = tagOf(field, WireType.bytes);
    while (fields.next()) if (fields.tag === tag) found.push(isEdited ? fields.view().slice() : fields.view());
    return found;
  }

  #isRemoved(field: number): boolean {
    return ((this.#edited & ~this.there) >>> field & 1) !== 0;
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
    const start = this.#begin(field);
    this.arena.copy(fields);
    this.#end(field, start);
    this.starts[field] = this.#contentStart(field, start);
  }

  /** The numbers of a repeated field, packed or not: each through `take`, given bytes and an offset. */
  eachNumber(field: number, wireType: number, take: (bytes: Uint8Array, at: number) => void): void {
    this.ready();
    if (this.#isRemoved(field)) return;
    const isEdited = (this.#edited >>> field & 1) !== 0;
    const fields = isEdited
      ? new FieldReader(this.arena.buffer, this.#editStarts[field], this.ends[field])
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

  /** Begins an edit of a field, which is written into the arena then. @returns Where that begins. */
  #begin(field: number): number {
    this.ready();
    this.#unloadPart(field);
    return this.arena.length;
  }

  #end(field: number, start: number): void {
    this.#edited |= 1 << field;
    this.there |= 1 << field;
    this.#editStarts[field] = start;
    this.ends[field] = this.arena.length;
  }

  /** Where the content of the length-delimited field at `start` of the arena begins. */
  #contentStart(field: number, start: number): number {
    return contentStart(this.arena.buffer, start + varintSize(tagOf(field, WireType.bytes)) - 1);
  }

  #unloadPart(field: number): void {
    if (!this.#hasOpenParts) return;
    for (const part of this.#parts) if (part.isBegun && part.field === field) part.unload();
  }

  /** The whole of field `field` in one piece: the message that its occurrences are together. */
  joined(field: number): Place {
    if (!this.has(field)) return { bytes: NOTHING, start: 0, end: 0 };
    if ((this.#edited >>> field & 1) !== 0 || (this.repeated >>> field & 1) === 0) {
      return { bytes: this.fieldBytes(field), start: this.starts[field]!, end: this.ends[field]! };
    }
    const writer = new ProtoWriter();
    for (const message of this.messages(field)) writer.copy(message);
    return { bytes: writer.finish(), start: 0, end: writer.length };
  }

  // ---- Writing ----

  /**
   * Writes the message's fields with all edits.
   *
   * @param without Bits of fields to leave out; children are left out always.
   */
  writeContent(writer: ProtoWriter, without = 0): void {
    const inParts = this.#hasOpenParts ? this.#editedParts() : 0;
    const leftOut = without | this.#edited | this.childMask | inParts;
    // Where only attributes were edited, nobody need know where the rest is.
    if (leftOut === 0) this.attributes.copyMessage(writer, this.start, this.end, 0);
    else this.#writeKept(writer, leftOut);
    this.attributes.writeAdded(writer);
    if (inParts !== 0) this.#writeParts(writer, without);
    this.#writeFields(writer, this.#edited & this.there & ~(without | inParts));
  }

  /** Bits of the fields whose parts were edited. */
  #editedParts(): number {
    let fields = 0;
    for (const part of this.#parts) if (part.isBegun && part.isEdited) fields |= 1 << part.field;
    return fields;
  }

  /** What is not in `leftOut`, as it is; attributes as they were edited. */
  #writeKept(writer: ProtoWriter, leftOut: number): void {
    this.ready();
    const left = leftOut & this.present;
    if (this.childCount > 0 && left === 0) return this.#writeBetweenChildren(writer);
    if (this.childCount > 0 || (left & this.repeated) !== 0) return this.#writeKeptByField(writer, leftOut);
    let run = this.start;
    let attribute = 0;
    for (let rest = left; rest !== 0;) {
      const field = this.#firstOf(rest);
      const at = this.tagStarts[field]!;
      attribute = this.attributes.copyMessage(writer, run, at, attribute);
      run = this.#fieldEndInBytes(at);
      rest &= ~(1 << field);
    }
    this.attributes.copyMessage(writer, run, this.end, attribute);
  }

  /** Of fields that came once the one that stands before the others. */
  #firstOf(mask: number): number {
    let first = lowestField(mask);
    for (let rest = mask & mask - 1; rest !== 0; rest &= rest - 1) {
      const field = lowestField(rest);
      if (this.tagStarts[field]! < this.tagStarts[first]!) first = field;
    }
    return first;
  }

  #fieldEndInBytes(tagStart: number): number {
    const { bytes, end } = this;
    return skipValue(bytes, varintEnd(bytes, tagStart, end), end, varint32(bytes, tagStart, end));
  }

  /** As `#writeKept`, where nothing but children is left out. */
  #writeBetweenChildren(writer: ProtoWriter): void {
    const { children } = this;
    const last = this.childCount * CHILD_STRIDE;
    let run = this.start;
    let attribute = 0;
    for (let i = 0; i < last; i += CHILD_STRIDE) {
      const at = children[i]!;
      if (at > run) attribute = this.attributes.copyMessage(writer, run, at, attribute);
      run = children[i + 2]!;
    }
    this.attributes.copyMessage(writer, run, this.end, attribute);
  }

  /** As `#writeKept`, where fields to leave out are many. */
  #writeKeptByField(writer: ProtoWriter, leftOut: number): void {
    let run = this.start;
    let attribute = 0;
    const fields = new FieldReader(this.bytes, this.start, this.end);
    while (fields.next()) {
      if (fields.field >= FIELDS || (leftOut >>> fields.field & 1) === 0) continue;
      attribute = this.attributes.copyMessage(writer, run, fields.fieldStart, attribute);
      run = fields.valueEnd;
    }
    this.attributes.copyMessage(writer, run, this.end, attribute);
  }

  #writeParts(writer: ProtoWriter, without: number): void {
    for (const part of this.#parts) {
      if (!part.isBegun || !part.isEdited || (without >>> part.field & 1) !== 0) continue;
      const mark = writer.open(part.field);
      part.writeContent(writer);
      writer.close(mark);
    }
  }

  /** Edited fields, by bits. */
  #writeFields(writer: ProtoWriter, fields: number): void {
    for (let rest = fields; rest !== 0; rest &= rest - 1) {
      const field = lowestField(rest);
      writer.copyFrom(this.arena, this.#editStarts[field]!, this.ends[field]!);
    }
  }

  /** The whole message with all edits, children as they were: a view of the bytes when nothing was edited. */
  current(): Uint8Array {
    this.ready();
    if (!this.isEdited) return this.bytes.subarray(this.start, this.end);
    const writer = new ProtoWriter(this.end - this.start + 64);
    this.writeContent(writer);
    for (let i = 0; i < this.childCount * CHILD_STRIDE; i += CHILD_STRIDE) {
      writer.copy(this.bytes, this.children[i], this.children[i + 2]);
    }
    return writer.finish();
  }
}

/** The lowest field of a mask that has one. */
function lowestField(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
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
    if (this.isBegun) this.reset(NOTHING, 0, 0);
  }

  protected override begin(): void {
    this.#field = this.#fieldOf(this.#whole);
    if (this.#field !== 0) {
      const { bytes, start, end } = this.#whole.joined(this.#field);
      this.bytes = bytes;
      this.start = start;
      this.end = end;
    }
    this.#whole.notePart();
    super.begin();
  }
}
