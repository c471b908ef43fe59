/**
 * The actions of the processors `attributes` and `resource`: a list of edits of one map of attributes, run in order.
 *
 * Source: the collector's attributesprocessor and resourceprocessor v0.157 (internal/coreinternal/attraction); collector
 * reference 6.4, but that `hash` is SHA-256: SHA-1 was the default before v0.98.
 *
 * @module
 */

import { z } from "zod";
import { digest } from "../../ottl/data/hash_digest.ts";
import { DEFAULT_OTTL_LIMITS, type OttlLimits } from "../../ottl/limits.ts";
import { compileRegex, type Regex } from "../../ottl/text/regex/regex.ts";
import { toIntLike } from "../../ottl/values/convert.ts";
import { OttlError } from "../../ottl/values/errors.ts";
import { parseGoFloat, parseGoInt } from "../../ottl/values/numbers.ts";
import { textOf } from "../../ottl/values/text.ts";
import { OttlList, type OttlMap, PlainMap, type Value } from "../../ottl/values/value.ts";
import { isMap, leaf, oneOf, readText, Scalar, section, text } from "../config/schema.ts";
import type { Origin } from "../otlp/payload.ts";

/** One action on the attributes of one item. */
export type AttributeEdit = (attributes: OttlMap, origin: Origin) => void;

const ACTIONS = ["insert", "update", "upsert", "delete", "hash", "extract", "convert"] as const;
type ActionName = typeof ACTIONS[number];

const CONVERTED_TYPES = ["int", "double", "string"] as const;

/** A YAML value as an attribute has it. */
const attributeValue = () =>
  leaf("value", "a value", (input) => input === undefined ? undefined : { value: of(input) });

function of(input: unknown): Value {
  if (input instanceof Scalar) return ofScalar(input);
  if (Array.isArray(input)) return new OttlList(input.map(of));
  if (isMap(input)) return new PlainMap(Object.entries(input).map(([key, value]) => [key, of(value)]));
  return typeof input === "string" ? input : null;
}

/** Whether a number is an int or a float is told by how it is written: 5 or 5.0. */
function ofScalar({ value, text }: Scalar): Value {
  if (typeof value !== "number") return typeof value === "bigint" ? BigInt.asIntN(64, value) : value;
  const isFloat = !/^[-+]?0[xXbBoO]/.test(text) && /[.eE]/.test(text);
  return isFloat ? value : BigInt(value);
}

const actionSection = section({
  key: text().default(""),
  action: oneOf(ACTIONS, { ignoreCase: true }),
  value: attributeValue().optional(),
  default_value: attributeValue().optional(),
  from_attribute: text().default(""),
  from_context: leaf("string", "a string", readText, { asksMetadata: (source) => source.startsWith("metadata.") })
    .default(""),
  pattern: text().default(""),
  converted_type: oneOf(["", ...CONVERTED_TYPES]).default(""),
});

export type AttributeAction = z.output<typeof actionSection>;

type Field = Exclude<keyof AttributeAction, "action">;
const SOURCES = ["value", "from_attribute", "from_context"] as const;

/** What each action needs, and what it has no use for. */
const RULES: Readonly<Record<ActionName, { readonly needs: Field[]; readonly refuses: readonly Field[] }>> = {
  insert: { needs: ["key"], refuses: ["pattern", "converted_type"] },
  update: { needs: ["key"], refuses: ["pattern", "converted_type"] },
  upsert: { needs: ["key"], refuses: ["pattern", "converted_type"] },
  delete: { needs: [], refuses: ["value", "from_attribute", "converted_type"] },
  hash: { needs: [], refuses: ["value", "from_attribute", "converted_type"] },
  extract: { needs: ["key", "pattern"], refuses: [...SOURCES, "converted_type"] },
  convert: { needs: ["key", "converted_type"], refuses: [...SOURCES, "pattern"] },
};

/** A list of actions, at least one. */
export const attributeActions = () =>
  z.array(actionSection.superRefine((action, context) => {
    for (const { path, message } of problemsOf(action)) context.addIssue({ code: "custom", path, message });
  })).min(1, "has no action, wanted at least one");

interface Problem {
  readonly path: Field[];
  readonly message: string;
}

function problemsOf(action: AttributeAction): Problem[] {
  const { needs, refuses } = RULES[action.action];
  return [
    ...needs.filter((field) => !isGiven(action, field)).map((field) => missing(field, action)),
    ...refuses.filter((field) => isGiven(action, field)).map((field): Problem => ({
      path: [field],
      message: `is not for the action "${action.action}"`,
    })),
    ...sourceProblems(action),
    ...patternProblems(action),
  ];
}

function isGiven(action: AttributeAction, field: Field): boolean {
  return action[field] !== undefined && action[field] !== "";
}

function missing(field: Field, { action }: AttributeAction): Problem {
  return { path: [field], message: `is missing, wanted for the action "${action}"` };
}

function sourceProblems(action: AttributeAction): Problem[] {
  const given = SOURCES.filter((field) => isGiven(action, field));
  switch (action.action) {
    case "insert":
    case "update":
    case "upsert": {
      const [, second] = given;
      const wanted = `wanted one of ${SOURCES.join(", ")}`;
      if (second !== undefined) return [{ path: [second], message: `is a second source of the value, ${wanted}` }];
      const has = given.length > 0 || isGiven(action, "default_value");
      return has ? [] : [{ path: [], message: `has no source of the value, ${wanted}, default_value` }];
    }
    case "delete":
    case "hash":
      if (isGiven(action, "key") || isGiven(action, "pattern")) return [];
      return [{ path: [], message: `says no attribute, wanted key or pattern, or both` }];
    default:
      return [];
  }
}

function patternProblems({ action, pattern }: AttributeAction): Problem[] {
  if (pattern === "") return [];
  try {
    const { groupCount, groupNumbers } = compileRegex(pattern, DEFAULT_OTTL_LIMITS);
    if (action !== "extract" || groupCount > 0 && groupNumbers.size === groupCount) return [];
    return [{
      path: ["pattern"],
      message: "has groups without a name or none at all, wanted named groups: (?P<name>…)",
    }];
  } catch (error) {
    if (!(error instanceof OttlError)) throw error;
    return [{ path: ["pattern"], message: `is no regular expression: ${error.message}` }];
  }
}

/** A closure that sets the attribute to a value that never changes: cheaper than setting it in the map. */
export type ConstantSetter = (key: string, value: Value) => () => void;

/** The actions as one edit. */
export function compileActions(
  actions: readonly AttributeAction[],
  setterOf: ConstantSetter,
  limits: OttlLimits,
): AttributeEdit {
  const edits = actions.map((action) => compileAction(action, setterOf, limits));
  return (attributes, origin) => {
    for (const edit of edits) edit(attributes, origin);
  };
}

function compileAction(action: AttributeAction, setterOf: ConstantSetter, limits: OttlLimits): AttributeEdit {
  const { key } = action;
  const regex = action.pattern === "" ? undefined : compileRegex(action.pattern, limits);
  switch (action.action) {
    case "insert":
      return compilePut(action, setterOf, (attributes) => attributes.get(key) === undefined);
    case "update":
      return compilePut(action, setterOf, (attributes) => attributes.get(key) !== undefined);
    case "upsert":
      return compilePut(action, setterOf, () => true);
    case "delete":
      return (attributes) => deleteKeys(attributes, key, regex);
    case "hash":
      return (attributes) => hashKeys(attributes, key, regex);
    case "extract":
      return (attributes) => extract(attributes, key, regex as Regex);
    case "convert":
      return (attributes) => convert(attributes, key, action.converted_type);
  }
}

/** undefined: there is none, and nothing is to be done. */
type ValueSource = (attributes: OttlMap, origin: Origin) => Value | undefined;

function compilePut(
  action: AttributeAction,
  setterOf: ConstantSetter,
  applies: (attributes: OttlMap) => boolean,
): AttributeEdit {
  const { key, value: constant } = action;
  if (constant !== undefined) {
    const set = setterOf(key, constant.value);
    return (attributes) => {
      if (applies(attributes)) set();
    };
  }
  const sourceOf = compileSource(action);
  return (attributes, origin) => {
    if (!applies(attributes)) return;
    const value = sourceOf(attributes, origin);
    if (value !== undefined) attributes.set(key, value);
  };
}

function compileSource({ default_value, from_attribute, from_context }: AttributeAction): ValueSource {
  const fallback = default_value?.value;
  if (from_context !== "") {
    const contextOf = compileContext(from_context);
    return (_attributes, origin) => contextOf(origin) ?? fallback;
  }
  if (from_attribute !== "") {
    return (attributes) => {
      const value = attributes.get(from_attribute);
      return value === undefined ? fallback : value; // one that is there and empty is a value
    };
  }
  return () => fallback;
}

/** What is known of the request: metadata by default, as older configurations have it. */
function compileContext(name: string): (origin: Origin) => Value | undefined {
  if (name === "client.address") return ({ client }) => addressOf(client?.address ?? "");
  if (name.startsWith("auth.")) {
    const attribute = name.slice("auth.".length);
    return ({ client }) => {
      const value = client?.authAttributes?.get(attribute);
      return typeof value === "string" ? value : undefined;
    };
  }
  const header = (name.startsWith("metadata.") ? name.slice("metadata.".length) : name).toLowerCase();
  return ({ metadata }) => metadata.get(header)?.join(";");
}

/** Without the port: `10.1.1.9:52114`, `[::1]:52114`. */
function addressOf(address: string): string {
  const [, host = address] = /^\[?(.*?)\]?:\d+$/.exec(address) ?? [];
  return host;
}

function deleteKeys(attributes: OttlMap, key: string, regex: Regex | undefined): void {
  if (key !== "") attributes.delete(key);
  if (regex !== undefined) attributes.deleteKeys((name) => regex.test(name));
}

function hashKeys(attributes: OttlMap, key: string, regex: Regex | undefined): void {
  if (key !== "") hashKey(attributes, key);
  if (regex === undefined) return;
  for (const name of attributes.keys()) if (regex.test(name)) hashKey(attributes, name);
}

function hashKey(attributes: OttlMap, key: string): void {
  const value = attributes.get(key);
  if (value === undefined) return;
  const hashed = hashedOf(value);
  attributes.set(key, hashed === undefined ? "" : digest("sha256", hashed));
}

/** What is hashed of a value; undefined for what is not hashed: empty values, bytes, lists, maps. */
function hashedOf(value: Value): string | Uint8Array | undefined {
  switch (typeof value) {
    case "string":
      return value;
    case "boolean":
      return Uint8Array.of(value ? 1 : 0);
    case "bigint":
      return new Uint8Array(BigInt64Array.of(value).buffer);
    case "number":
      return new Uint8Array(Float64Array.of(value).buffer);
    default:
      return undefined;
  }
}

/** A group that took no part gives an empty text. */
function extract(attributes: OttlMap, key: string, regex: Regex): void {
  const value = attributes.get(key);
  const match = typeof value === "string" ? regex.exec(value) : null;
  if (match === null) return;
  for (const [name, number] of regex.groupNumbers) attributes.set(name, match.groups[number] ?? "");
}

/** What cannot be converted stays. */
function convert(attributes: OttlMap, key: string, type: AttributeAction["converted_type"]): void {
  const value = attributes.get(key);
  if (value === undefined) return;
  const converted = convertedTo(type, value);
  if (converted !== undefined && typeof converted !== typeof value) attributes.set(key, converted);
}

function convertedTo(type: AttributeAction["converted_type"], value: Value): Value | undefined {
  if (type === "string") return textOf(value);
  const isInt = type === "int";
  switch (typeof value) {
    case "string":
      return parsed(value, isInt ? parseGoInt : parseGoFloat);
    case "boolean":
      return isInt ? BigInt(value) : Number(value);
    case "bigint":
      return isInt ? value : Number(value);
    case "number":
      return isInt ? toIntLike(value) ?? undefined : value;
    default:
      return undefined;
  }
}

function parsed(text: string, parse: (text: string) => Value): Value | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof OttlError) return undefined;
    throw error;
  }
}
