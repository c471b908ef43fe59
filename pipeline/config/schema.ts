/**
 * Schemas as data: zod objects made of the few leaf kinds that a collector's YAML has. Validation, defaults, error
 * texts, secrets and the configuration reference in the docs all come from them.
 *
 * A document reaches a schema as plain maps and lists whose scalars are strings, null, or a `Scalar` that keeps both
 * the typed value and the text as written, because a string field takes the text (`0123`, `1e3`, `on`).
 * Source: collector reference 2.4.
 *
 * @module
 */

import { z } from "zod";
import { shortened } from "../core/text.ts";
import { type LeafMeta, schemaForm } from "./schema_form.ts";

/** A schema whose output is `Config`. */
export type ConfigSchema<Config> = z.ZodType<Config>;

/**
 * A YAML scalar that is not a string: its value and its text as written. null is an expression that gave nothing
 * (`${env:EMPTY}`): text "" for a string field, absent for any other.
 */
export class Scalar {
  constructor(readonly value: number | bigint | boolean | null, readonly text: string) {}
}

/** In `params` of an issue: the value itself is wrong, and not how it goes with others. */
export const OF_A_LEAF = { leaf: true };

type Read<T> = (input: unknown) => T | undefined;

/** A leaf that `read` understands; `wanted` ends the sentence "is …, wanted …". */
export function leaf<T>(kind: string, wanted: string, read: Read<T>, meta: Partial<LeafMeta> = {}) {
  return z.unknown().transform((input, context): T => {
    const value = read(input);
    if (value !== undefined) return value;
    const is = meta.secret === true ? kindOf(input) : show(input);
    context.addIssue({
      code: "custom",
      message: input === undefined ? `is missing, wanted ${wanted}` : `is ${is}, wanted ${wanted}`,
      input,
      params: OF_A_LEAF,
    });
    return z.NEVER;
  }).meta({ kind, ...meta });
}

function kindOf(input: unknown): string {
  if (input === null || input === undefined) return "empty";
  if (Array.isArray(input)) return "a list";
  if (input instanceof Scalar && input.value === null) return "empty";
  if (input instanceof Scalar) return typeof input.value === "boolean" ? "a boolean" : "a number";
  return typeof input === "string" ? "a string" : "a map";
}

/** Of a value, in a message. */
const MAX_SHOWN_CHARS = 60;

function show(input: unknown): string {
  if (input instanceof Scalar && input.value !== null) return input.text;
  if (typeof input === "string") return JSON.stringify(shortened(input, MAX_SHOWN_CHARS));
  return kindOf(input);
}

const TEXT = Symbol("text as written");

/** A map or list that an expression gave (a password like `a: b` reads as one): a string field takes its text. */
export function withText<T extends object>(value: T, text: string | undefined): T {
  return text === undefined ? value : Object.defineProperty(value, TEXT, { value: text });
}

/** The text of a string, number or boolean as written; undefined for anything else. */
export function readText(input: unknown): string | undefined {
  if (typeof input === "object" && input !== null && TEXT in input) return String(input[TEXT]);
  if (input instanceof Scalar) return input.text;
  return typeof input === "string" ? input : undefined;
}

/** Text; a number or boolean gives its text as written. */
export const text = () => leaf("string", "a string", readText);

/** Text that must not be empty. */
export const requiredText = () => leaf("string", "a string that is not empty", (input) => readText(input) || undefined);

/** Text that is never shown: tokens, passwords, keys. */
export const secret = () => leaf("string", "a string", readText, { secret: true });

/** true or false; a string is not taken. */
export const bool = () => leaf("bool", "true or false", readBool);

/** `include_metadata` of a receiver: whether what a client says of itself in headers is kept. */
export const keepsMetadata = () => leaf("bool", "true or false", readBool, { keepsMetadata: true });

function readBool(input: unknown): boolean | undefined {
  return input instanceof Scalar && typeof input.value === "boolean" ? input.value : undefined;
}

function isNumber(input: unknown): input is Scalar {
  return input instanceof Scalar && (typeof input.value === "number" || typeof input.value === "bigint");
}

/** A whole number in [min, max]. */
export function int(
  { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
) {
  const bounds = min === Number.MIN_SAFE_INTEGER && max === Number.MAX_SAFE_INTEGER
    ? "a whole number"
    : max === Number.MAX_SAFE_INTEGER
    ? `a whole number of at least ${min}`
    : `a whole number from ${min} to ${max}`;
  return leaf("int", bounds, (input) => {
    if (!isNumber(input)) return undefined;
    const value = Number(input.value);
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
  });
}

/** A number in [min, max]. */
export function number({ min = -Infinity, max = Infinity }: { min?: number; max?: number } = {}) {
  return leaf("number", `a number from ${min} to ${max}`, (input) => {
    if (!isNumber(input)) return undefined;
    const value = Number(input.value);
    return value >= min && value <= max ? value : undefined;
  });
}

const DURATION = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)/;
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Go's duration syntax as milliseconds: `200ms`, `1h30m`, `1.5s`. A bare number is nanoseconds, as in the collector.
 *
 * @returns undefined when it is not a duration.
 */
export function parseDurationMs(source: string): number | undefined {
  const trimmed = source.trim();
  if (/^[+-]?\d+$/.test(trimmed)) return Number(trimmed) / 1e6;
  const sign = trimmed.startsWith("-") ? -1 : 1;
  let rest = trimmed.replace(/^[+-]/, "");
  if (rest === "") return undefined;
  let total = 0;
  while (rest !== "") {
    const [part] = DURATION.exec(rest) ?? [];
    if (part === undefined || /^[+-]/.test(part)) return undefined;
    const unit = part.replace(/^[\d.]+/, "");
    total += Number.parseFloat(part) * (UNIT_MS[unit] ?? NaN);
    rest = rest.slice(part.length);
  }
  return sign * total;
}

/** A duration, in milliseconds; `minMs` is the least that makes sense. */
export function durationMs({ minMs = 0 }: { minMs?: number } = {}) {
  const wanted = minMs > 0
    ? `a duration of at least ${minMs}ms, like 200ms or 1h30m`
    : "a duration like 200ms or 1h30m";
  return leaf("duration", wanted, (input) => {
    const source = readText(input);
    const value = source === undefined ? undefined : parseDurationMs(source);
    return value !== undefined && value >= minMs ? value : undefined;
  });
}

/** One of a few words. A bare word that YAML reads as something else (`none` is a string, `off` may not be) is taken as text. */
export function oneOf<const Words extends readonly string[]>(
  words: Words,
  { ignoreCase = false }: { ignoreCase?: boolean } = {},
) {
  return leaf<Words[number]>("enum", `one of ${words.map((word) => JSON.stringify(word)).join(", ")}`, (input) => {
    const value = ignoreCase ? readText(input)?.toLowerCase() : readText(input);
    return value !== undefined && words.includes(value) ? value : undefined;
  }, { words });
}

/** A list of strings; one string is split at commas, as the collector does. */
export const textList = () => leaf("list of strings", "a list of strings", readTextList);

function readTextList(input: unknown): string[] | undefined {
  if (typeof input === "string") return input === "" ? [] : input.split(",");
  if (!Array.isArray(input)) return undefined;
  const items = input.map(readText);
  return items.every((item) => item !== undefined) ? items : undefined;
}

const isGiven = (text: string) => text !== "";

/** The name of a request header. */
export const metadataKey = () => leaf("string", "a string", readText, { asksMetadata: isGiven });

/** Names of request headers, as `textList`. */
export const metadataKeys = () => leaf("list of strings", "a list of strings", readTextList, { asksMetadata: isGiven });

/** Header names and values: a map, or a list of {name, value}. Values are secrets. */
export const headerMap = () =>
  leaf(
    "map of headers",
    "a map of strings, or a list of {name, value}",
    (input): Record<string, string> | undefined => {
      const pairs = Array.isArray(input)
        ? input.map((item) => isMap(item) ? [readText(item["name"]), readText(item["value"])] : [undefined, undefined])
        : isMap(input)
        ? Object.entries(input).map(([name, value]) => [name, readText(value)])
        : undefined;
      if (
        pairs === undefined || pairs.some(([name, value]) => name === undefined || value === undefined)
      ) return undefined;
      return Object.fromEntries(pairs as [string, string][]);
    },
    { secret: true },
  );

/** A map of strings. */
export const textMap = () =>
  leaf("map of strings", "a map of strings", (input): Record<string, string> | undefined => {
    if (!isMap(input)) return undefined;
    const pairs = Object.entries(input).map(([name, value]) => [name, readText(value)]);
    return pairs.every(([, value]) => value !== undefined) ? Object.fromEntries(pairs) : undefined;
  });

/** The id of an extension that must be configured and listed in `service::extensions`; "" for none. */
export const extensionId = () => leaf("extension id", "the id of an extension", readText, { reference: "extensions" });

/** Whatever stands there, as plain values. For what is passed on, or read and not acted on. */
export const anything = (kind: string) =>
  leaf(kind, "a value", (input) => input === undefined ? undefined : plain(input));

function plain(input: unknown): unknown {
  if (input instanceof Scalar) return input.value;
  if (Array.isArray(input)) return input.map(plain);
  if (!isMap(input)) return input;
  return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, plain(value)]));
}

/** A map of the document: no list, no scalar. */
export function isMap(input: unknown): input is Record<string, unknown> {
  return typeof input === "object" && input !== null && !Array.isArray(input) && !(input instanceof Scalar);
}

/**
 * What a bare key (null) means, as in the collector: a section with its defaults; for a leaf, as if it were not there.
 * A scalar in the place of a section is unwrapped, so that zod sees that it is none.
 */
function readSection(shape: z.core.$ZodShape, input: unknown): unknown {
  if (isNothing(input)) return {};
  if (input instanceof Scalar) return input.value;
  if (!isMap(input)) return input;
  return Object.fromEntries(
    Object.entries(input).filter(([key, value]) =>
      !isAbsent(Object.hasOwn(shape, key) ? shape[key] : undefined, value)
    ),
  );
}

function isNothing(input: unknown): boolean {
  return input === null || input === undefined || (input instanceof Scalar && input.value === null);
}

function isAbsent(schema: z.core.$ZodType | undefined, value: unknown): boolean {
  if (schema === undefined || !isNothing(value)) return false;
  const form = schemaForm(schema);
  if (form.kind === "section") return false;
  return !(value instanceof Scalar && form.kind === "leaf" && TEXT_KINDS.has(form.meta.kind));
}

/** Leaves to which an expression that gave nothing is the empty text. */
const TEXT_KINDS: ReadonlySet<string> = new Set(["string", "enum", "extension id"]);

/** A map with these keys and no others. A bare key (null) is the section with its defaults. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.preprocess((input) => readSection(shape, input), z.strictObject(shape));
}

/** A section that is off when its key is absent. Bare or with keys: on. */
export function optionalSection<Shape extends z.ZodRawShape>(shape: Shape) {
  return section(shape).optional();
}
