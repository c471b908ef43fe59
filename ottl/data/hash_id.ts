/**
 * Ids: of traces, spans and profiles, read from bytes or hexadecimal; UUIDs, made.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { OttlError } from "../values/errors.ts";
import { Id, type IdKind } from "../values/value.ts";
import { toHex } from "../values/hex.ts";

const LENGTHS: Readonly<Record<IdKind, number>> = { trace_id: 16, span_id: 8, profile_id: 16 };
const NANOS_PER_MS = 1_000_000n;

/**
 * @param bytes The id itself, or its text in hexadecimal; null counts as empty.
 * @throws {OttlError} Of category "arg_value": another length, or no hexadecimal.
 */
export function readId(kind: IdKind, bytes: Uint8Array | null): Id {
  const length = LENGTHS[kind];
  if (bytes?.length === length) return new Id(kind, bytes);
  if (bytes?.length !== length * 2) {
    throw new OttlError(
      "arg_value",
      `cannot decode the id: it has ${bytes?.length ?? 0} bytes, ${length} or ${length * 2} are wanted`,
    );
  }
  const decoded = Buffer.from(Buffer.from(bytes).toString("latin1"), "hex");
  if (decoded.length !== length) throw new OttlError("arg_value", "cannot decode the id: it is not hexadecimal");
  return new Id(kind, new Uint8Array(decoded));
}

/** A random UUID. Source: RFC 9562, version 4. */
export function uuidV4(randomBytes: (count: number) => Uint8Array): string {
  return uuidText(randomBytes(16), 4);
}

/** A UUID that sorts by its time. Source: RFC 9562, version 7; the part below a millisecond as its section 6.2, method 3. */
export function uuidV7(unixNano: bigint, randomBytes: (count: number) => Uint8Array): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, (unixNano / NANOS_PER_MS) << 16n);
  view.setUint16(6, Number(((unixNano % NANOS_PER_MS) * 4096n) / NANOS_PER_MS));
  bytes.set(randomBytes(8), 8);
  return uuidText(bytes, 7);
}

function uuidText(random: Uint8Array, version: number): string {
  const bytes = Uint8Array.from(random);
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
