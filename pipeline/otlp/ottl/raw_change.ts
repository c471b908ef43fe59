/**
 * Changes of strings where they lie in bytes.
 *
 * @module
 */

import type { ReadAccess } from "../../../ottl/compile/context.ts";
import { AS_TEXT, type TextChange, UNCHANGED } from "../../../ottl/text/text_change.ts";
import { decodeUtf8, encodeUtf8 } from "../../../ottl/values/utf8.ts";
import type { Value } from "../../../ottl/values/value.ts";
import { rangeEquals } from "../../wire/protobuf.ts";
import { Member } from "./any_value.ts";
import type { AttributeIndex } from "./attributes/index.ts";
import type { MessageView } from "./message_view.ts";
import { NOT_RAW, type RawAccess, RawAttribute, RawText, RawValue } from "./raw_value.ts";
import { copyToAttribute, setAttribute } from "./wire_map.ts";

/** What a change makes of a string. */
class RawChanged extends RawValue {
  readonly #source: RawValue;
  readonly #change: TextChange;

  constructor(source: RawValue, change: TextChange) {
    super();
    this.#source = source;
    this.#change = change;
  }

  override isOf(attributes: AttributeIndex, slot: number): boolean {
    return this.#source.isOf(attributes, slot);
  }

  /** NOT_RAW for what is no string, and for one that must be changed as text. */
  override find(): number {
    const source = this.#source;
    if (source.find() !== Member.string) return NOT_RAW;
    const length = this.#change.ofBytes(source.bytes, source.start, source.end);
    if (length === AS_TEXT) return NOT_RAW;
    this.isChanged = length !== UNCHANGED;
    if (this.isChanged) this.#hold(this.#change.output, 0, length, -1);
    else this.#hold(source.bytes, source.start, source.end, source.memberStart);
    return Member.string;
  }

  #hold(bytes: Uint8Array, start: number, end: number, memberStart: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.memberStart = memberStart;
  }
}

/** What a change makes of a string, as something to read. @param get Gives the same, with its errors. */
export function changedAccess(
  source: RawValue,
  change: TextChange,
  get: (item: object) => Value,
): ReadAccess & RawAccess {
  const raw = new RawChanged(source, change);
  return {
    raw,
    get,
    comparison(operator, constant) {
      if (typeof constant !== "string" || operator !== "==" && operator !== "!=") return undefined;
      const wanted = encodeUtf8(constant);
      const isSame = (item: object) =>
        raw.find() === NOT_RAW ? get(item) === constant : rangeEquals(raw.bytes, raw.start, raw.end, wanted);
      return operator === "==" ? isSame : (item) => !isSame(item);
    },
  };
}

/** Changes the attribute of a slot where it is a string. For messages without a dictionary. */
export function attributeChanger(
  attributes: AttributeIndex,
  key: Uint8Array,
  slot: number,
  change: TextChange,
): () => void {
  const source = new RawAttribute(attributes, slot);
  const changed = new RawChanged(source, change);
  return () => {
    if (changed.find() === NOT_RAW) {
      const text = changedText(source, change);
      if (text !== undefined) setAttribute(attributes, key, attributes.wantedIndex(slot), text, slot);
    } else if (changed.isChanged) {
      copyToAttribute(attributes, key, slot, changed, Member.string);
    }
  };
}

/** Changes a field that is a string. */
export function textChanger(view: MessageView, field: number, change: TextChange): () => void {
  const source = new RawText(view, field);
  const changed = new RawChanged(source, change);
  return () => {
    if (changed.find() === NOT_RAW) {
      const text = changedText(source, change);
      if (text !== undefined) view.setText(field, text);
    } else if (changed.isChanged) view.setBytes(field, changed.bytes, changed.start, changed.end);
  };
}

/** The changed string; undefined when there is none, or nothing changes. */
function changedText(source: RawValue, change: TextChange): string | undefined {
  if (source.find() !== Member.string) return undefined;
  const text = decodeUtf8(source.bytes, source.start, source.end);
  const changed = change.ofText(text);
  return changed === text ? undefined : changed;
}
