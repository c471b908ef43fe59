/**
 * What a User-Agent header tells, by the public database of uap-core.
 *
 * The package brings the database only, so its patterns run on our regular expressions: in linear time.
 *
 * Source: uap-core 0.18, docs/specification.md.
 *
 * @module
 */

import DATABASE from "uap-core/regexes.yaml" with { type: "text" };
import { parse } from "yaml";
import { DEFAULT_OTTL_LIMITS } from "../limits.ts";
import { compileTemplate } from "../text/regex/expand.ts";
import { compileRegex, type RegexMatch } from "../text/regex/regex.ts";

/** Of a header, in UTF-16 units; patterns do not see what is behind. */
export const MAX_USER_AGENT_LENGTH = 2_048;

export interface UserAgent {
  /** "Other" when it is not known. */
  readonly name: string;
  /** Parts that are known, joined with dots; may be empty. */
  readonly version: string;
  /** "Other" when it is not known. */
  readonly osName: string;
  readonly osVersion: string;
}

interface Product {
  readonly family: string;
  readonly version: string;
}

type Search = (text: string) => Product;

/** What a text that matches a pattern tells. */
type Rule = (text: string) => Product | undefined;

type Row = Readonly<Record<string, string | undefined>>;

const AGENT_VERSIONS = ["v1_replacement", "v2_replacement", "v3_replacement"];
const SYSTEM_VERSIONS = ["os_v1_replacement", "os_v2_replacement", "os_v3_replacement", "os_v4_replacement"];

const OTHER: Product = { family: "Other", version: "" };

/** Reads the database the first time, for up to a second; so to be called when a statement loads, not when it runs. */
export const userAgentParser: () => (header: string) => UserAgent = once(() => {
  // Devices are two thirds of it, and not wanted.
  const { user_agent_parsers, os_parsers } = parse(DATABASE.slice(0, DATABASE.indexOf("\ndevice_parsers:"))) as {
    readonly user_agent_parsers: readonly Row[];
    readonly os_parsers: readonly Row[];
  };
  const agentOf = searchOf(user_agent_parsers, "family_replacement", AGENT_VERSIONS);
  const systemOf = searchOf(os_parsers, "os_replacement", SYSTEM_VERSIONS);
  return (header) => {
    const text = header.slice(0, MAX_USER_AGENT_LENGTH);
    const agent = agentOf(text);
    const system = systemOf(text);
    return { name: agent.family, version: agent.version, osName: system.family, osVersion: system.version };
  };
});

/** The first rule that gives a family wins. */
function searchOf(rows: readonly Row[], family: string, versions: readonly string[]): Search {
  const rules = rows.map((row) => ruleOf(row, family, versions));
  return (text) => {
    for (const rule of rules) {
      const product = rule(text);
      if (product !== undefined && product.family !== "") return product;
    }
    return OTHER;
  };
}

function ruleOf(row: Row, family: string, versions: readonly string[]): Rule {
  const regex = compileRegex(row.regex!, DEFAULT_OTTL_LIMITS);
  const familyOf = compileTemplate(row[family] ?? "$1");
  const partsOf = versions.map((name, i) => compileTemplate(row[name] ?? `$${i + 2}`));
  return (text) => {
    const match = regex.exec(text);
    return match === null ? undefined : { family: familyOf(match).trim(), version: joinParts(partsOf, match) };
  };
}

/** Up to the first part that is missing. */
function joinParts(partsOf: readonly ((match: RegexMatch) => string)[], match: RegexMatch): string {
  const parts = partsOf.map((part) => part(match).trim());
  const end = parts.indexOf("");
  return parts.slice(0, end < 0 ? undefined : end).join(".");
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
