/**
 * Times and durations as Go prints them by itself.
 *
 * @module
 */

import { type Civil, civilOf } from "../time/civil.ts";
import type { Duration, Time } from "../values/value.ts";

/** `2006-01-02 15:04:05.999999999 -0700 MST`. */
export function timeText(time: Time): string {
  const { year, month, day, hour, minute, second, nanosecond }: Civil = civilOf(time);
  const fraction = nanosecond === 0 ? "" : `.${padded(nanosecond, 9).replace(/0+$/, "")}`;
  const clock = `${padded(hour, 2)}:${padded(minute, 2)}:${padded(second, 2)}${fraction}`;
  const offset = offsetText(time.offsetSeconds);
  return `${yearText(year)}-${padded(month, 2)}-${padded(day, 2)} ${clock} ${offset} ${time.zone || offset}`;
}

function yearText(year: number): string {
  return year < 0 ? `-${padded(-year, 4)}` : padded(year, 4);
}

function offsetText(seconds: number): string {
  const minutes = Math.trunc(Math.abs(seconds) / 60);
  return `${seconds < 0 ? "-" : "+"}${padded(Math.trunc(minutes / 60), 2)}${padded(minutes % 60, 2)}`;
}

function padded(value: number, length: number): string {
  return String(value).padStart(length, "0");
}

const SECOND = 1_000_000_000n;
/** Units below a second, the greatest first. */
const SMALL_UNITS: readonly (readonly [string, bigint])[] = [["ms", 1_000_000n], ["µs", 1_000n], ["ns", 1n]];

/** `1h2m3.5s`, `1.5ms`, `0s`. */
export function durationText({ nanos }: Duration): string {
  if (nanos === 0n) return "0s";
  const sign = nanos < 0n ? "-" : "";
  const size = nanos < 0n ? -nanos : nanos;
  if (size < SECOND) {
    const [name, unit] = SMALL_UNITS.find(([, unit]) => size >= unit)!;
    return sign + decimal(size, unit) + name;
  }
  const minutes = size / (60n * SECOND);
  const hours = minutes / 60n;
  const seconds = `${decimal(size % (60n * SECOND), SECOND)}s`;
  if (minutes === 0n) return sign + seconds;
  return hours === 0n ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60n}m${seconds}`;
}

function decimal(nanos: bigint, unit: bigint): string {
  const digits = String(unit).length - 1;
  const fraction = String(nanos % unit).padStart(digits, "0").replace(/0+$/, "");
  return String(nanos / unit) + (nanos % unit === 0n ? "" : `.${fraction}`);
}
