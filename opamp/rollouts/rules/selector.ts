/**
 * Selectors: which agents a configuration or a rollout is for.
 *
 *     selector  = "*" | condition { "," condition }
 *     condition = key ( "=" | "!=" ) value            equal, not equal
 *               | key ( "=~" | "!~" ) value           a regular expression (RE2) that matches the whole value, or does not
 *               | key [ "not" ] "in" "(" value { "," value } ")"
 *               | [ "!" ] key                         has it, lacks it
 *     key       = [ "label:" | "agent:" ] name        an attribute of the description, a label, or `agent:uid`
 *     name      = A-Z a-z 0-9 _ . / - | quoted
 *     value     = A-Z a-z 0-9 _ . / - : @ + | quoted
 *     quoted    = '"' any characters, '"' as \", "\" as \\ or alone: "gw-\d+" '"'
 *
 * Conditions are joined by "and". What an agent lacks is equal to nothing: `region != us` holds for an agent without a
 * region, as in Kubernetes and Prometheus. Patterns are compiled by what is handed in, which must run in linear time.
 *
 * @module
 */

import type { FleetAgent } from "../agents.ts";
import { InvalidRequestError } from "../errors.ts";

/** What a selector may cost. */
export const SELECTOR_LIMITS = {
  /** Characters. */
  maxLength: 4_096,
  maxConditions: 32,
  /** Values of one `in`. */
  maxValues: 256,
  /** Characters of one pattern. */
  maxPatternLength: 256,
} as const;

/**
 * Compiles a regular expression into a test that finds it anywhere in a text, in time linear in the text.
 *
 * @throws {Error} It is not a regular expression; its message says why.
 */
export type CompilePattern = (pattern: string) => (text: string) => boolean;

/** Where an agent is asked for a value. */
interface Key {
  readonly source: "attribute" | "label" | "agent";
  readonly name: string;
}

type Operator = "=" | "!=" | "=~" | "!~" | "in" | "not in" | "has" | "lacks";

interface Condition {
  readonly key: Key;
  readonly operator: Operator;
  readonly values: readonly string[];
  /** Of the value of an agent, which may have none. */
  readonly holds: (value: string | undefined) => boolean;
}

/** One condition asked of one agent. */
export interface ConditionResult {
  /** As the canonical selector writes it. */
  readonly condition: string;
  /** What the agent has; undefined when it has none. */
  readonly value: string | undefined;
  readonly holds: boolean;
}

/**
 * How much each condition says: a selector that says more is closer to the agent, and wins over one that says less at
 * the same priority.
 */
const SPECIFICITY: Readonly<Record<Operator, number>> = {
  "=": 8,
  in: 6,
  "=~": 4,
  has: 2,
  "!=": 1,
  "!~": 1,
  "not in": 1,
  lacks: 1,
};

/** A selector that was read. Two that say the same have the same `text`. */
export class Selector {
  /** Canonical: conditions sorted, each once, quotes only where they are needed. */
  readonly text: string;
  /** Sum over the conditions; 0 for `*`. */
  readonly specificity: number;
  readonly #conditions: readonly Condition[];

  constructor(conditions: readonly Condition[]) {
    const byText = new Map(conditions.map((condition) => [conditionText(condition), condition] as const));
    const texts = [...byText.keys()].sort();
    this.#conditions = texts.flatMap((text) => byText.get(text) ?? []);
    this.text = texts.length === 0 ? "*" : texts.join(", ");
    this.specificity = this.#conditions.reduce((sum, { operator }) => sum + SPECIFICITY[operator], 0);
  }

  matches(agent: FleetAgent): boolean {
    for (const { key, holds } of this.#conditions) {
      if (!holds(valueOf(agent, key))) return false;
    }
    return true;
  }

  /** Every condition, with what the agent has. */
  explain(agent: FleetAgent): ConditionResult[] {
    return this.#conditions.map((condition) => {
      const value = valueOf(agent, condition.key);
      return { condition: conditionText(condition), value, holds: condition.holds(value) };
    });
  }
}

/**
 * Reads a selector.
 *
 * @throws {InvalidRequestError} With the place under a caret.
 */
export function parseSelector(text: string, compilePattern: CompilePattern): Selector {
  return new Selector(new Parser(text, compilePattern).selector());
}

function valueOf(agent: FleetAgent, { source, name }: Key): string | undefined {
  if (source === "attribute") return agent.attribute(name);
  return source === "label" ? agent.label(name) : agent.uid;
}

const BARE_NAME = /[A-Za-z0-9_./-]+/y;
const BARE_VALUE = /[A-Za-z0-9_./:@+-]+/y;
const SPACE = /\s*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/sy;
const OPERATOR = /=~|!~|!=|=/y;
const IN = /in(?=[\s(])/y;
const NOT_IN = /not\s+in(?=[\s(])/y;
const SOURCE = /(label|agent):/y;

/** Reads from left to right; each method leaves the place after what it has read, and the space behind it. */
class Parser {
  readonly #text: string;
  readonly #compilePattern: CompilePattern;
  #at = 0;

  constructor(text: string, compilePattern: CompilePattern) {
    this.#text = text;
    this.#compilePattern = compilePattern;
    const { maxLength } = SELECTOR_LIMITS;
    if (text.length > maxLength) {
      throw invalid(`it has ${text.length} characters, wanted at most ${maxLength}`);
    }
  }

  selector(): Condition[] {
    this.#take(SPACE);
    if (this.#symbol("*")) {
      this.#end();
      return [];
    }
    const conditions: Condition[] = [];
    do {
      const at = this.#at;
      conditions.push(this.#condition());
      if (conditions.length > SELECTOR_LIMITS.maxConditions) {
        throw this.#problem(`at most ${SELECTOR_LIMITS.maxConditions} conditions are allowed`, at);
      }
    } while (this.#symbol(","));
    this.#end();
    return conditions;
  }

  #end(): void {
    if (this.#at < this.#text.length) throw this.#problem('expected "," or the end');
  }

  #condition(): Condition {
    if (this.#symbol("!")) return condition(this.#key(), "lacks", []);
    const key = this.#key();
    if (this.#take(NOT_IN) !== undefined) return condition(key, "not in", this.#list());
    if (this.#take(IN) !== undefined) return condition(key, "in", this.#list());
    const operator = this.#take(OPERATOR)?.[0] as "=" | "!=" | "=~" | "!~" | undefined;
    if (operator === undefined) return condition(key, "has", []);
    if (operator === "=" || operator === "!=") return condition(key, operator, [this.#value()]);
    return this.#pattern(key, operator);
  }

  #key(): Key {
    const at = this.#at;
    const source = this.#takeOnly(SOURCE)?.[1] as "label" | "agent" | undefined;
    const name = this.#word(BARE_NAME, "the name of an attribute");
    if (source === "agent" && name !== "uid") throw this.#problem("of the agent itself only agent:uid is known", at);
    return { source: source ?? "attribute", name };
  }

  #value(): string {
    return this.#word(BARE_VALUE, "a value");
  }

  #list(): string[] {
    if (!this.#symbol("(")) throw this.#problem('expected "("');
    const values: string[] = [];
    do {
      if (values.length === SELECTOR_LIMITS.maxValues) {
        throw this.#problem(`at most ${SELECTOR_LIMITS.maxValues} values are allowed`);
      }
      values.push(this.#value());
    } while (this.#symbol(","));
    if (!this.#symbol(")")) throw this.#problem('expected "," or ")"');
    return values;
  }

  #pattern(key: Key, operator: "=~" | "!~"): Condition {
    const at = this.#at;
    const pattern = this.#value();
    if (pattern.length > SELECTOR_LIMITS.maxPatternLength) {
      throw this.#problem(`at most ${SELECTOR_LIMITS.maxPatternLength} characters of a pattern are allowed`, at);
    }
    try {
      // On its own first: "a)(b" must not become one by the group around it.
      this.#compilePattern(pattern);
      return condition(key, operator, [pattern], this.#compilePattern(`^(?:${pattern})$`));
    } catch (thrown) {
      throw this.#problem(thrown instanceof Error ? thrown.message : "not a regular expression", at);
    }
  }

  #word(bare: RegExp, wanted: string): string {
    const quoted = this.#take(QUOTED);
    if (quoted !== undefined) return (quoted[1] ?? "").replace(/\\(["\\])/g, "$1");
    const word = this.#take(bare)?.[0];
    if (word === undefined) throw this.#problem(`expected ${wanted}`);
    return word;
  }

  #symbol(symbol: string): boolean {
    if (!this.#text.startsWith(symbol, this.#at)) return false;
    this.#at += symbol.length;
    this.#takeOnly(SPACE);
    return true;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    const match = this.#takeOnly(pattern);
    if (match !== undefined) this.#takeOnly(SPACE);
    return match;
  }

  #takeOnly(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    if (match !== undefined) this.#at = pattern.lastIndex;
    return match;
  }

  /** With the line of the place and a caret under it. */
  #problem(message: string, at = this.#at): InvalidRequestError {
    const start = this.#text.lastIndexOf("\n", at - 1) + 1;
    const end = this.#text.indexOf("\n", at);
    const line = this.#text.slice(start, end < 0 ? undefined : end);
    return invalid(`${message}\n${line}\n${" ".repeat(at - start)}^`);
  }
}

function invalid(message: string): InvalidRequestError {
  return new InvalidRequestError("read the selector", [{ path: "selector", message }]);
}

function condition(
  key: Key,
  operator: Operator,
  values: readonly string[],
  matches: (text: string) => boolean = () => false,
): Condition {
  return { key, operator, values, holds: testOf(operator, values, matches) };
}

function testOf(operator: Operator, values: readonly string[], matches: (text: string) => boolean): Condition["holds"] {
  const [first] = values;
  const among = new Set(values);
  switch (operator) {
    case "=":
      return (value) => value === first;
    case "!=":
      return (value) => value !== first;
    case "=~":
      return (value) => value !== undefined && matches(value);
    case "!~":
      return (value) => value === undefined || !matches(value);
    case "in":
      return (value) => value !== undefined && among.has(value);
    case "not in":
      return (value) => value === undefined || !among.has(value);
    case "has":
      return (value) => value !== undefined;
    case "lacks":
      return (value) => value === undefined;
  }
}

function conditionText({ key: { source, name }, operator, values }: Condition): string {
  const key = (source === "attribute" ? "" : `${source}:`) + written(name, BARE_NAME);
  if (operator === "has") return key;
  if (operator === "lacks") return `!${key}`;
  if (operator === "in" || operator === "not in") {
    return `${key} ${operator} (${[...new Set(values)].sort().map((value) => written(value, BARE_VALUE)).join(", ")})`;
  }
  return `${key} ${operator} ${written(values[0] ?? "", BARE_VALUE)}`;
}

/** In quotes where it is not a bare word. */
function written(word: string, bare: RegExp): string {
  bare.lastIndex = 0;
  const isBare = bare.exec(word)?.[0] === word;
  return isBare ? word : `"${word.replace(/["\\]/g, "\\$&")}"`;
}
