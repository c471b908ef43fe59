/**
 * OTLP/JSON to a payload of wire bytes, in one walk over the JSON bytes: no JSON.parse, no objects, no strings.
 *
 * What is taken beyond the specification, because senders write it: keys in snake_case, names of enum values, numbers in
 * strings and integers as numbers, integral `1.0` and `1e3`, base64 in either alphabet with or without padding, hex in
 * either case. What is unset: `null`, for any field; JavaScript and Rust write NaN and infinities as
 * `{"doubleValue":null}`, which thus becomes the empty value, since which of the three it was is lost. In a list, where
 * nothing can be unset, `null` is the default value of an element. Unknown keys are skipped. Of a key that comes twice
 * the last one holds, for a message or a list as well; of a oneof the last member that is set.
 * What is refused with its place: everything that is not one JSON object in UTF-8, a byte order mark, ids of a wrong
 * length, numbers that do not fit, nesting past the limit.
 * Sources: OTLP 1.11.0 "JSON Protobuf Encoding"; ProtoJSON; RFC 8259.
 *
 * @module
 */

import { LimitExceededError } from "../core/errors.ts";
import { copyPlainAttributes } from "./json/decode/attribute.ts";
import { keepLast, LastPlaces } from "./json/decode/duplicates.ts";
import { findField, type Guess, type JsonField, type JsonMessage, requestTable } from "./json/decode/field_table.ts";
import { JsonNumber } from "./json/decode/number.ts";
import { copyNumber, copyScalar } from "./json/decode/scalar.ts";
import { isAt } from "./json/phrase.ts";
import { skipValue } from "./json/decode/skip.ts";
import { copyText } from "./json/decode/text.ts";
import { END, Transcoding } from "./json/decode/transcoding.ts";
import type { PayloadLimits } from "./limits.ts";
import type { Origin, Payload } from "./payload.ts";
import type { Signal } from "./signals.ts";
import { readPayload } from "./validate.ts";

/**
 * Reads `body`, OTLP/JSON of one Export*ServiceRequest of `signal`.
 *
 * @param body UTF-8, decompressed; may be written to afterwards. Empty: a request without items, as in protobuf.
 * @returns The payload: protobuf bytes of its own, fields in the order of the keys, zero scalars left out.
 * @throws {InvalidPayloadError} Not such a message, or nested too deep: permanent, HTTP 400.
 * @throws {LimitExceededError} Past a bound of size or number: permanent, HTTP 413.
 */
export function readJsonPayload(signal: Signal, body: Uint8Array, limits: PayloadLimits, origin: Origin): Payload {
  if (body.length > limits.maxBodyBytes) {
    throw new LimitExceededError(
      `Cannot take ${signal}: ${body.length} bytes of JSON, wanted at most ${limits.maxBodyBytes}`,
    );
  }
  // The walk checks what JSON can get wrong; the counts and their limits are those of any payload.
  return readPayload(signal, jsonToWire(signal, body, limits.maxDepth), limits, origin);
}

function jsonToWire(signal: Signal, body: Uint8Array, maxDepth: number): Uint8Array {
  if (body.length === 0) return body;
  const t = new Transcoding(body);
  if (t.next() !== 0x7b) t.fail("one JSON object in UTF-8");
  new RequestReader(t, maxDepth).message(requestTable(signal), maxDepth);
  if (t.next() !== END) t.fail("nothing after the JSON object");
  return t.result();
}

/** Walks one request. Recursion is bounded: only an AnyValue holds itself, and `levels` counts those down. */
class RequestReader {
  readonly #t: Transcoding;
  readonly #maxDepth: number;
  readonly #number = new JsonNumber();

  constructor(t: Transcoding, maxDepth: number) {
    this.#t = t;
    this.#maxDepth = maxDepth;
  }

  /**
   * Writes the fields of the object at `at`.
   *
   * @param levels How many values may still nest here.
   */
  message(table: JsonMessage, levels: number): void {
    const t = this.#t;
    const base = t.to;
    if (t.emptyObject()) return;
    let seen = 0;
    let last: LastPlaces | undefined;
    let guess = table.first;
    do {
      t.room();
      const field = this.#key(table, guess);
      const isNull = t.next() === 0x6e;
      if (field === undefined) {
        skipValue(t, this.#number, this.#maxDepth);
        continue;
      }
      if ((seen & (isNull ? field.bit : field.replaces)) !== 0) last ??= new LastPlaces(table);
      seen |= field.bit;
      last?.note(isNull ? field.bit : field.replaces, t.to);
      guess = field.next;
      if (isNull) t.literal("null");
      else this.#value(field, levels);
    } while (!t.endOfObject());
    if (last !== undefined) keepLast(t, table, base, last);
  }

  /** The field whose key is at `at`, behind its opening quote; undefined when it is unknown. Goes behind the colon. */
  #key(table: JsonMessage, guess: Guess): JsonField | undefined {
    const t = this.#t;
    const { likely, other } = guess;
    if (likely !== undefined && isAt(likely.key, t.sourceView, t.at)) {
      t.at += likely.key.length;
      return likely;
    }
    if (other !== undefined && isAt(other.key, t.sourceView, t.at)) {
      t.at += other.key.length;
      return other;
    }
    const { to } = t;
    copyText(t); // where the value will overwrite it
    const field = findField(table, t.out, to, t.to);
    t.to = to;
    t.step(0x3a);
    if (field !== undefined) {
      guess.other = likely;
      guess.likely = field;
    }
    return field;
  }

  #value(field: JsonField, levels: number): void {
    if (field.repeated) this.#list(field, levels);
    else if (field.message !== undefined) this.#nested(field, field.message, levels);
    else copyScalar(this.#t, this.#number, field);
  }

  #list(field: JsonField, levels: number): void {
    const t = this.#t;
    if (t.next() !== 0x5b) t.fail("a list");
    t.at++;
    if (t.next() === 0x5d) {
      t.at++;
      return;
    }
    if (field.packed) this.#packed(field);
    else this.#elements(field, levels);
  }

  /** Messages or strings: each has a tag and a length of its own. */
  #elements(field: JsonField, levels: number): void {
    const t = this.#t;
    const isAttribute = field.message?.isKeyValue === true && levels > 0;
    do {
      t.room();
      if (isAttribute && copyPlainAttributes(t, field)) continue;
      if (t.next() === 0x6e) {
        t.literal("null");
        t.tag(field);
        t.out[t.to++] = 0;
      } else if (field.message !== undefined) this.#nested(field, field.message, levels);
      else copyScalar(t, this.#number, field);
    } while (!t.endOfList(0x5d));
  }

  /** Numbers: one run with one length. */
  #packed(field: JsonField): void {
    const t = this.#t;
    t.tag(field);
    const start = t.to;
    t.to += field.prefixBytes;
    do {
      t.room();
      copyNumber(t, this.#number, field.kind);
    } while (!t.endOfList(0x5d));
    t.room();
    field.prefixBytes = t.closePrefix(start, field.prefixBytes);
  }

  #nested(field: JsonField, table: JsonMessage, levels: number): void {
    const t = this.#t;
    if (t.next() !== 0x7b) t.fail("an object");
    if (table.isAnyValue && levels-- === 0) t.fail(`values that nest at most ${this.#maxDepth} levels deep`);
    t.tag(field);
    const start = t.to;
    const reserved = field.prefixBytes;
    t.to += reserved;
    this.message(table, levels);
    t.room();
    field.prefixBytes = t.closePrefix(start, reserved);
  }
}
