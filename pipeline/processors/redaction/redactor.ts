/**
 * What is taken out, masked, allowed and ignored among attributes and in a log record's body.
 *
 * @module
 */

import { digest, hmac } from "../../../ottl/data/hash_digest.ts";
import type { OttlLimits } from "../../../ottl/limits.ts";
import { compileRegex, type Regex } from "../../../ottl/text/regex/regex.ts";
import { textOf } from "../../../ottl/values/text.ts";
import { OttlList, OttlMap, PlainMap, type Value } from "../../../ottl/values/value.ts";

export const HASH_FUNCTIONS = ["md5", "sha1", "sha3", "hmac-sha256", "hmac-sha512"] as const;
export type HashFunction = typeof HASH_FUNCTIONS[number];

/** The least length of the key, bytes, of functions that have one. */
export const HMAC_KEY_BYTES: ReadonlyMap<string, number> = new Map([["hmac-sha256", 32], ["hmac-sha512", 64]]);

export interface RedactionRules {
  readonly allow_all_keys: boolean;
  readonly allowed_keys: readonly string[];
  readonly ignored_keys: readonly string[];
  readonly ignored_key_patterns: readonly string[];
  readonly blocked_key_patterns: readonly string[];
  readonly blocked_values: readonly string[];
  readonly allowed_values: readonly string[];
  readonly redact_all_types: boolean;
  readonly hash_function: HashFunction | "";
  readonly hmac_key: string;
  readonly summary: "" | "silent" | "info" | "debug";
}

/** What became of keys; names of the summary's attributes. */
const FATES = ["redacted", "masked", "allowed", "ignored"] as const;
type Fate = typeof FATES[number];
type Keys = Record<Fate, string[]>;

/** Attributes of the summary, which a second processor of this kind leaves. */
const SUMMARY_KEYS = ["redaction", "redaction.body"].flatMap((prefix) =>
  FATES.flatMap((fate) => [`${prefix}.${fate}.keys`, `${prefix}.${fate}.count`])
);

const MASK = "****";

/** A whole value; each of its lines. */
const EVERYTHING = ".*";

export class Redactor {
  readonly #allowed: ReadonlySet<string> | undefined;
  readonly #ignored: ReadonlySet<string>;
  readonly #ignoredPatterns: readonly Regex[];
  readonly #blockedKeys: readonly Regex[];
  readonly #blockedValues: readonly Regex[];
  readonly #allowedValues: readonly Regex[];
  readonly #everything: Regex;
  readonly #allTypes: boolean;
  readonly #looksAtValues: boolean;
  readonly #maskOf: (text: string) => string;
  readonly #summary: RedactionRules["summary"];

  constructor(rules: RedactionRules, limits: OttlLimits) {
    const compile = (pattern: string) => compileRegex(pattern, limits);
    this.#everything = compile(EVERYTHING);
    this.#allowed = rules.allow_all_keys ? undefined : new Set([...rules.allowed_keys, ...SUMMARY_KEYS]);
    this.#ignored = new Set(rules.ignored_keys);
    this.#ignoredPatterns = rules.ignored_key_patterns.map(compile);
    this.#blockedKeys = rules.blocked_key_patterns.map(compile);
    this.#blockedValues = rules.blocked_values.map(compile);
    this.#allowedValues = rules.allowed_values.map(compile);
    this.#allTypes = rules.redact_all_types;
    this.#looksAtValues = [this.#blockedKeys, this.#blockedValues, this.#allowedValues].some(({ length }) =>
      length > 0
    );
    this.#maskOf = maskOf(rules);
    this.#summary = rules.summary;
  }

  /** Attributes of anything. A key that comes twice keeps its first value: the other could not be told apart. */
  redact(attributes: OttlMap): void {
    const keys = noKeys();
    const rest: string[] = [];
    const seen = new Set<string>();
    attributes.deleteKeys((key) => {
      if (seen.has(key)) return true;
      seen.add(key);
      const list = this.#isIgnored(key) ? keys.ignored : this.#isRedacted(key) ? keys.redacted : rest;
      list.push(key);
      return list === keys.redacted;
    });
    if (this.#looksAtValues) { for (const key of rest) this.#redactAttribute(attributes, key, keys); }
    this.#summarize(attributes, "redaction", keys);
  }

  #redactAttribute(attributes: OttlMap, key: string, keys: Keys): void {
    const value = attributes.get(key) ?? null;
    const text = typeof value === "string" ? value : this.#allTypes ? textOf(value) : "";
    if (matchesAny(this.#allowedValues, text)) {
      keys.allowed.push(key);
      return;
    }
    const isBlocked = matchesAny(this.#blockedKeys, key);
    const masked = isBlocked ? this.#mask(text, this.#everything) : this.#maskBlocked(text);
    if (!isBlocked && masked === text) return;
    keys.masked.push(key);
    attributes.set(key, masked);
  }

  /**
   * The body of a log record; what is told of it goes to its attributes.
   *
   * @returns The same value when nothing changes.
   */
  redactBody(body: Value, attributes: OttlMap): Value {
    const keys = noKeys();
    const redacted = this.#redactValue(body, "", keys);
    this.#summarize(attributes, "redaction.body", keys);
    return redacted;
  }

  /** @param path Of the value in the body; empty for the body itself. */
  #redactValue(value: Value, path: string, keys: Keys): Value {
    if (value instanceof OttlMap) return this.#redactMap(value, path, keys);
    if (value instanceof OttlList) return this.#redactList(value, path, keys);
    const text = textOf(value);
    if (matchesAny(this.#allowedValues, text)) {
      // The reference counts no allowed body that is not in a map or list.
      if (path !== "") keys.allowed.push(path);
      return value;
    }
    const masked = this.#maskBlocked(text);
    if (masked === text) return value;
    keys.masked.push(path || "body");
    return masked;
  }

  #redactMap(map: OttlMap, path: string, keys: Keys): Value {
    const kept: [string, Value][] = [];
    let isChanged = false;
    for (const [key, value] of map.entries()) {
      const place = path === "" ? key : `${path}.${key}`;
      const after = this.#redactEntry(key, value, place, keys);
      if (after !== undefined) kept.push([key, after]);
      if (after !== value) isChanged = true;
    }
    return isChanged ? new PlainMap(kept) : map;
  }

  /** undefined: the entry goes. */
  #redactEntry(key: string, value: Value, place: string, keys: Keys): Value | undefined {
    if (this.#isIgnored(key)) {
      keys.ignored.push(place);
      return value;
    }
    if (this.#isRedacted(key)) {
      keys.redacted.push(place);
      return undefined;
    }
    if (!matchesAny(this.#blockedKeys, key)) return this.#redactValue(value, place, keys);
    keys.masked.push(place);
    return this.#mask(typeof value === "string" ? value : "", this.#everything);
  }

  #redactList(list: OttlList, path: string, keys: Keys): Value {
    const items = list.items.map((item, i) => this.#redactValue(item, path === "" ? `[${i}]` : `${path}.[${i}]`, keys));
    return items.some((item, i) => item !== list.items[i]) ? new OttlList(items) : list;
  }

  #isIgnored(key: string): boolean {
    return this.#ignored.has(key) || matchesAny(this.#ignoredPatterns, key);
  }

  #isRedacted(key: string): boolean {
    return this.#allowed !== undefined && !this.#allowed.has(key);
  }

  #maskBlocked(text: string): string {
    let masked = text;
    for (const regex of this.#blockedValues) masked = this.#mask(masked, regex);
    return masked;
  }

  #mask(text: string, regex: Regex): string {
    return regex.replaceAll(text, ({ groups }) => this.#maskOf(groups[0] ?? ""));
  }

  /** Adds to what an earlier processor told. */
  #summarize(attributes: OttlMap, prefix: string, keys: Keys): void {
    if (this.#summary !== "info" && this.#summary !== "debug") return;
    for (const fate of FATES) {
      const known = keys[fate];
      if (known.length === 0) continue;
      if (this.#summary === "debug" && fate !== "ignored") addKeys(attributes, `${prefix}.${fate}.keys`, known);
      const count = attributes.get(`${prefix}.${fate}.count`);
      attributes.set(`${prefix}.${fate}.count`, BigInt(known.length) + (typeof count === "bigint" ? count : 0n));
    }
  }
}

function addKeys(attributes: OttlMap, name: string, keys: readonly string[]): void {
  const before = attributes.get(name);
  const earlier = typeof before === "string" && before !== "" ? before.split(",") : [];
  attributes.set(name, [...keys, ...earlier].sort().join(","));
}

function noKeys(): Keys {
  return { redacted: [], masked: [], allowed: [], ignored: [] };
}

function matchesAny(regexes: readonly Regex[], text: string): boolean {
  for (const regex of regexes) if (regex.test(text)) return true;
  return false;
}

/** What stands in the place of a text. */
function maskOf({ hash_function: name, hmac_key: key }: RedactionRules): (text: string) => string {
  switch (name) {
    case "":
      return () => MASK;
    case "hmac-sha256":
      return hmac("sha256", key);
    case "hmac-sha512":
      return hmac("sha512", key);
    case "sha3":
      return (text) => digest("sha3-256", text);
    default:
      return (text) => digest(name, text);
  }
}
