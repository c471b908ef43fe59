/**
 * Grok: regular expressions made of named ones, `%{NUMBER:duration:float}`.
 *
 * Source: elastic/go-grok as ExtractGrokPatterns of the reference engine uses it.
 *
 * @module
 */

import type { OttlLimits } from "../../limits.ts";
import { compileRegex, type Regex } from "../../text/regex/regex.ts";
import { toBoolLike } from "../../values/convert.ts";
import { OttlError } from "../../values/errors.ts";
import { parseGoFloat, parseGoInt } from "../../values/numbers.ts";
import { PlainMap, type Value } from "../../values/value.ts";
import { GROK_PATTERNS } from "./grok_patterns.ts";

/** The regular expression that a pattern becomes, in UTF-16 units. */
const MAX_EXPANDED_LENGTH = 131_072;

/** Definitions within definitions, levels. */
const MAX_DEPTH = 64;

const REFERENCE = /%\{(\w+)(?::([\w+.]+)(?::(\w+))?)?\}/g;
/** Stands before the number of a group of ours: regular expressions know a name once, grok as often as it is written. */
const GROUP = "grok_";
/** What go-grok writes for a dot, which no group name may have. */
const DOT = /___/g;

export interface GrokOptions {
  /** Leaves out what has no name of its own. */
  readonly namedCapturesOnly: boolean;
  /** `NAME=regular expression`; they come before the built-in ones. */
  readonly definitions: readonly string[];
}

interface Field {
  readonly name: string;
  readonly type: string;
  /** Of the regular expression. */
  readonly group: number;
}

/** What a text said to a pattern: a map of its captures that are not empty; an empty one when it does not match. */
export type Grok = (text: string) => PlainMap;

/**
 * @throws {OttlError} A definition is missing or refers to itself, it is no regular expression, or too long; or only named
 *   captures are wanted and there are none.
 */
export function compileGrok(pattern: string, options: GrokOptions, limits: OttlLimits): Grok {
  const expander = new Expander(options);
  const expanded = expander.expand(pattern, []);
  const regex = compileRegex(expanded, { ...limits, maxPatternLength: MAX_EXPANDED_LENGTH });
  const fields = expander.fieldsOf(regex);
  if (options.namedCapturesOnly && fields.length === 0) {
    throw new OttlError("arg_value", "at least 1 named capture group must be supplied in the given regex");
  }
  return (text) => {
    const groups = regex.exec(text)?.groups ?? [];
    const captures = new PlainMap();
    for (const { name, type, group } of fields) {
      const captured = groups[group];
      if (captured !== undefined && captured !== "") captures.set(name, typed(captured, type));
    }
    return captures;
  };
}

class Expander {
  readonly #namedOnly: boolean;
  readonly #own: ReadonlyMap<string, string>;
  /** Names of our groups, by their number. */
  readonly #names: string[] = [];
  readonly #types = new Map<string, string>();
  #length = 0;

  constructor({ namedCapturesOnly, definitions }: GrokOptions) {
    this.#namedOnly = namedCapturesOnly;
    this.#own = new Map(definitions.map(readDefinition));
  }

  /** The regular expression of `pattern`. @param within Names of the definitions that it is in. */
  expand(pattern: string, within: readonly string[]): string {
    this.#length += pattern.length;
    if (this.#length > MAX_EXPANDED_LENGTH || within.length > MAX_DEPTH) {
      throw new OttlError("limit", "the grok pattern is too large");
    }
    return pattern.replace(REFERENCE, (_, syntax: string, name?: string, type?: string) => {
      const opening = this.#open(syntax, name, type);
      return `${opening}${this.expand(this.#definition(syntax, within), [...within, syntax])})`;
    });
  }

  /** The captures of the regular expression, in its order. */
  fieldsOf(regex: Regex): readonly Field[] {
    return [...regex.groupNumbers].map(([groupName, group]) => {
      const ours = groupName.startsWith(GROUP) ? this.#names[Number(groupName.slice(GROUP.length))] : undefined;
      const name = ours ?? groupName.replace(DOT, ".");
      return { name, type: this.#types.get(name) ?? "string", group };
    });
  }

  #open(syntax: string, name: string | undefined, type: string | undefined): string {
    if (this.#namedOnly && name === undefined) return "(?:";
    if (name !== undefined && type !== undefined) this.#types.set(name, type);
    this.#names.push(name ?? syntax);
    return `(?P<${GROUP}${this.#names.length - 1}>`;
  }

  #definition(name: string, within: readonly string[]): string {
    const definition = this.#own.get(name) ?? GROK_PATTERNS.get(name);
    if (definition === undefined) throw new OttlError("arg_value", `the grok pattern ${name} is not defined`);
    if (within.includes(name)) throw new OttlError("arg_value", `the grok pattern ${name} is defined by itself`);
    return definition;
  }
}

function readDefinition(definition: string): [string, string] {
  const equals = definition.indexOf("=");
  const name = definition.slice(0, Math.max(0, equals));
  if (equals < 0) {
    throw new OttlError("arg_value", "a grok pattern definition must have the form NAME=regular expression");
  }
  if (name.includes(":")) throw new OttlError("arg_value", "the name of a grok pattern definition cannot have a colon");
  return [name, definition.slice(equals + 1)];
}

function typed(text: string, type: string): Value {
  switch (type) {
    case "string":
      return text;
    case "int":
    case "long":
      return parseGoInt(text);
    case "float":
    case "double":
      return parseGoFloat(text);
    case "bool":
    case "boolean":
      return toBoolLike(text);
    default:
      throw new OttlError("value", `there is no type ${type} for a grok capture`);
  }
}
