/**
 * What an unquoted YAML scalar means, as the collector's YAML reader has it: YAML 1.2's core schema, with the octals
 * (`0123`), binary numbers and underscores (`1_000`) of YAML 1.1. `on` and `yes` are strings; so are dates.
 *
 * Source: go.yaml.in/yaml/v3, resolve.go.
 *
 * @module
 */

const WORDS: ReadonlyMap<string, boolean | number | null> = new Map<string, boolean | number | null>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, NaN] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((word) => [word, Infinity] as const),
  ...["-.inf", "-.Inf", "-.INF"].map((word) => [word, -Infinity] as const),
]);

const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]{1,16})|0[bB]([01]{1,64})|0[oO]?([0-7]{1,22})|(0|[1-9]\d{0,19}))$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const MIN_INT64 = -(1n << 63n);
const MAX_UINT64 = (1n << 64n) - 1n;

/** The value of a plain scalar; a string when it is nothing else. Integers past 2^53 are bigint. */
export function resolvePlainScalar(text: string): string | number | bigint | boolean | null {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (!/^[-+.\d]/.test(text)) return text;
  const digits = text.replaceAll("_", "");
  const integer = readInteger(digits);
  if (integer !== undefined) return integer;
  return FLOAT.test(digits) ? Number(digits) : text;
}

function readInteger(digits: string): number | bigint | undefined {
  const [, sign, hex, binary, octal, decimal] = INTEGER.exec(digits) ?? [];
  const magnitude = hex !== undefined
    ? BigInt(`0x${hex}`)
    : binary !== undefined
    ? BigInt(`0b${binary}`)
    : octal !== undefined
    ? BigInt(`0o${octal}`)
    : decimal !== undefined
    ? BigInt(decimal)
    : undefined;
  if (magnitude === undefined) return undefined;
  const value = sign === "-" ? -magnitude : magnitude;
  if (value < MIN_INT64 || value > MAX_UINT64) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
