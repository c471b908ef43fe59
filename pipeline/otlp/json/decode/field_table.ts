/**
 * The OTLP schema, prepared for finding a field by the bytes of its JSON key.
 *
 * A sender writes the keys of a message in the same order every time, so each field remembers which two came after it:
 * nearly every key is found by one comparison or two. What is remembered is a guess and never changes what is read.
 *
 * @module
 */

import { type Phrase, phraseOf } from "../phrase.ts";
import type { Signal } from "../../signals.ts";
import { type FieldKind, type FieldSchema, type MessageSchema, REQUEST_SCHEMAS } from "../../schema.ts";

/** Room for the hash of a key; a power of two. The largest message has 16 fields of two names. */
const SLOTS = 64;

/** Which key comes next: what came here before. Two, for the kinds of values by turns. */
export interface Guess {
  likely: JsonField | undefined;
  other: JsonField | undefined;
}

/** One field, as the transcoder needs it. */
export interface JsonField {
  readonly schema: FieldSchema;
  /** Of the schema, at hand. */
  readonly kind: FieldKind;
  readonly repeated: boolean;
  readonly packed: boolean;
  /** Whether its default value is written as well: it differs from unset, or is an element of a list. */
  readonly keepsDefault: boolean;
  /** Its key, the closing quote and a colon, as a compact writer has them. */
  readonly key: Phrase;
  /** Wire tag as it is on the wire: one byte, or two when `tagHigh` is not 0. */
  readonly tagLow: number;
  readonly tagHigh: number;
  /** Place in its message's list. */
  readonly index: number;
  /** This field's bit among its message's. */
  readonly bit: number;
  /** Bits of the fields that a value of this one replaces: itself and the other members of its oneof. */
  readonly replaces: number;
  /** Of kind "message" only. */
  message: JsonMessage | undefined;
  /** What comes after it in its message. */
  readonly next: Guess;
  /** Guess: bytes that its length will take on the wire. */
  prefixBytes: number;
}

/** One message. */
export interface JsonMessage {
  readonly schema: MessageSchema;
  /** In the order of the schema. */
  readonly fields: readonly JsonField[];
  /** Whether it is an AnyValue: the only message that can hold itself. */
  readonly isAnyValue: boolean;
  /** Whether it is a KeyValue: the most frequent one by far. */
  readonly isKeyValue: boolean;
  /** Place in `fields` by field number. */
  readonly indexOfNumber: readonly (number | undefined)[];
  readonly slots: readonly (readonly Named[] | undefined)[];
  /** What comes first. */
  readonly first: Guess;
}

interface Named {
  readonly name: Uint8Array;
  readonly field: JsonField;
}

const utf8 = new TextEncoder();

/** Mixes what tells keys of one message apart: length, first, middle and last byte. */
function slotOf(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  return (length * 7 + bytes[from]! * 3 + bytes[from + (length >> 1)]! * 5 + bytes[to - 1]!) & (SLOTS - 1);
}

/** The field of `message` with the key `bytes[from, to)`, lowerCamelCase or snake_case; undefined when unknown. */
export function findField(message: JsonMessage, bytes: Uint8Array, from: number, to: number): JsonField | undefined {
  if (from === to) return undefined;
  const named = message.slots[slotOf(bytes, from, to)];
  if (named === undefined) return undefined;
  for (let i = 0; i < named.length; i++) {
    const { name, field } = named[i]!;
    if (name.length === to - from && equals(bytes, from, name)) return field;
  }
  return undefined;
}

function equals(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    if (bytes[from + i] !== name[i]) return false;
  }
  return true;
}

const tables: Partial<Record<Signal, JsonMessage>> = {};

/** The request message of `signal`, prepared; the same one every time. */
export function requestTable(signal: Signal): JsonMessage {
  return tables[signal] ??= prepare(REQUEST_SCHEMAS[signal], new Map());
}

function prepare(schema: MessageSchema, done: Map<string, JsonMessage>): JsonMessage {
  const known = done.get(schema.name);
  if (known !== undefined) return known;
  const fields = schema.fields.map((field, index) => prepareField(schema, field, index));
  const message: JsonMessage = {
    schema,
    fields,
    isAnyValue: schema.name === "AnyValue",
    isKeyValue: schema.name === "KeyValue",
    indexOfNumber: schema.fields.reduce<number[]>((places, { number }, index) => {
      places[number] = index;
      return places;
    }, []),
    slots: slotsOf(fields),
    first: { likely: undefined, other: undefined },
  };
  done.set(schema.name, message); // before its fields: AnyValue holds itself
  for (const field of fields) {
    if (field.schema.message !== undefined) field.message = prepare(field.schema.message, done);
  }
  return message;
}

function prepareField(message: MessageSchema, schema: FieldSchema, index: number): JsonField {
  const tag = schema.number << 3 | (schema.packed ? 2 : schema.wireType);
  const bit = 1 << index;
  let replaces = bit;
  message.fields.forEach(({ oneof }, other) => {
    if (oneof !== undefined && oneof === schema.oneof) replaces |= 1 << other;
  });
  return {
    schema,
    kind: schema.kind,
    repeated: schema.repeated,
    packed: schema.packed,
    keepsDefault: schema.presence || schema.repeated,
    key: phraseOf(`${schema.name}":`),
    tagLow: tag < 0x80 ? tag : tag & 0x7f | 0x80,
    tagHigh: tag >> 7,
    index,
    bit,
    replaces,
    message: undefined,
    next: { likely: undefined, other: undefined },
    prefixBytes: 1,
  };
}

function slotsOf(fields: readonly JsonField[]): (Named[] | undefined)[] {
  const slots: (Named[] | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  for (const field of fields) {
    for (const text of new Set([field.schema.name, field.schema.snakeName])) {
      const name = utf8.encode(text);
      (slots[slotOf(name, 0, name.length)] ??= []).push({ name, field });
    }
  }
  return slots;
}
