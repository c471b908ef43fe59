/**
 * A tenant as records of the table, and back.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type Signal, SIGNAL_NAMES } from "../../otlp/signals.ts";
import type { SecretHash } from "../identity/api_key.ts";
import {
  LIMIT_FIELDS,
  LIMIT_GROUPS,
  type LimitGroup,
  NO_LIMITS,
  NO_SIGNAL_LIMITS,
  type SignalLimits,
  type TenantLimits,
} from "../limits.ts";
import { KIND, MAX_RECORD_BYTES, RECORD, type RecordKind } from "./layout.ts";
import type { ApiKeySpec, BasicSpec, TenantSpec } from "../tenant_spec.ts";

/** SHA-256. */
const DIGEST_BYTES = 32;

const ENABLED = 1;
const REFUSES_WHOLE = 2;
const HAS_PIPELINES = 4;

const encoder = new TextEncoder();

/**
 * The records of one tenant, one behind the other, its row first; the slots in them are 0.
 *
 * @param keep Puts them where they stay: they are written over when another tenant is written. Default: a copy.
 * @throws {RangeError} One of them is longer than a record may be.
 */
export function writeTenant(
  tenant: TenantSpec,
  keep: (records: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> = copied,
): Uint8Array<ArrayBuffer> {
  writer.reset();
  writer.begin(KIND.tenant, tenant.id);
  writeRow(writer, tenant);
  writer.end();
  for (const key of tenant.keys) {
    writer.begin(KIND.key, key.id);
    writeKey(writer, key);
    writer.end();
  }
  for (const { username, passwordHash } of tenant.basic) {
    writer.begin(KIND.basic, username);
    writer.text(passwordHash);
    writer.end();
  }
  for (const { kind, name } of tenant.certificates) {
    writer.begin(KIND[kind], name);
    writer.end();
  }
  return keep(writer.bytes);
}

/** How many records `writeTenant` makes. */
export function recordsOf({ keys, basic, certificates }: TenantSpec): number {
  return 1 + keys.length + basic.length + certificates.length;
}

const copied = (bytes: Uint8Array<ArrayBuffer>) => bytes.slice();

function writeRow(writer: RecordWriter, tenant: TenantSpec): void {
  const { keys, basic, certificates, signals, pipelines, resourceAttributes } = tenant;
  writer.u8(
    (tenant.enabled ? ENABLED : 0) | (tenant.overLimit === "refuse" ? REFUSES_WHOLE : 0) |
      (pipelines === undefined ? 0 : HAS_PIPELINES),
  );
  writer.u8(bitsOf(SIGNAL_NAMES, (signal) => signals.has(signal)));
  writer.u8(tenant.priority);
  writer.u16(tenant.weight);
  writer.f64(tenant.maxQueueShare);
  writer.u8(keys.length + basic.length + certificates.length);
  writeLimits(writer, tenant.limits);
  writer.u8(resourceAttributes.length);
  for (const [key, value] of resourceAttributes) {
    writer.text(key);
    writer.text(value);
  }
  if (pipelines === undefined) return;
  writer.u16(pipelines.size);
  for (const id of pipelines) writer.text(id);
}

/** Limits as they were last written: those of a fleet's plans are few objects, one behind the other. */
const writtenLimits = new WeakMap<TenantLimits, Uint8Array>();

function writeLimits(writer: RecordWriter, limits: TenantLimits): void {
  let bytes = writtenLimits.get(limits);
  if (bytes === undefined) {
    const own = new RecordWriter();
    writeGroups(own, limits);
    writtenLimits.set(limits, bytes = own.bytes.slice());
  }
  writer.raw(bytes);
}

/** Only what is not as without limits: a bit for each group, in it one for each field. */
function writeGroups(writer: RecordWriter, limits: TenantLimits): void {
  writer.u8(bitsOf(LIMIT_GROUPS, (group) => setFields(limits[group]) !== 0));
  for (const name of LIMIT_GROUPS) {
    const group = limits[name];
    const bits = setFields(group);
    if (bits === 0) continue;
    writer.u8(bits);
    LIMIT_FIELDS.forEach((field, i) => (bits & (1 << i)) !== 0 && writer.f64(group[field]));
  }
}

function setFields(group: SignalLimits): number {
  if (group === NO_SIGNAL_LIMITS) return 0;
  return bitsOf(LIMIT_FIELDS, (field) => group[field] !== NO_SIGNAL_LIMITS[field]);
}

function writeKey(writer: RecordWriter, { salt, hash, notBeforeMs, expiresMs }: ApiKeySpec): void {
  if (hash.length !== DIGEST_BYTES) throw new RangeError(`Cannot write a key: its hash has ${hash.length} bytes`);
  writer.f64(notBeforeMs);
  writer.f64(expiresMs);
  writer.raw(hash);
  writer.u8(salt.length);
  writer.raw(salt);
}

function bitsOf<Word>(words: readonly Word[], isSet: (word: Word) => boolean): number {
  return words.reduce((bits, word, i) => isSet(word) ? bits | (1 << i) : bits, 0);
}

/** What a tenant's row says, but for its slot and its id. */
export interface ReadRow extends Omit<TenantSpec, "id" | "keys" | "basic" | "certificates"> {
  /** Records of credentials behind the row. */
  readonly credentials: number;
}

export function readRow(reader: RecordReader): ReadRow {
  const flags = reader.u8();
  const signalBits = reader.u8();
  const priority = reader.u8();
  const weight = reader.u16();
  const maxQueueShare = reader.f64();
  const credentials = reader.u8();
  const limits = readLimits(reader);
  const resourceAttributes = Array.from({ length: reader.u8() }, () => [reader.text(), reader.text()] as const);
  const pipelines = (flags & HAS_PIPELINES) === 0 ? undefined : new Set(listOf(reader.u16(), () => reader.text()));
  return {
    enabled: (flags & ENABLED) !== 0,
    overLimit: (flags & REFUSES_WHOLE) === 0 ? "partial" : "refuse",
    signals: SIGNAL_SETS[signalBits] ?? new Set(),
    ...{ priority, weight, maxQueueShare, credentials, limits, resourceAttributes, pipelines },
  };
}

const listOf = <T>(length: number, make: () => T): T[] => Array.from({ length }, make);

function readLimits(reader: RecordReader): TenantLimits {
  const bits = reader.u8();
  const limits: Record<LimitGroup, SignalLimits> = { ...NO_LIMITS };
  for (let i = 0; i < LIMIT_GROUPS.length; i++) {
    const group = LIMIT_GROUPS[i];
    if (group !== undefined && (bits & (1 << i)) !== 0) limits[group] = readGroup(reader);
  }
  return limits;
}

function readGroup(reader: RecordReader): SignalLimits {
  const bits = reader.u8();
  const group: Record<keyof SignalLimits, number> = { ...NO_SIGNAL_LIMITS };
  for (let i = 0; i < LIMIT_FIELDS.length; i++) {
    const field = LIMIT_FIELDS[i];
    if (field !== undefined && (bits & (1 << i)) !== 0) group[field] = reader.f64();
  }
  return group;
}

/** Of every combination, by its bits: rows share them. */
const SIGNAL_SETS: readonly ReadonlySet<Signal>[] = Array.from(
  { length: 2 ** SIGNAL_NAMES.length },
  (_, bits) => new Set(SIGNAL_NAMES.filter((_, i) => (bits & (1 << i)) !== 0)),
);

export function readKey(reader: RecordReader): SecretHash & Pick<ApiKeySpec, "notBeforeMs" | "expiresMs"> {
  const notBeforeMs = reader.f64();
  const expiresMs = reader.f64();
  const hash = reader.raw(DIGEST_BYTES);
  return { notBeforeMs, expiresMs, hash, salt: reader.raw(reader.u8()) };
}

export function readBasic(reader: RecordReader): Pick<BasicSpec, "passwordHash"> {
  return { passwordHash: reader.text() };
}

/** Reads what follows the name of one record. */
export class RecordReader {
  readonly #view: DataView;
  #at: number;

  constructor(view: DataView, offset: number) {
    this.#view = view;
    this.#at = offset + RECORD.name + view.getUint16(offset + RECORD.nameLength, true);
  }

  u8(): number {
    return this.#view.getUint8(this.#at++);
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  text(): string {
    const length = this.u16();
    return textOf(this.#view, this.#take(length), length);
  }

  /** A copy: shared memory is not handed out. */
  raw(length: number): Uint8Array<ArrayBuffer> {
    return copyOf(this.#view, this.#take(length), length);
  }

  #take(length: number): number {
    const at = this.#at;
    this.#at += length;
    return at;
  }
}

/** The name of the record at `offset`. */
export function nameAt(view: DataView, offset: number): string {
  return textOf(view, offset + RECORD.name, view.getUint16(offset + RECORD.nameLength, true));
}

function textOf(view: DataView, offset: number, length: number): string {
  return Buffer.from(view.buffer, view.byteOffset + offset, length).toString();
}

function copyOf(view: DataView, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  copy.set(new Uint8Array(view.buffer, view.byteOffset + offset, length));
  return copy;
}

/** Longer text is for the platform, characters. */
const MAX_ASCII_CHARS = 256;

class RecordWriter {
  #buffer = new Uint8Array(1_024);
  #view = new DataView(this.#buffer.buffer);
  #start = 0;
  #at = 0;

  reset(): void {
    this.#at = 0;
  }

  /** What was written, until something else is. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#at);
  }

  begin(kind: RecordKind, name: string): void {
    this.#start = this.#at;
    this.#need(RECORD.nameLength);
    this.#view.setUint32(this.#start + RECORD.slot, 0, true);
    this.#view.setUint8(this.#start + RECORD.kind, kind);
    this.#at += RECORD.nameLength;
    this.text(name);
  }

  end(): void {
    const length = this.#at - this.#start;
    if (length > MAX_RECORD_BYTES) {
      throw new RangeError(
        `Cannot write a tenant: a record of ${length} bytes, wanted ${MAX_RECORD_BYTES} at the most`,
      );
    }
    this.#view.setUint16(this.#start + RECORD.length, length, true);
  }

  u8(value: number): void {
    this.#need(1);
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }

  u16(value: number): void {
    this.#need(2);
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  f64(value: number): void {
    this.#need(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  text(value: string): void {
    if (this.#ascii(value)) return;
    if (value.length > MAX_RECORD_BYTES) {
      throw new RangeError(`Cannot write a tenant: a text of ${value.length} characters`);
    }
    this.#need(2 + 3 * value.length);
    const lengthAt = this.#at;
    const start = lengthAt + 2;
    const { written } = encoder.encodeInto(value, this.#buffer.subarray(start, start + 3 * value.length));
    this.#at = start + written;
    this.#view.setUint16(lengthAt, Math.min(written, MAX_RECORD_BYTES), true); // a longer one makes a record too long
  }

  raw(bytes: Uint8Array): void {
    this.#need(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Short text that is ASCII, as nearly all is, without a call of the platform. @returns false: it is none. */
  #ascii(value: string): boolean {
    if (value.length > MAX_ASCII_CHARS) return false;
    this.#need(2 + value.length);
    const start = this.#at + 2;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#buffer[start + i] = code;
    }
    this.#view.setUint16(this.#at, value.length, true);
    this.#at = start + value.length;
    return true;
  }

  /** Makes room, maybe in another buffer: whoever had the view before would write to the old one. */
  #need(length: number): void {
    if (this.#at + length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#at + length));
      larger.set(this.#buffer);
      this.#buffer = larger;
      this.#view = new DataView(larger.buffer);
    }
  }
}

/** The only one: a tenant is written in one go, and there are many. */
const writer = new RecordWriter();
