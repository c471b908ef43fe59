/**
 * Durations as Go writes them, and arithmetic with them.
 *
 * Source: Go 1.26, time.ParseDuration, Duration.Hours and Time.Truncate.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";
import { MAX_INT, MIN_INT } from "../values/numbers.ts";

export const NANOS_PER_HOUR = 3_600_000_000_000n;
export const NANOS_PER_MINUTE = 60_000_000_000n;

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  "\u00b5s": 1e3, // micro sign
  "\u03bcs": 1e3, // Greek letter mu
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
};
const TERM = /(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)(?![a-z\u00b5\u03bc])/y;
const MAX_FRACTION = 2n ** 63n;
const YEAR_1_UNIX_NANO = -62_135_596_800_000_000_000n;

/**
 * Nanoseconds of "1h30m", "-1.5s" or "0".
 *
 * @throws {OttlError} Of category "value": it is none, or past signed 64 bits.
 */
export function parseDuration(text: string): bigint {
  const unsigned = /^[+-]/.test(text) ? text.slice(1) : text;
  if (unsigned === "0") return 0n;
  const size = sumOfTerms(unsigned);
  const nanos = text.startsWith("-") ? -size : size;
  if (nanos > MAX_INT || nanos < MIN_INT) throw badDuration("it is past 64 bits of nanoseconds");
  return nanos;
}

/** `nanos` in units of `unit` nanoseconds, rounded as Go does it: the rest apart from the whole. */
export function inUnits(nanos: bigint, unit: bigint): number {
  const whole = nanos / unit;
  return Number(whole) + Number(nanos - whole * unit) / Number(unit);
}

/** The instant, down to a multiple of `nanos` since the year 1; itself when that is not above 0. */
export function truncated(unixNano: bigint, nanos: bigint): bigint {
  if (nanos <= 0n) return unixNano;
  const rest = (unixNano - YEAR_1_UNIX_NANO) % nanos;
  return unixNano - (rest < 0n ? rest + nanos : rest);
}

function sumOfTerms(text: string): bigint {
  if (text === "") throw badDuration("it has no digits");
  let sum = 0n;
  for (TERM.lastIndex = 0; TERM.lastIndex < text.length;) {
    const [, whole = "", fraction = "", unit = ""] = TERM.exec(text) ?? [];
    if (whole + fraction === "") throw badDuration('numbers with units are wanted, such as "1h30m"');
    sum += BigInt(whole) * BigInt(UNITS[unit]!) + fractionOf(fraction, UNITS[unit]!);
  }
  return sum;
}

/** What a fraction of a unit is in nanoseconds, less what a double loses, as in Go. */
function fractionOf(digits: string, unit: number): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (value > (MAX_FRACTION - 1n) / 10n || next > MAX_FRACTION) break;
    value = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (unit / scale)));
}

function badDuration(reason: string): OttlError {
  return new OttlError("value", `cannot read the duration: ${reason}`);
}
