/**
 * OTLP/JSON of plain messages, written and read by other means than the gateway's: any key order, spacing, escapes and
 * number form that a sender may choose. With it, random messages of every type.
 *
 * @module
 */

import fc from "fast-check";
import protobuf from "protobufjs";
import { messageType, type Plain } from "./otlp_proto.ts";

const HEX_FIELDS = new Set(["trace_id", "span_id", "parent_span_id", "profile_id"]);
const INT64_TYPES = new Set(["int64", "uint64", "fixed64", "sfixed64"]);
const INTEGER_RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

function camelCase(snake: string): string {
  return snake.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Gives true or false: what a sender may choose. */
export type Choose = () => boolean;

/** The form that the specification names and most SDKs write: no choice is taken. */
export const CANONICAL: Choose = () => false;

/** `message` of `typeName` as JSON text. */
export function jsonText(typeName: string, message: Plain, choose: Choose = CANONICAL): string {
  const type = messageType(typeName);
  const keys = Object.keys(message);
  if (choose()) keys.reverse();
  const members = keys.flatMap((key) => {
    const field = type.fields[key];
    if (field === undefined) throw new TypeError(`Cannot write "${key}": ${typeName} has no such field`);
    const name = choose() ? key : camelCase(key);
    const member = `${textOf(name, choose)}${space(choose)}:${space(choose)}${fieldText(field, message[key], choose)}`;
    return choose() ? [member, `"unknown":[{"a":[1,{}],"b":"\\u00e9"},null]`] : [member];
  });
  return `{${space(choose)}${members.join(`${space(choose)},${space(choose)}`)}${space(choose)}}`;
}

function fieldText(field: protobuf.Field, value: unknown, choose: Choose): string {
  if (!field.repeated) return elementText(field, value, choose);
  return `[${(value as unknown[]).map((element) => elementText(field, element, choose)).join(`,${space(choose)}`)}]`;
}

function elementText(field: protobuf.Field, value: unknown, choose: Choose): string {
  if (field.resolvedType instanceof protobuf.Type) return jsonText(field.resolvedType.name, value as Plain, choose);
  if (field.type === "string") return textOf(String(value), choose);
  if (field.type === "bytes") return bytesText(field.name, value as Uint8Array, choose);
  if (field.type === "double") return doubleText(value as number, choose);
  if (field.type === "bool") return String(value);
  const quoted = INT64_TYPES.has(field.type) !== choose();
  return quoted ? `"${value}"` : integerText(String(value), choose);
}

/** As it is, or with a fraction or an exponent that change nothing. */
function integerText(digits: string, choose: Choose): string {
  if (choose()) return `${digits}.0`;
  return choose() && digits !== "0" ? `${digits}0e-1` : digits;
}

function doubleText(value: number, choose: Choose): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return Number.isFinite(value) && !choose() ? text : `"${text}"`;
}

function bytesText(name: string, value: Uint8Array, choose: Choose): string {
  if (HEX_FIELDS.has(name)) return `"${choose() ? value.toHex().toUpperCase() : value.toHex()}"`;
  const text = choose()
    ? value.toBase64({ alphabet: "base64url", omitPadding: choose() })
    : value.toBase64({ omitPadding: choose() });
  return `"${choose() ? text.replaceAll("/", "\\/") : text}"`;
}

function textOf(text: string, choose: Choose): string {
  if (!choose()) return JSON.stringify(text);
  return `"${text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
}

function space(choose: Choose): string {
  return choose() ? " \n\t\r" : "";
}

/** Random choices from one seed (xorshift32); about one in eight is taken. */
export function randomChoices(seed: number): Choose {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x & 7) === 0;
  };
}

/** Messages of `typeName` with any of their fields, values as `encodeMessage` takes them. */
export function arbitraryMessage(typeName: string, levels: number): fc.Arbitrary<Plain> {
  const type = messageType(typeName);
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of type.fieldsArray) {
    if (field.partOf === null && canNest(field, levels)) fields[field.name] = arbitraryField(field, levels);
  }
  const plain = fc.record(fields, { requiredKeys: [] });
  const oneofs = type.oneofsArray.map((oneof) =>
    fc.oneof(
      fc.constant({}),
      ...oneof.fieldsArray.filter((field) => canNest(field, levels)).map((field) =>
        arbitraryField(field, levels).map((value) => ({ [field.name]: value }))
      ),
    )
  );
  return fc.tuple(plain, ...oneofs).map((parts) => Object.assign({}, ...parts) as Plain);
}

/** Whether a message may still hold another one. */
function canNest(field: protobuf.Field, levels: number): boolean {
  return levels > 0 || !(field.resolvedType instanceof protobuf.Type);
}

function arbitraryField(field: protobuf.Field, levels: number): fc.Arbitrary<unknown> {
  const element = field.resolvedType instanceof protobuf.Type
    ? arbitraryMessage(field.resolvedType.name, levels - 1)
    : arbitraryScalar(field);
  return field.repeated ? fc.array(element, { maxLength: 3 }) : element;
}

function arbitraryScalar({ name, type }: protobuf.Field): fc.Arbitrary<unknown> {
  if (HEX_FIELDS.has(name)) {
    const length = name === "trace_id" || name === "profile_id" ? 16 : 8;
    return fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ minLength: length, maxLength: length }));
  }
  switch (type) {
    case "string":
      return fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary", maxLength: 300 }));
    case "bytes":
      return fc.uint8Array();
    case "bool":
      return fc.boolean();
    case "double":
      return fc.oneof(fc.double(), fc.integer());
  }
  const [min, max] = INTEGER_RANGES[type] ?? [0n, 0n];
  return fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n, 1n)).map((value) =>
    INT64_TYPES.has(type) ? String(value) : Number(value)
  );
}

/**
 * What `decodeMessage` gave, without what cannot be told from unset: default scalars outside of oneofs and `optional`
 * fields, empty lists, and the empty status of a span, which encoders write always.
 */
export function withoutUnset(typeName: string, message: Plain): Plain {
  const type = messageType(typeName);
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(message)) {
    const field = type.fields[key];
    if (field === undefined) continue; // bytes of unknown fields, which JSON cannot carry
    const nested = field.resolvedType instanceof protobuf.Type ? field.resolvedType.name : undefined;
    if (Array.isArray(value)) {
      if (value.length > 0) kept[key] = nested ? value.map((element) => withoutUnset(nested, element)) : value;
    } else if (nested !== undefined) kept[key] = withoutUnset(nested, value as Plain);
    else if (field.partOf !== null || !isDefault(value)) kept[key] = value;
  }
  if (typeName === "Span" && Object.keys(kept.status ?? { none: true }).length === 0) delete kept.status;
  return kept;
}

function isDefault(value: unknown): boolean {
  return value === "" || value === "0" || value === false || Object.is(value, 0);
}

/** OTLP/JSON, parsed, as `decodeMessage` gives a message: keys as in the .proto, bytes in base64, integers by their type. */
export function fromJson(typeName: string, json: Plain): Plain {
  const type = messageType(typeName);
  const message: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    const value = json[camelCase(field.name)];
    if (value === undefined) continue;
    message[field.name] = field.repeated
      ? (value as unknown[]).map((element) => elementFromJson(field, element))
      : elementFromJson(field, value);
  }
  const unknown = Object.keys(json).filter((key) => !type.fieldsArray.some(({ name }) => camelCase(name) === key));
  if (unknown.length > 0) throw new TypeError(`Cannot read ${typeName}: it has no fields ${unknown}`);
  return message;
}

function elementFromJson(field: protobuf.Field, value: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Type) return fromJson(field.resolvedType.name, value as Plain);
  if (HEX_FIELDS.has(field.name)) return Uint8Array.fromHex(value as string).toBase64();
  if (INT64_TYPES.has(field.type) && typeof value !== "string") {
    throw new TypeError(`Cannot read ${field.name}: 64-bit integers are strings`);
  }
  return field.type === "double" ? Number(value) : value;
}
