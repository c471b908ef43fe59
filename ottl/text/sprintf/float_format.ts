/**
 * Floats as texts in every form that Go's strconv.FormatFloat has.
 *
 * @module
 */

export type FloatForm = "b" | "e" | "E" | "f" | "F" | "g" | "G" | "x" | "X";

/** Digits without a leading zero, and where the decimal point stands: 0.DIGITS · 10^point. Zero has no digits. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/**
 * @param precision Digits behind the point (`e`, `f`, `x`), or in all (`g`); undefined for as few as tell the float from
 * its neighbours.
 */
export function formatFloat(value: number, form: FloatForm, precision?: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const text = magnitudeText(Math.abs(value), form.toLowerCase() as Lowercase<FloatForm>, precision);
  return sign + (form === "E" || form === "G" || form === "X" ? text.toUpperCase() : text);
}

function magnitudeText(value: number, form: Lowercase<FloatForm>, precision: number | undefined): string {
  switch (form) {
    case "b":
      return binaryText(value);
    case "x":
      return hexText(value, precision);
    case "e":
      return exponentText(decimalOf(value, precision === undefined ? undefined : { count: precision + 1 }), precision);
    case "f":
      return plainText(decimalOf(value, precision === undefined ? undefined : { fraction: precision }), precision);
    case "g":
      return shorterText(value, precision);
  }
}

/** Plain, or with an exponent where it is below -4 or not below the precision (6 for the shortest form). */
function shorterText(value: number, precision: number | undefined): string {
  const count = precision === 0 ? 1 : precision;
  const decimal = decimalOf(value, count === undefined ? undefined : { count });
  const digits = decimal.digits.length;
  const isWhole = digits >= decimal.point;
  const limit = count === undefined ? SHORTEST_LIMIT : count > digits && isWhole ? digits : count;
  const exponent = decimal.point - 1;
  const shown = decimal.digits.replace(/0+$/, "").length;
  if (exponent < -4 || exponent >= limit) return exponentText(decimal, Math.max(shown - 1, 0));
  return plainText(decimal, Math.max(shown - decimal.point, 0));
}

const SHORTEST_LIMIT = 6;

function exponentText({ digits, point }: Decimal, precision: number | undefined): string {
  const exponent = digits === "" ? 0 : point - 1;
  const fraction = digits.slice(1).padEnd(precision ?? 0, "0").slice(0, precision);
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits[0] ?? "0"}${fraction && `.${fraction}`}e${exponent < 0 ? "-" : "+"}${power}`;
}

function plainText({ digits, point }: Decimal, precision: number | undefined): string {
  const whole = digits.slice(0, Math.max(point, 0)).padEnd(point, "0") || "0";
  const behind = "0".repeat(Math.max(-point, 0)) + digits.slice(Math.max(point, 0));
  const fraction = behind.padEnd(precision ?? 0, "0").slice(0, precision);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** How far the digits go: so many, or so many behind the point. */
type Rounding = { readonly count: number } | { readonly fraction: number };

function decimalOf(value: number, rounding: Rounding | undefined): Decimal {
  if (value === 0) return { digits: "", point: 0 };
  if (rounding !== undefined) return round(exactDecimal(value), rounding);
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  return { digits: mantissa.replace(".", ""), point: Number(exponent) + 1 };
}

/** Half to even, as Go does: a double's decimal digits end, so a half is known as one. */
function round({ digits, point }: Decimal, rounding: Rounding): Decimal {
  const count = "count" in rounding ? rounding.count : point + rounding.fraction;
  if (count >= digits.length) return { digits, point };
  if (count < 0) return { digits: "", point: 0 };
  const isHalf = digits[count] === "5" && digits.length === count + 1;
  const isOdd = count > 0 && Number(digits[count - 1]) % 2 === 1;
  const isUp = isHalf ? isOdd : digits[count]! >= "5";
  const kept = BigInt(digits.slice(0, count) || "0") + (isUp ? 1n : 0n);
  if (kept === 0n) return { digits: "", point: 0 };
  const text = String(kept);
  return { digits: text, point: point + (text.length - Math.max(count, 0)) };
}

/** All its decimal digits, 767 at the most. */
function exactDecimal(value: number): Decimal {
  const { mantissa, exponent } = partsOf(value);
  if (exponent >= 0) return trimmed(String(mantissa << BigInt(exponent)), 0);
  return trimmed(String(mantissa * 5n ** BigInt(-exponent)), -exponent);
}

/** @param fraction How many of the digits are behind the point. */
function trimmed(digits: string, fraction: number): Decimal {
  return { digits: digits.replace(/0+$/, ""), point: digits.length - fraction };
}

/** value = mantissa · 2^exponent, with a mantissa of 53 bits, or fewer below 2^-1022. */
function partsOf(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & 0xfffffffffffffn;
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | 0x10000000000000n, exponent: biased - 1075 };
}

function binaryText(value: number): string {
  const { mantissa, exponent } = partsOf(value);
  return `${mantissa}p${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
}

function hexText(value: number, precision: number | undefined): string {
  let { mantissa, exponent } = partsOf(value);
  if (mantissa === 0n) return `0x0${precision ? `.${"0".repeat(precision)}` : ""}p+00`;
  const shift = 53 - mantissa.toString(2).length;
  mantissa <<= BigInt(shift);
  exponent += 52 - shift;
  if (precision !== undefined && precision < 13) {
    mantissa = roundBits(mantissa, BigInt(52 - 4 * precision));
    if (mantissa >> 53n) (mantissa >>= 1n, exponent++);
  }
  const digits = (mantissa & 0xfffffffffffffn).toString(16).padStart(13, "0");
  const fraction = precision === undefined
    ? digits.replace(/0+$/, "")
    : digits.padEnd(precision, "0").slice(0, precision);
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `0x1${fraction && `.${fraction}`}p${exponent < 0 ? "-" : "+"}${power}`;
}

/** Clears the last `dropped` bits, rounding half to even. */
function roundBits(value: bigint, dropped: bigint): bigint {
  const floor = value >> dropped;
  const rest = value - (floor << dropped);
  const half = 1n << dropped >> 1n;
  const isUp = rest > half || (rest === half && dropped > 0n && (floor & 1n) === 1n);
  return (floor + (isUp ? 1n : 0n)) << dropped;
}
