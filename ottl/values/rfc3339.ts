/**
 * Instants as RFC 3339 texts.
 *
 * @module
 */

import { OttlError } from "./errors.ts";
import type { Time } from "./value.ts";

const NANOS_PER_MS = 1_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;

/**
 * `2024-02-29T12:00:00.5+01:00`: in the zone that the time is told in, `Z` for UTC, without zeros at the end.
 *
 * @throws {OttlError} Of category "value": the year has not four digits.
 */
export function rfc3339({ unixNano, offsetSeconds }: Time): string {
  const local = unixNano + BigInt(offsetSeconds) * NANOS_PER_SECOND;
  const nanos = mod(local, NANOS_PER_SECOND);
  const date = new Date(Number((local - nanos) / NANOS_PER_MS));
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) {
    throw new OttlError("value", "cannot write a time as RFC 3339: its year has not four digits");
  }
  return date.toISOString().slice(0, 19) + fraction(nanos) + offsetText(offsetSeconds);
}

function fraction(nanos: bigint): string {
  return nanos === 0n ? "" : `.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`;
}

function offsetText(offsetSeconds: number): string {
  if (offsetSeconds === 0) return "Z";
  const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
  return `${offsetSeconds < 0 ? "-" : "+"}${twoDigits(Math.trunc(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function mod(value: bigint, divisor: bigint): bigint {
  const rest = value % divisor;
  return rest < 0n ? rest + divisor : rest;
}
