/**
 * Numbers as texts, read and written as Go's strconv does.
 *
 * @module
 */

import { OttlError } from "./errors.ts";

export const MIN_INT = -(2n ** 63n);
export const MAX_INT = 2n ** 63n - 1n;

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";
const PREFIX_BASES: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16 };
const FLOAT = /^[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d[\d_]*)?$/i;
const HEX_FLOAT = /^([+-]?)0x_?([\da-f_]*)\.?([\da-f_]*)p([+-]?\d[\d_]*)$/i;
const SPECIAL: Readonly<Record<string, number>> = { inf: Infinity, infinity: Infinity, nan: NaN };

/**
 * Go's `strconv.ParseInt(text, base, 64)`.
 *
 * @param base 2 to 36; 0 takes it from the prefix `0b 0o 0 0x` and allows `_` between digits.
 * @throws {OttlError} Of category "arg_value": no such number, or past signed 64 bits.
 */
export function parseGoInt(text: string, base = 10): bigint {
  const negative = text.startsWith("-");
  const unsigned = negative || text.startsWith("+") ? text.slice(1) : text;
  const magnitude = base === 0 ? parsePrefixed(unsigned) : parseDigits(unsigned, base);
  const value = negative ? -magnitude : magnitude;
  if (value < MIN_INT || value > MAX_INT) throw notANumber("an int", "it is past 64 bits");
  return value;
}

function parsePrefixed(text: string): bigint {
  if (!separatesDigits(text)) throw notANumber("an int", "an underscore stands between digits only");
  const digits = text.replaceAll("_", "");
  if (digits.length < 2 || !digits.startsWith("0")) return parseDigits(digits, 10);
  const base = PREFIX_BASES[digits.charAt(1).toLowerCase()];
  return base === undefined ? parseDigits(digits.slice(1), 8) : parseDigits(digits.slice(2), base);
}

/** More digits than 64 bits ever have only count as "past 64 bits": the time is linear in the text. */
function parseDigits(text: string, base: number): bigint {
  if (text === "") throw notANumber("an int", "it has no digits");
  let value = 0n;
  for (const character of text.toLowerCase()) {
    const digit = DIGITS.indexOf(character);
    if (digit < 0 || digit >= base) throw notANumber("an int", `it is not in base ${base}`);
    if (value <= MAX_INT) value = value * BigInt(base) + BigInt(digit);
  }
  return value;
}

/**
 * Go's `strconv.ParseFloat(text, 64)`.
 *
 * @throws {OttlError} Of category "arg_value": no such number, or past the range of a double.
 */
export function parseGoFloat(text: string): number {
  const special = SPECIAL[text.replace(/^[+-]/, "").toLowerCase()];
  if (special !== undefined) return text.startsWith("-") ? -special : special;
  const hex = HEX_FLOAT.exec(text);
  if (hex === null && !FLOAT.test(text)) throw notANumber("a float", "it is none");
  if (!separatesDigits(text)) throw notANumber("a float", "an underscore stands between digits only");
  const value = hex === null ? Number(text.replaceAll("_", "")) : hexFloat(hex);
  if (!Number.isFinite(value)) throw notANumber("a float", "it is past the range of a double");
  return value;
}

/** Mantissa and binary exponent to the nearest double, ties to even. */
function hexFloat([, sign, whole = "", fraction = "", exponent = ""]: RegExpExecArray): number {
  const digits = (whole + fraction).replaceAll("_", "");
  if (digits === "") throw notANumber("a float", "it has no digits");
  const mantissa = BigInt(`0x${digits}`);
  const scale = Number(exponent.replaceAll("_", "")) - 4 * fraction.replaceAll("_", "").length;
  const value = mantissa === 0n ? 0 : scaled(mantissa, scale);
  return sign === "-" ? -value : value;
}

function scaled(mantissa: bigint, scale: number): number {
  const bits = mantissa.toString(2).length;
  if (bits + scale > 1024) return Infinity;
  // A double has 53 bits, and fewer below 2^-1022, where its last bit stays 2^-1074.
  const kept = Math.min(53, bits + scale + 1074);
  if (kept < 0) return 0;
  const dropped = bits - kept;
  const rounded = dropped > 0 ? roundEven(mantissa, BigInt(dropped)) : mantissa;
  const exponent = scale + Math.max(dropped, 0);
  const half = Math.trunc(exponent / 2);
  return Number(rounded) * 2 ** half * 2 ** (exponent - half);
}

function roundEven(value: bigint, dropped: bigint): bigint {
  const floor = value >> dropped;
  const rest = value - (floor << dropped);
  const half = 1n << (dropped - 1n);
  return rest > half || (rest === half && (floor & 1n) === 1n) ? floor + 1n : floor;
}

/** Whether every `_` has a digit (or a prefix such as `0x`) before it and a digit behind it. */
function separatesDigits(text: string): boolean {
  return !text.includes("_") || !/(?:^|[^\da-f_xo])_|_(?:$|[^\da-f])/i.test(text.replace(/^[+-]/, ""));
}

/**
 * Shortest text of a float where texts are made of values ("like" parameters): exponents have two digits at least.
 *
 * @throws {OttlError} Of category "value": not a number, or infinite.
 */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) throw new OttlError("value", "cannot make a text of a float that is not finite");
  return asStringFloat(value).replace(/e([+-])(\d)$/, "e$10$2");
}

/** Shortest text of a float as pdata's AsString has it. */
export function asStringFloat(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function notANumber(wanted: string, reason: string): OttlError {
  return new OttlError("arg_value", `cannot read a string as ${wanted}: ${reason}`);
}
