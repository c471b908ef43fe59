/**
 * Encodes and decodes the messages of the schema.
 *
 * An interpreter of the table over the readers and writers of protobufjs, not its generated code: some edges forbid code
 * from text, and the values come out as the plain ones of `types.ts` at once.
 *
 * Sources: protobuf encoding guide (unknown fields are skipped, a sub-message that comes twice is merged, the last map
 * entry wins, a missing key or value of a map entry is the default); opamp-spec, `opamp.proto`.
 *
 * @module
 */

import protobuf from "protobufjs/minimal.js";
import { GatewayError } from "../../pipeline/core/errors.ts";
import { MalformedMessageError } from "./errors.ts";
import { MAX_MESSAGE_DEPTH, MAX_MESSAGE_ENTRIES } from "./limits.ts";
import { type FieldRow, type MessageName, type ScalarKind, SCHEMA } from "./schema.ts";

type Value = Record<string, unknown>;
/** Bodies of sub-messages that are encoded already, by the field they stand in. */
export type Spliced = Readonly<Record<string, Uint8Array | undefined>>;

interface Field {
  readonly name: string;
  readonly number: number;
  readonly occurs: FieldRow[2];
  /** How a scalar is written; undefined for a message. */
  readonly scalar: Scalar | undefined;
  /** The message's fields; undefined for a scalar. */
  readonly message: Plan | undefined;
  readonly tag: number;
}

/** One message of the table, ready to run. */
interface Plan {
  readonly fields: Field[];
  /** By field number. */
  readonly byNumber: (Field | undefined)[];
  readonly oneofs: string[];
}

interface Scalar {
  readonly wireType: number;
  /** What is not written, but in a oneof, a list or a map; and the value of a map entry without one. */
  readonly isDefault: (value: unknown) => boolean;
  readonly defaultValue: unknown;
  read(reader: protobuf.Reader): unknown;
  write(writer: protobuf.Writer, value: unknown): void;
}

const VARINT = 0, FIXED64 = 1, LENGTH_DELIMITED = 2;
const EMPTY = new Uint8Array(0);

/** The halves of 64 bits, as protobufjs has them when the package `long` is there, which it depends on. */
interface Halves {
  readonly low: number;
  readonly high: number;
}

const halvesOf = (value: unknown) => value as Halves;
const toHalves = (value: bigint) =>
  ({ low: Number(value & 0xffff_ffffn), high: Number((value >> 32n) & 0xffff_ffffn), unsigned: true }) as protobuf.Long;

function toCount({ low, high }: Halves): number {
  return Math.min((high >>> 0) * 4_294_967_296 + (low >>> 0), Number.MAX_SAFE_INTEGER);
}

const toUnsigned = ({ low, high }: Halves) => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

const isFalsy = (value: unknown) => !value;

const SCALARS: Readonly<Record<ScalarKind, Scalar>> = {
  bytes: {
    wireType: LENGTH_DELIMITED,
    isDefault: (value) => (value as Uint8Array).length === 0,
    defaultValue: EMPTY,
    // Copied: a hash of 32 bytes must not keep a message of megabytes.
    read: (reader) => new Uint8Array(reader.bytes()),
    write: (writer, value) => writer.bytes(value as Uint8Array),
  },
  string: {
    wireType: LENGTH_DELIMITED,
    isDefault: isFalsy,
    defaultValue: "",
    read: (reader) => reader.stringVerify(),
    write: (writer, value) => writer.string(value as string),
  },
  bool: {
    wireType: VARINT,
    isDefault: isFalsy,
    defaultValue: false,
    read: (reader) => reader.bool(),
    write: (writer, value) => writer.bool(value as boolean),
  },
  double: {
    wireType: FIXED64,
    isDefault: (value) => Object.is(value, 0),
    defaultValue: 0,
    read: (reader) => reader.double(),
    write: (writer, value) => writer.double(value as number),
  },
  enum: {
    wireType: VARINT,
    isDefault: isFalsy,
    defaultValue: 0,
    read: (reader) => reader.int32(),
    write: (writer, value) => writer.int32(value as number),
  },
  mask: {
    wireType: VARINT,
    isDefault: isFalsy,
    defaultValue: 0,
    read: (reader) => halvesOf(reader.uint64()).low >>> 0,
    write: (writer, value) => writer.uint32(value as number),
  },
  count: {
    wireType: VARINT,
    isDefault: isFalsy,
    defaultValue: 0,
    read: (reader) => toCount(halvesOf(reader.uint64())),
    write: (writer, value) => writer.uint64(value as number),
  },
  fixed64: {
    wireType: FIXED64,
    isDefault: isFalsy,
    defaultValue: 0n,
    read: (reader) => toUnsigned(halvesOf(reader.fixed64())),
    write: (writer, value) => writer.fixed64(toHalves(value as bigint)),
  },
  int64: {
    wireType: VARINT,
    isDefault: isFalsy,
    defaultValue: 0n,
    read: (reader) => BigInt.asIntN(64, toUnsigned(halvesOf(reader.uint64()))),
    write: (writer, value) => writer.int64(toHalves(value as bigint)),
  },
};

const PLANS = makePlans();

/** The messages refer to each other in circles: all plans first, then what is in them. */
function makePlans(): Readonly<Record<MessageName, Plan>> {
  const names = Object.keys(SCHEMA) as MessageName[];
  const plans = Object.fromEntries(
    names.map((name) => [name, { fields: [], byNumber: [], oneofs: [] } satisfies Plan]),
  ) as unknown as Record<MessageName, Plan>;
  for (const message of names) {
    const { fields, byNumber, oneofs } = plans[message];
    for (const [name, [number, kind, occurs]] of Object.entries(SCHEMA[message] as Record<string, FieldRow>)) {
      const scalar = kind in SCALARS ? SCALARS[kind as ScalarKind] : undefined;
      const wireType = occurs === "map" ? LENGTH_DELIMITED : scalar?.wireType ?? LENGTH_DELIMITED;
      const field: Field = {
        name,
        number,
        occurs,
        scalar,
        message: scalar === undefined ? plans[kind as MessageName] : undefined,
        tag: number << 3 | wireType,
      };
      fields.push(field);
      byNumber[number] = field;
      if (occurs === "oneof") oneofs.push(name);
    }
  }
  return plans;
}

/**
 * The wire bytes of a message; fields in the order of their numbers, map entries in the order of the map.
 *
 * @param spliced Fields whose bodies are encoded already; they win over those of `value`.
 */
export function encode(name: MessageName, value: object, spliced: Spliced = {}): Uint8Array {
  const writer = new protobuf.Writer();
  writeFields(writer, PLANS[name], value as Value, spliced);
  return new Uint8Array(writer.finish(true)); // exactly as long as it is, and not part of a pool
}

const NOTHING: Spliced = {};

function writeFields(writer: protobuf.Writer, plan: Plan, value: Value, spliced: Spliced): void {
  for (const field of plan.fields) {
    const body = spliced[field.name];
    if (body !== undefined) {
      writer.uint32(field.tag).bytes(body);
      continue;
    }
    const own = value[field.name];
    if (own === undefined) continue;
    if (field.occurs === "list") { for (const item of own as readonly unknown[]) writeValue(writer, field, item); }
    else if (field.occurs === "map") writeMap(writer, field, own as ReadonlyMap<string, unknown>);
    else if (field.occurs === "oneof" || field.scalar?.isDefault(own) !== true) writeValue(writer, field, own);
  }
}

function writeValue(writer: protobuf.Writer, { tag, scalar, message }: Field, value: unknown): void {
  writer.uint32(tag);
  if (scalar !== undefined) scalar.write(writer, value);
  else if (message !== undefined) writeMessage(writer, message, value as Value);
}

function writeMessage(writer: protobuf.Writer, plan: Plan, value: Value): void {
  writer.fork();
  writeFields(writer, plan, value, NOTHING);
  writer.ldelim();
}

/** Both halves of every entry, as the reference implementation writes them. */
function writeMap(
  writer: protobuf.Writer,
  { tag, scalar, message }: Field,
  entries: ReadonlyMap<string, unknown>,
): void {
  for (const [key, value] of entries) {
    writer.uint32(tag).fork().uint32(MAP_KEY_TAG).string(key);
    if (scalar !== undefined) scalar.write(writer.uint32(2 << 3 | scalar.wireType), value);
    else if (message !== undefined) writeMessage(writer.uint32(MAP_MESSAGE_TAG), message, value as Value);
    writer.ldelim();
  }
}

const MAP_KEY_TAG = 1 << 3 | LENGTH_DELIMITED;
const MAP_MESSAGE_TAG = 2 << 3 | LENGTH_DELIMITED;

/**
 * The message in `bytes`. Nothing of it refers to them.
 *
 * @throws {MalformedMessageError} They are no such message, or it nests too deep or has too many entries.
 */
export function decode(name: MessageName, bytes: Uint8Array): object {
  try {
    return new Decoder(bytes).message(PLANS[name], {}, bytes.length, 1);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw new MalformedMessageError(`Cannot read ${name}: ${counted(bytes)} are no protobuf of it`, { cause: error });
  }
}

const counted = (bytes: Uint8Array) => `${bytes.length} bytes`;

class Decoder {
  readonly #reader: protobuf.Reader;
  #entries = 0;

  constructor(bytes: Uint8Array) {
    this.#reader = new protobuf.Reader(bytes);
  }

  /** Reads fields up to `end` into `target`, which may have some from an earlier occurrence. */
  message(plan: Plan, target: Value, end: number, depth: number): Value {
    if (depth > MAX_MESSAGE_DEPTH) throw tooLarge(`messages nest deeper than ${MAX_MESSAGE_DEPTH} levels`);
    const reader = this.#reader;
    const outerEnd = reader.len;
    reader.len = end; // no field reads past its message
    while (reader.pos < end) {
      const tag = reader.tag();
      const field = plan.byNumber[tag >>> 3];
      if (field === undefined || field.tag !== tag) reader.skipType(tag & 7, depth, tag >>> 3);
      else this.#field(plan, field, target, depth);
    }
    reader.len = outerEnd;
    return target;
  }

  #field(plan: Plan, field: Field, target: Value, depth: number): void {
    const { name, occurs } = field;
    if (occurs === "list") {
      this.#countEntry();
      ((target[name] ??= []) as unknown[]).push(this.#value(field, undefined, depth));
    } else if (occurs === "map") {
      this.#countEntry();
      this.#mapEntry(field, (target[name] ??= new Map()) as Map<string, unknown>, depth);
    } else {
      const value = this.#value(field, target[name], depth);
      if (occurs === "oneof") { for (const other of plan.oneofs) delete target[other]; }
      target[name] = value;
    }
  }

  #value({ scalar, message }: Field, earlier: unknown, depth: number): unknown {
    if (scalar !== undefined) return scalar.read(this.#reader);
    return this.#subMessage(message as Plan, earlier as Value | undefined ?? {}, depth);
  }

  #subMessage(plan: Plan, target: Value, depth: number): Value {
    return this.message(plan, target, this.#endOfBody(), depth + 1);
  }

  #mapEntry(field: Field, entries: Map<string, unknown>, depth: number): void {
    const reader = this.#reader;
    const { scalar, message } = field;
    const end = this.#endOfBody();
    const outerEnd = reader.len;
    const valueTag = 2 << 3 | (scalar?.wireType ?? LENGTH_DELIMITED);
    let key = "";
    let value: unknown;
    reader.len = end;
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag === MAP_KEY_TAG) key = reader.stringVerify();
      else if (tag === valueTag) value = this.#value(field, value, depth);
      else reader.skipType(tag & 7, depth, tag >>> 3);
    }
    reader.len = outerEnd;
    entries.set(key, value ?? (message === undefined ? scalar?.defaultValue : {}));
  }

  #endOfBody(): number {
    const length = this.#reader.uint32();
    const end = this.#reader.pos + length;
    if (end > this.#reader.len) throw new RangeError(`a part of ${length} bytes ends past its message`);
    return end;
  }

  #countEntry(): void {
    if (++this.#entries > MAX_MESSAGE_ENTRIES) throw tooLarge(`it has more than ${MAX_MESSAGE_ENTRIES} entries`);
  }
}

function tooLarge(reason: string): MalformedMessageError {
  return new MalformedMessageError(`Cannot read the message: ${reason}`);
}
