/**
 * The OTLP schema, prepared for finding a field by its number and writing its JSON key.
 *
 * @module
 */

import { type Phrase, phraseOf } from "../phrase.ts";
import type { Signal } from "../../signals.ts";
import { type FieldSchema, type MessageSchema, REQUEST_SCHEMAS } from "../../schema.ts";

/** One field, as the encoder needs it. */
export interface WireField {
  readonly schema: FieldSchema;
  /** `"name":`, for the first field of an object. */
  readonly key: Phrase;
  /** `,"name":`, for the others. */
  readonly nextKey: Phrase;
  /** Place in its message's list. */
  readonly index: number;
  /** This field's bit among its message's. */
  readonly bit: number;
  /** Bits of the fields that a value of this one replaces: itself and the other members of its oneof. */
  readonly replaces: number;
  /** Of kind "message" only. */
  message: WireMessage | undefined;
}

/** One message. */
export interface WireMessage {
  readonly schema: MessageSchema;
  /** In the order of the schema. */
  readonly fields: readonly WireField[];
  readonly byNumber: readonly (WireField | undefined)[];
  /** Whether it is a KeyValue: the most frequent one by far. */
  readonly isKeyValue: boolean;
  /** Field that is written as `{}` where it is not set. */
  readonly always: WireField | undefined;
}

const tables: Partial<Record<Signal, WireMessage>> = {};

/** The request message of `signal`, prepared; the same one every time. */
export function requestWireTable(signal: Signal): WireMessage {
  return tables[signal] ??= prepare(REQUEST_SCHEMAS[signal], new Map());
}

function prepare(schema: MessageSchema, done: Map<string, WireMessage>): WireMessage {
  const known = done.get(schema.name);
  if (known !== undefined) return known;
  const fields = schema.fields.map((field, index) => prepareField(schema, field, index));
  const byNumber: WireField[] = [];
  for (const field of fields) byNumber[field.schema.number] = field;
  // The collector writes a span's status also when it is unset, and readers have come to rely on it.
  const always = schema.name === "Span" ? fields.find((field) => field.schema.name === "status") : undefined;
  const message = { schema, fields, byNumber, isKeyValue: schema.name === "KeyValue", always };
  done.set(schema.name, message); // before its fields: AnyValue holds itself
  for (const field of fields) {
    if (field.schema.message !== undefined) field.message = prepare(field.schema.message, done);
  }
  return message;
}

function prepareField(message: MessageSchema, schema: FieldSchema, index: number): WireField {
  const bit = 1 << index;
  let replaces = bit;
  message.fields.forEach(({ oneof }, other) => {
    if (oneof !== undefined && oneof === schema.oneof) replaces |= 1 << other;
  });
  return {
    schema,
    key: phraseOf(`"${schema.name}":`),
    nextKey: phraseOf(`,"${schema.name}":`),
    index,
    bit,
    replaces,
    message: undefined,
  };
}
