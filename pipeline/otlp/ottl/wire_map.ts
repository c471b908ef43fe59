/**
 * The attributes of a message as a map of OTTL: reads and edits go to the view, entry by entry.
 *
 * @module
 */

import { OttlError } from "../../../ottl/values/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../../../ottl/values/utf8.ts";
import { OttlMap, type Value } from "../../../ottl/values/value.ts";
import { varintLow, WireType } from "../../wire/protobuf.ts";
import {
  contentEnd,
  contentStart,
  decodeAnyValue,
  KEY_TAG,
  Member,
  memberAt,
  VALUE_TAG,
  writeKeyValue,
} from "./any_value.ts";
import type { AttributeIndex } from "./attributes/index.ts";
import { Source } from "./attributes/ranges.ts";
import { NIL, type RawValue } from "./raw_value.ts";
import type { MessageView } from "./message_view.ts";

/** Attributes of one message. What is added may not go past it. */
export const MAX_ATTRIBUTES = 100_000;

/** Keys as bytes, as many as a map remembers; keys are mostly few, and written in statements. */
const MAX_KNOWN_KEYS = 1_024;

const knownKeys = new Map<string, Uint8Array>();

/** The bytes of a key, mostly from memory. */
function keyBytesOf(key: string): Uint8Array {
  const known = knownKeys.get(key);
  if (known !== undefined) return known;
  const bytes = encodeUtf8(key);
  if (knownKeys.size === MAX_KNOWN_KEYS) knownKeys.clear();
  knownKeys.set(key, bytes);
  return bytes;
}

export class WireMap extends OttlMap {
  readonly #attributes: AttributeIndex;

  /** @param view Whose attributes they are: the map is of whatever message it looks at. */
  constructor(view: MessageView) {
    super();
    this.#attributes = view.attributes;
  }

  get size(): number {
    const attributes = this.#attributes;
    let size = 0;
    for (let index = attributes.span - 1; index >= 0; index--) if (attributes.has(index)) size++;
    return size;
  }

  get(key: string): Value | undefined {
    const index = this.#attributes.find(keyBytesOf(key));
    return index === -1 ? undefined : this.#valueAt(index);
  }

  set(key: string, value: Value): void {
    setAttribute(this.#attributes, keyBytesOf(key), this.#attributes.find(keyBytesOf(key)), value);
  }

  delete(key: string): boolean {
    const index = this.#attributes.find(keyBytesOf(key));
    if (index === -1) return false;
    this.#attributes.remove(index);
    return true;
  }

  clear(): void {
    this.#attributes.clear();
  }

  keys(): string[] {
    const keys: string[] = [];
    this.#each((index) => keys.push(this.#keyAt(index)));
    return keys;
  }

  entries(): [string, Value][] {
    const entries: [string, Value][] = [];
    this.#each((index) => entries.push([this.#keyAt(index), this.#valueAt(index)]));
    return entries;
  }

  /** Whether these are its attributes. */
  isOf(attributes: AttributeIndex): boolean {
    return this.#attributes === attributes;
  }

  override isSame(other: OttlMap): boolean {
    return other instanceof WireMap && other.#attributes === this.#attributes;
  }

  override deleteKeys(drop: (key: string) => boolean): void {
    this.#each((index) => {
      if (drop(this.#keyAt(index))) this.#attributes.remove(index);
    });
  }

  override replaceStrings(change: (text: string) => string, minBytes = 0): void {
    const attributes = this.#attributes;
    if (attributes.strings === undefined && attributes.longest < minBytes) return;
    this.#each((index) => {
      // No string in it can be longer than it is; the dictionary's are.
      if (attributes.strings === undefined && attributes.byteLengthOf(index) < minBytes) return;
      const text = this.#textAt(index, minBytes);
      if (text === undefined) return;
      const changed = change(text);
      if (changed === text) return;
      const key = this.#keyBytesAt(index);
      // A dictionary keeps keys that are new to it.
      replaceAttribute(attributes, index, attributes.strings === undefined ? key : key.slice(), changed);
    });
  }

  #each(visit: (index: number) => void): void {
    const attributes = this.#attributes;
    const span = attributes.span;
    for (let index = 0; index < span; index++) if (attributes.has(index)) visit(index);
  }

  #keyBytesAt(index: number): Uint8Array {
    const attributes = this.#attributes;
    return attributes.keyOf(index);
  }

  #keyAt(index: number): string {
    return decodeUtf8(this.#keyBytesAt(index));
  }

  #valueAt(index: number): Value {
    return attributeValue(this.#attributes, index);
  }

  /** The value when it is a string of `minBytes` or more. */
  #textAt(index: number, minBytes: number): string | undefined {
    const attributes = this.#attributes;
    const { valueStart, valueEnd } = attributes.at(index);
    const bytes = attributes.bytesOf(index);
    const at = memberAt(bytes, valueStart, valueEnd);
    if (at === -1) return undefined;
    if (bytes[at] === Member.string) {
      const start = contentStart(bytes, at);
      const end = contentEnd(bytes, at);
      return end - start < minBytes ? undefined : decodeUtf8(bytes, start, end);
    }
    if (bytes[at] !== Member.stringIndex || attributes.strings === undefined) return undefined;
    const text = attributes.strings.stringBytes(varintLow(bytes, at + 1));
    return text.length < minBytes ? undefined : decodeUtf8(text);
  }
}

/** The value of an attribute by its number. */
export function attributeValue(attributes: AttributeIndex, index: number): Value {
  const { valueStart, valueEnd } = attributes.at(index);
  return decodeAnyValue(attributes.bytesOf(index), valueStart, valueEnd, attributes.strings);
}

/**
 * Puts a value under a key. One that cannot be kept leaves nil under a key that was not there, as the reference engine
 * does.
 *
 * @param index The number of the attribute with this key; -1 for none.
 * @param slot Of the key, where it is known.
 * @throws {OttlError} Of category "type" or "limit".
 */
export function setAttribute(
  attributes: AttributeIndex,
  key: Uint8Array,
  index: number,
  value: Value,
  slot?: number,
): void {
  if (index !== -1) return replaceAttribute(attributes, index, key, value, slot);
  checkRoom(attributes);
  const { arena } = attributes;
  let start = arena.length;
  try {
    writeField(attributes, key, value);
  } catch (error) {
    start = arena.length;
    writeField(attributes, key, null);
    throw error;
  } finally {
    attributes.add(key, Source.arena, start, arena.length, slot);
  }
}

/**
 * Puts a value that lies in bytes under a key.
 *
 * @param slot Of the key.
 * @param tag What `raw.find` gave.
 * @throws {OttlError} Of category "limit".
 */
export function copyToAttribute(
  attributes: AttributeIndex,
  key: Uint8Array,
  slot: number,
  raw: RawValue,
  tag: number,
): void {
  const index = attributes.wantedIndex(slot);
  if (index === -1) checkRoom(attributes);
  const { arena } = attributes;
  const start = arena.length;
  if (!writeShortField(attributes, key, raw, tag)) {
    const mark = arena.open(attributes.field);
    arena.bytesField(1, key);
    raw.writeField(arena, 2, tag);
    arena.close(mark);
  }
  if (index === -1) attributes.add(key, Source.arena, start, arena.length, slot);
  else attributes.replace(index, Source.arena, start, arena.length, slot);
}

/** Bytes of tags and lengths in the field of an attribute whose lengths are one byte each. */
const SHORT_FRAME_BYTES = 8;

/** What nearly all attributes are, in one go. @returns false for one with a length of two bytes, or without a value. */
function writeShortField({ arena, field }: AttributeIndex, key: Uint8Array, raw: RawValue, tag: number): boolean {
  const { bytes, end } = raw;
  const isMember = raw.memberStart !== -1;
  const start = isMember ? raw.memberStart : raw.start;
  const size = end - start;
  if (tag === NIL || !isMember && tag !== Member.string || key.length + size + SHORT_FRAME_BYTES > 0x7f) return false;
  const valueSize = isMember ? size : size + 2;
  let at = arena.room(key.length + SHORT_FRAME_BYTES);
  const to = arena.buffer;
  to[at++] = field << 3 | WireType.bytes;
  to[at++] = key.length + valueSize + 4;
  to[at++] = KEY_TAG;
  to[at++] = key.length;
  for (let i = 0; i < key.length; i++) to[at++] = key[i]!;
  to[at++] = VALUE_TAG;
  to[at++] = valueSize;
  if (!isMember) {
    to[at++] = tag;
    to[at++] = size;
  }
  arena.wrote(at);
  arena.copy(bytes, start, end);
  return true;
}

function checkRoom({ nextNumber }: AttributeIndex): void {
  if (nextNumber >= MAX_ATTRIBUTES) throw new OttlError("limit", `cannot hold more than ${MAX_ATTRIBUTES} attributes`);
}

function replaceAttribute(
  attributes: AttributeIndex,
  index: number,
  key: Uint8Array,
  value: Value,
  slot?: number,
): void {
  const { arena } = attributes;
  const start = arena.length;
  writeField(attributes, key, value);
  attributes.replace(index, Source.arena, start, arena.length, slot);
}

/** Writes the field of an attribute into the arena. @throws {OttlError} As `writeKeyValue`. */
function writeField({ arena, field, strings }: AttributeIndex, key: Uint8Array, value: Value): void {
  const mark = arena.open(field);
  writeKeyValue(arena, key, value, strings);
  arena.close(mark);
}
