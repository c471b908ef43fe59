/**
 * Values where they lie in bytes, so that one path can copy what another leads to without taking it out.
 *
 * @module
 */

import type { ReadAccess } from "../../../ottl/compile/context.ts";
import type { ProtoWriter } from "../../wire/protobuf_writer.ts";
import { varintEnd, WireType } from "../../wire/protobuf.ts";
import { contentEnd, contentStart, Member } from "./any_value.ts";
import type { AttributeIndex } from "./attributes/index.ts";
import type { MessageView } from "./message_view.ts";

/** What `find` gives beside the tags of AnyValue's members. */
export const NIL = 0;
export const NOT_RAW = -1;

const NOTHING: Uint8Array = new Uint8Array(0);

/** A string, number, bool or bytes of the item that is looked at. Made once, with its path. */
export abstract class RawValue {
  bytes: Uint8Array = NOTHING;
  /** Its content, behind tag and length. */
  start = 0;
  end = 0;
  /** Where it begins as a member of AnyValue, at its tag; -1 where it is not written as one. */
  memberStart = -1;
  /** Whether it is not what lies there, but was made of it. */
  isChanged = false;

  /**
   * Finds it: `bytes`, `start` and `end` hold until the next edit.
   *
   * @returns The tag of the AnyValue member that it is; NIL when there is nothing; NOT_RAW for what cannot be copied.
   */
  abstract find(): number;

  /** Whether it is of the attribute of a slot. */
  isOf(_attributes: AttributeIndex, _slot: number): boolean {
    return false;
  }

  /** Writes a field of the AnyValue whose tag `find` gave. */
  writeField(writer: ProtoWriter, field: number, tag: number): void {
    if (tag === NIL) return writer.bytesField(field, NOTHING);
    if (this.memberStart !== -1) return writer.bytesField(field, this.bytes, this.memberStart, this.end);
    const mark = writer.open(field);
    writer.byte(tag);
    if ((tag & 7) === WireType.bytes) writer.varint(this.end - this.start);
    writer.copy(this.bytes, this.start, this.end);
    writer.close(mark);
  }
}

/** The value of an attribute by its slot. */
export class RawAttribute extends RawValue {
  readonly #attributes: AttributeIndex;
  readonly #slot: number;

  constructor(attributes: AttributeIndex, slot: number) {
    super();
    this.#attributes = attributes;
    this.#slot = slot;
  }

  override isOf(attributes: AttributeIndex, slot: number): boolean {
    return attributes === this.#attributes && slot === this.#slot;
  }

  override find(): number {
    const at = this.#attributes.wantedMember(this.#slot);
    if (at === -1) return NIL;
    const bytes = this.bytes = this.#attributes.wantedBytes(this.#slot);
    const tag = bytes[at]!;
    this.memberStart = at;
    switch (tag) {
      case Member.string:
      case Member.bytes:
        this.start = contentStart(bytes, at);
        this.end = contentEnd(bytes, at);
        return tag;
      case Member.int:
      case Member.bool:
        this.start = at + 1;
        this.end = varintEnd(bytes, at + 1, bytes.length);
        return tag;
      case Member.double:
        this.start = at + 1;
        this.end = at + 9;
        return tag;
      default:
        return NOT_RAW;
    }
  }
}

/** A string field. */
export class RawText extends RawValue {
  readonly #view: MessageView;
  readonly #field: number;

  constructor(view: MessageView, field: number) {
    super();
    this.#view = view;
    this.#field = field;
  }

  override find(): number {
    this.start = Math.max(0, this.#view.fieldStart(this.#field));
    this.end = this.#view.has(this.#field) ? this.#view.fieldEnd(this.#field) : this.start;
    this.bytes = this.#view.fieldBytes(this.#field);
    return Member.string;
  }
}

/** A path whose values can be copied. */
export interface RawAccess {
  readonly raw: RawValue;
}

/** Of a path that has one. */
export function rawOf(access: ReadAccess): RawValue | undefined {
  return (access as Partial<RawAccess>).raw;
}
