/**
 * A Kafka record as the exporter makes it, and what it weighs.
 *
 * Source: Kafka protocol, "Record Batch" (message format v2).
 *
 * @module
 */

import { utf8 } from "./wire.ts";

/** Header names and values, already encoded: made once a payload, shared by its records. */
export interface RecordHeaders {
  readonly pairs: readonly (readonly [name: string, value: string])[];
  /** Varint count, then each header: varint lengths, name, value. */
  readonly bytes: Uint8Array;
}

/** One record; its value may lie in several pieces that are never joined before the request is built. */
export interface KafkaRecord {
  /** null: no key. Empty bytes are a key. */
  readonly key: Uint8Array | null;
  readonly value: readonly Uint8Array[];
  /** Sum of the pieces' lengths. */
  readonly valueBytes: number;
  readonly headers: RecordHeaders;
}

/** Bytes of a record batch before its records. */
export const BATCH_OVERHEAD_BYTES = 61;

/** The most that a record needs beside key, value and headers: five varints of five bytes, the attributes, a time delta of 0. */
export const RECORD_OVERHEAD_BYTES = 22;

/** What `record` adds to an uncompressed batch, bytes; never less than what it really takes. */
export function recordBytes(record: KafkaRecord): number {
  return RECORD_OVERHEAD_BYTES + (record.key?.length ?? 0) + record.valueBytes + record.headers.bytes.length;
}

/** Headers in the order given. */
export function encodeHeaders(headers: readonly (readonly [name: string, value: string])[]): RecordHeaders {
  const encoded = headers.map(([name, value]) => [utf8.encode(name), utf8.encode(value)] as const);
  const most = 5 + encoded.reduce((sum, [name, value]) => sum + 10 + name.length + value.length, 0);
  const bytes = new Uint8Array(most);
  let at = writeVarint(bytes, 0, encoded.length);
  for (const [name, value] of encoded) {
    at = writeVarint(bytes, at, name.length);
    bytes.set(name, at);
    at = writeVarint(bytes, at + name.length, value.length);
    bytes.set(value, at);
    at += value.length;
  }
  return { pairs: headers, bytes: bytes.subarray(0, at) };
}

/** Writes a zigzag varint of an int32; @returns the offset after it. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  let rest = (value << 1 ^ value >> 31) >>> 0;
  while (rest > 0x7f) {
    into[at++] = rest & 0x7f | 0x80;
    rest >>>= 7;
  }
  into[at++] = rest;
  return at;
}

/** Bytes that `writeVarint` needs. */
export function varintBytes(value: number): number {
  let rest = (value << 1 ^ value >> 31) >>> 0;
  let bytes = 1;
  while (rest > 0x7f) {
    rest >>>= 7;
    bytes++;
  }
  return bytes;
}
