/**
 * Wire bytes of one OTLP message to plain objects and back, by the table of schema.ts: for the few functions that change
 * the shape of a message, where editing bytes in place would be harder to follow. Everything else stays bytes.
 *
 * | field | property, named as in JSON |
 * | --- | --- |
 * | 64-bit integer | `bigint` |
 * | other number, enum | `number` |
 * | string | `string` (ottl/values/utf8.ts: bytes that are no UTF-8 survive) |
 * | bytes, id | `Uint8Array`, a view of the input |
 * | message | object, or undefined |
 * | AnyValue | its bytes, or undefined: it is copied and compared, seldom read |
 * | repeated | array |
 *
 * A field without presence is always there, with its default value; one with presence is undefined when it is not set.
 * Fields that the schema does not have are kept and written behind the others.
 *
 * @module
 */

import { OttlError } from "../../ottl/values/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../../ottl/values/utf8.ts";
import { FieldReader, skipValue, tagOf, varintBig, varintLow, WireType } from "../wire/protobuf.ts";
import { ProtoWriter } from "../wire/protobuf_writer.ts";
import type { FieldSchema, MessageSchema, ScalarKind } from "./schema.ts";

/**
 * Elements of repeated fields in one decoded message, nested ones too. Default 500,000, about 100 MB of objects: some
 * bytes on the wire make an object each.
 */
const MAX_ELEMENTS = 500_000;

/** Bytes of one encoded message: elements may share what they hold, each writes it. Default 64 MiB. */
const MAX_ENCODED_BYTES = 64 * 1024 * 1024;

/** Fields that the schema does not have, tags included, as they came. */
export const UNKNOWN_FIELDS = Symbol("unknown fields");

/** Any decoded message. */
export interface Message {
  [UNKNOWN_FIELDS]?: Uint8Array[];
}

/** A message by the names of its fields: what the table works on. */
type Fields = Message & Record<string, unknown>;

type Scalar = string | number | bigint | boolean | Uint8Array;

/** A message of `schema` in which nothing is set. */
export function emptyMessage(schema: MessageSchema): Message {
  const message: Fields = {};
  for (const field of schema.fields) message[field.name] = defaultOf(field);
  return message;
}

/**
 * The message of `schema` in `bytes`.
 *
 * @throws {InvalidPayloadError} It is no protobuf.
 * @throws {OttlError} Of category "limit": it has more elements than that.
 */
export function decodeMessage(schema: MessageSchema, bytes: Uint8Array, maxElements: number = MAX_ELEMENTS): Message {
  const message = emptyMessage(schema) as Fields;
  readFields(schema, message, new FieldReader(bytes), new Source(bytes, maxElements));
  return message;
}

/**
 * The bytes of `message`, fields in the order of the schema.
 *
 * @throws {OttlError} Of category "limit": it is longer than that.
 */
export function encodeMessage(
  schema: MessageSchema,
  message: Message,
  maxBytes: number = MAX_ENCODED_BYTES,
): Uint8Array {
  const output: Output = { writer: new ProtoWriter(), maxBytes };
  writeFields(output, schema, message as Fields);
  return output.writer.finish();
}

function defaultOf(field: FieldSchema): unknown {
  if (field.repeated) return [];
  return field.presence ? undefined : SCALARS[field.kind as ScalarKind].zero;
}

/** What is being decoded, and how much more of it may come. */
class Source {
  readonly view: DataView;
  readonly #maxElements: number;
  #elements = 0;

  constructor(bytes: Uint8Array, maxElements: number) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#maxElements = maxElements;
  }

  countElement(): void {
    if (++this.#elements <= this.#maxElements) return;
    throw new OttlError("limit", `cannot take apart a message of more than ${this.#maxElements} elements`);
  }
}

function isRaw(field: FieldSchema): boolean {
  return field.message?.name === "AnyValue";
}

function readFields(schema: MessageSchema, message: Fields, reader: FieldReader, source: Source): void {
  while (reader.next()) {
    const field = fieldOf(schema, reader.field);
    if (field === undefined || !fits(field, reader.tag & 7)) {
      (message[UNKNOWN_FIELDS] ??= []).push(reader.bytes.subarray(reader.fieldStart, reader.valueEnd));
      continue;
    }
    if (field.oneof !== undefined) clearOthers(schema, message, field);
    if (field.kind === "message") readMessage(field, message, reader, source);
    else readScalars(field, message, reader, source);
  }
}

function fieldOf(schema: MessageSchema, number: number): FieldSchema | undefined {
  for (const field of schema.fields) if (field.number === number) return field;
  return undefined;
}

/** Whether the wire type is the field's; a repeated number comes packed or not, whatever the schema says. */
function fits(field: FieldSchema, wireType: number): boolean {
  return wireType === field.wireType || (field.packed && wireType === WireType.bytes);
}

/** The last member of a oneof is the one that counts. */
function clearOthers(schema: MessageSchema, message: Fields, member: FieldSchema): void {
  for (const field of schema.fields) {
    if (field !== member && field.oneof === member.oneof) message[field.name] = undefined;
  }
}

/** A message that comes twice is merged, as protobuf has it: for bytes that is to put them one behind the other. */
function readMessage(field: FieldSchema, message: Fields, reader: FieldReader, source: Source): void {
  const { name, repeated } = field;
  if (isRaw(field)) {
    const known = message[name] as Uint8Array | undefined;
    message[name] = known === undefined ? reader.view() : concatenate(known, reader.view());
    return;
  }
  if (repeated) source.countElement();
  const schema = field.message as MessageSchema;
  const inner = (repeated ? undefined : message[name]) as Fields | undefined ?? emptyMessage(schema) as Fields;
  readFields(schema, inner, new FieldReader(reader.bytes, reader.start, reader.valueEnd), source);
  if (repeated) (message[name] as Fields[]).push(inner);
  else message[name] = inner;
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function readScalars(field: FieldSchema, message: Fields, reader: FieldReader, source: Source): void {
  const { read } = SCALARS[field.kind as ScalarKind];
  const { bytes, start, valueEnd } = reader;
  if (!field.repeated) {
    message[field.name] = read(bytes, start, valueEnd, source.view);
    return;
  }
  const values = message[field.name] as Scalar[];
  if ((reader.tag & 7) === field.wireType) {
    source.countElement();
    values.push(read(bytes, start, valueEnd, source.view));
    return;
  }
  const tag = tagOf(field.number, field.wireType);
  for (let at = start; at < valueEnd;) {
    const end = skipValue(bytes, at, valueEnd, tag);
    source.countElement();
    values.push(read(bytes, at, end, source.view));
    at = end;
  }
}

interface Output {
  readonly writer: ProtoWriter;
  readonly maxBytes: number;
}

function writeFields(output: Output, schema: MessageSchema, message: Fields): void {
  const { writer, maxBytes } = output;
  for (const field of schema.fields) {
    const value = message[field.name];
    if (field.repeated) writeRepeated(output, field, value as unknown[]);
    else if (field.presence ? value !== undefined : !isZero(field, value)) writeOne(output, field, value);
  }
  for (const unknown of message[UNKNOWN_FIELDS] ?? []) writer.copy(unknown);
  if (writer.length > maxBytes) throw new OttlError("limit", `cannot make a message of more than ${maxBytes} bytes`);
}

/** Of a double, -0 differs from 0. */
function isZero(field: FieldSchema, value: unknown): boolean {
  const { zero } = SCALARS[field.kind as ScalarKind];
  return value instanceof Uint8Array ? value.length === 0 : Object.is(value, zero);
}

function writeRepeated(output: Output, field: FieldSchema, values: readonly unknown[]): void {
  if (values.length === 0) return;
  if (!field.packed) {
    for (const value of values) writeOne(output, field, value);
    return;
  }
  const { write } = SCALARS[field.kind as ScalarKind];
  const run = output.writer.open(field.number);
  for (const value of values) write(output.writer, value as Scalar);
  output.writer.close(run);
}

function writeOne(output: Output, field: FieldSchema, value: unknown): void {
  const { writer } = output;
  if (field.kind !== "message") {
    writer.tag(field.number, field.wireType);
    SCALARS[field.kind].write(writer, value as Scalar);
  } else if (isRaw(field)) {
    writer.bytesField(field.number, value as Uint8Array);
  } else {
    const inner = writer.open(field.number);
    writeFields(output, field.message as MessageSchema, value as Fields);
    writer.close(inner);
  }
}

/** How a value is read, without its tag, and written. `end` is behind it; for lengths, `start` is behind the length. */
interface ScalarCodec {
  readonly zero: Scalar;
  read(bytes: Uint8Array, start: number, end: number, view: DataView): Scalar;
  write(writer: ProtoWriter, value: Scalar): void;
}

function codec<T extends Scalar>(
  zero: Scalar,
  read: (bytes: Uint8Array, start: number, end: number, view: DataView) => T,
  write: (writer: ProtoWriter, value: T) => void,
): ScalarCodec {
  return { zero, read, write: write as ScalarCodec["write"] };
}

const NO_BYTES = new Uint8Array(0);

const binary = codec(
  NO_BYTES,
  (bytes, start, end) => bytes.subarray(start, end),
  (writer, value) => writeBytes(writer, value),
);
const int32 = codec(
  0,
  (bytes, start) => varintLow(bytes, start) | 0,
  // Ten bytes for a negative number: protobuf extends the sign to 64 bits.
  (writer, value) => writer.varint64(value, value < 0 ? -1 : 0),
);

const SCALARS: Readonly<Record<ScalarKind, ScalarCodec>> = {
  string: codec(
    "",
    (bytes, start, end) => decodeUtf8(bytes, start, end),
    (writer, value) => writeBytes(writer, encodeUtf8(value)),
  ),
  bytes: binary,
  hexId8: binary,
  hexId16: binary,
  bool: codec(
    false,
    (bytes, start) => varintBig(bytes, start) !== 0n,
    (writer, value) => writer.byte(value ? 1 : 0),
  ),
  enum: int32,
  int32,
  uint32: codec(0, (bytes, start) => varintLow(bytes, start), (writer, value) => writer.varint(value)),
  int64: codec(
    0n,
    (bytes, start) => BigInt.asIntN(64, varintBig(bytes, start)),
    (writer, value) => writer.varint64(low(value), high(value)),
  ),
  uint64: codec(
    0n,
    (bytes, start) => varintBig(bytes, start),
    (writer, value) => writer.varint64(low(value), high(value)),
  ),
  sint32: codec(
    0,
    (bytes, start) => unzigzag(varintLow(bytes, start)),
    (writer, value) => writer.varint((value << 1 ^ value >> 31) >>> 0),
  ),
  fixed32: codec(
    0,
    (_bytes, start, _end, view) => view.getUint32(start, true),
    (writer, value) => writer.fixed32(value),
  ),
  fixed64: codec(
    0n,
    (_bytes, start, _end, view) => view.getBigUint64(start, true),
    (writer, value) => writer.fixed64(low(value), high(value)),
  ),
  sfixed64: codec(
    0n,
    (_bytes, start, _end, view) => view.getBigInt64(start, true),
    (writer, value) => writer.fixed64(low(value), high(value)),
  ),
  double: codec(
    0,
    (_bytes, start, _end, view) => view.getFloat64(start, true),
    (writer, value) => writer.double(value),
  ),
};

function writeBytes(writer: ProtoWriter, bytes: Uint8Array): void {
  writer.varint(bytes.length);
  writer.copy(bytes);
}

function unzigzag(value: number): number {
  return value >>> 1 ^ -(value & 1);
}

function low(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

function high(value: bigint): number {
  return Number(BigInt.asUintN(32, value >> 32n));
}
