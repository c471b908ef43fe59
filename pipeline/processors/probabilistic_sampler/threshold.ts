/**
 * Thresholds and randomness of consistent probability sampling: 56-bit numbers, of which an item is sampled when its
 * randomness is not below the threshold.
 *
 * Both are kept as 14 lower-case hexadecimal digits: that is how `tracestate` has them, strings of one length compare as
 * the numbers do, and 56 bits do not fit a double.
 * Source: OpenTelemetry specification, "TraceState: Probability Sampling" (`ot=th`, `ot=rv`); rounding and precision as
 * the collector's pkg/sampling does them.
 *
 * @module
 */

/** 14 lower-case hexadecimal digits, or NEVER. */
export type Threshold = string;
/** 14 lower-case hexadecimal digits. */
export type Randomness = string;

const DIGITS = 14;
const MAX = 2 ** 56;

/** Samples everything. */
export const ALWAYS: Threshold = "0".repeat(DIGITS);
/** Samples nothing: greater than any number of 14 digits. */
export const NEVER: Threshold = "g";
/** The greatest randomness, which every threshold but NEVER samples. */
export const ANY: Randomness = "f".repeat(DIGITS);

const HEX = /^[\da-fA-F]+$/;

/** The threshold that `text`, a `th` value, says; undefined when it is not one. Zeros at its end may be left out. */
export function parseThreshold(text: string): Threshold | undefined {
  return text.length <= DIGITS && HEX.test(text) ? text.toLowerCase().padEnd(DIGITS, "0") : undefined;
}

/** The randomness that `text`, an `rv` value, says; undefined when it is not one. */
export function parseRandomness(text: string): Randomness | undefined {
  return text.length === DIGITS && HEX.test(text) ? text.toLowerCase() : undefined;
}

/** As `th` has it: without the zeros at its end, but for one. Not for NEVER. */
export function formatThreshold(threshold: Threshold): string {
  return threshold.replace(/0+$/, "") || "0";
}

/** The part of items that `threshold`, which is not NEVER, samples. */
export function probabilityOf(threshold: Threshold): number {
  return Number(BigInt(MAX) - BigInt(`0x${threshold}`)) / MAX;
}

/**
 * The threshold that samples so large a part.
 *
 * @param precision Hexadecimal digits, 1 to 14; near 0 and 1 more are taken, so that the relative error stays.
 * @returns undefined when `probability` is not from 2**-56 to 1.
 */
export function thresholdOf(probability: number, precision: number): Threshold | undefined {
  if (!(probability >= 1 / MAX && probability <= 1)) return undefined;
  if (probability === 1) return ALWAYS;
  const digits = Math.min(
    DIGITS,
    Math.max(precision + leadingDigits(probability), precision + leadingDigits(1 - probability)),
  );
  const exact = BigInt(MAX) - BigInt(Math.round(probability * MAX));
  const shift = BigInt(4 * (DIGITS - digits));
  const rounded = shift === 0n ? exact : exact + (1n << shift - 1n) >> shift << shift;
  return rounded >= BigInt(MAX) ? NEVER : rounded.toString(16).padStart(DIGITS, "0");
}

const float = new DataView(new ArrayBuffer(8));

/** How many hexadecimal digits behind the point are zero, by the binary exponent of `value`, which is in (0, 1). */
function leadingDigits(value: number): number {
  float.setFloat64(0, value);
  const exponent = (float.getUint16(0) >>> 4) - 1_022;
  return Math.trunc(exponent / -4);
}

/** The last 7 bytes of a trace id, which W3C Trace Context level 2 wants random. */
export function randomnessOfTraceId(traceId: Uint8Array): Randomness {
  return traceId.subarray(9, 16).toHex();
}

/** FNV-1a of 32 bits over the seed's four bytes, little-endian, and `bytes`. */
function hash(bytes: Uint8Array, seed: number): number {
  let value = 0x811c9dc5;
  for (let shift = 0; shift < 32; shift += 8) value = Math.imul(value ^ seed >>> shift & 0xff, 0x01000193);
  for (let at = 0; at < bytes.length; at++) value = Math.imul(value ^ bytes[at]!, 0x01000193);
  return value >>> 0;
}

const BUCKETS = 0x4000;

/**
 * Randomness by hash, of which the first 14 bits decide. Later samplers find the same in it: the bucket counted from
 * above, what the hash has beside it, and the bucket again, as the collector lays them out.
 */
export function randomnessOfHash(bytes: Uint8Array, seed: number): Randomness {
  const hashed = hash(bytes, seed);
  const bucket = hashed & BUCKETS - 1;
  const rest = hashed >>> 18;
  const mixed = rest ^ rest << 10;
  const high = BUCKETS - 1 - bucket << 14 | mixed >>> 14;
  const low = (mixed & BUCKETS - 1) << 14 | bucket;
  return high.toString(16).padStart(7, "0") + low.toString(16).padStart(7, "0");
}

/** The threshold for 14 bits of hash, reckoned in single precision as the collector always has. */
export function thresholdOfHash(percentage: number): Threshold {
  const sampled = Math.trunc(Math.fround(Math.fround(percentage) * Math.fround(BUCKETS / 100)));
  if (sampled === 0) return NEVER;
  return (BUCKETS - sampled << 2).toString(16).padStart(4, "0").padEnd(DIGITS, "0");
}
