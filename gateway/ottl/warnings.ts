/**
 * What loads and can still never work: comparisons of types that are never equal, values of a type that their place never
 * takes, attributes set to nil. Only what is sure is told.
 *
 * @module
 */

import type { FunctionTable, OttlProblem, ParsedCondition, Statement } from "../../ottl/mod.ts";
import type { Parameter } from "../../ottl/functions/definition.ts";
import {
  type ArgumentNode,
  type BooleanNode,
  type CallNode,
  type ComparisonNode,
  operandsOf,
  type Span,
  type ValueNode,
} from "../../ottl/syntax/ast.ts";
import { type Kind, PLAIN_KINDS, type TextKinds } from "./kinds.ts";

/** What the texts of a group may name. */
export interface Names {
  readonly functions: FunctionTable;
  readonly enums: ReadonlyMap<string, bigint>;
}

/** The type that a parameter's value must have. */
const WANTED: Readonly<Partial<Record<Parameter["kind"], string>>> = {
  ...{ str: "string", int: "int", float: "float", bool: "bool", map: "map", time: "time", duration: "duration" },
  "path-map": "map",
};

/** Types that no attribute holds. */
const NOT_IN_ATTRIBUTES: ReadonlySet<Kind> = new Set(["time", "duration", "TraceID", "SpanID", "ProfileID"]);

/** Editors that change strings and let all else be. */
const STRING_EDITORS: ReadonlySet<string> = new Set(["replace_pattern", "replace_match"]);

/** Warnings of one text. */
export function warningsOf(parsed: Statement | ParsedCondition, kinds: TextKinds, names: Names): OttlProblem[] {
  const look = new Look(parsed.text, kinds, names);
  if ("node" in parsed) look.condition(parsed.node);
  else {
    look.editor(parsed.editor);
    if (parsed.where !== undefined) look.condition(parsed.where);
  }
  return look.warnings;
}

class Look {
  readonly warnings: OttlProblem[] = [];
  readonly #text: string;
  readonly #kinds: TextKinds;
  readonly #names: Names;

  constructor(text: string, kinds: TextKinds, names: Names) {
    this.#text = text;
    this.#kinds = kinds;
    this.#names = names;
  }

  condition(node: BooleanNode): void {
    switch (node.kind) {
      case "or":
      case "and":
        for (const term of node.terms) this.condition(term);
        return;
      case "not":
        return this.condition(node.term);
      case "comparison":
        return this.#comparison(node);
      case "call": {
        const kind = this.#kinds.of(node);
        if (kind !== undefined && kind !== "bool") {
          this.#warn(node.span, `gives ${kind}, never a bool: it always fails`);
        }
        return this.#value(node);
      }
    }
  }

  editor(node: CallNode): void {
    this.#call(node);
    const [target, value] = node.arguments;
    if (target === undefined || target.value.kind !== "path") return;
    const kind = this.#kinds.of(target.value);
    if (STRING_EDITORS.has(node.name) && kind !== undefined && kind !== "string") {
      this.#warn(target.value.span, `is ${kind}, never a string: ${node.name} never changes it`);
    }
    if (node.name === "set" && value !== undefined) this.#set(target.value, kind, value.value);
  }

  #set(target: ValueNode & { readonly kind: "path" }, kind: Kind, value: ValueNode): void {
    const given = this.#kinds.of(value);
    if (given === undefined) return;
    const last = target.fields.at(-1)!;
    if (last.name === "attributes" && last.keys.length > 0) return this.#setAttribute(last.keys.length, target, value);
    if (kind === undefined || given === kind || !this.#kinds.refuses(target, given)) return;
    this.#warn(value.span, `is ${given}, but ${this.#kinds.written(target)} takes ${kind}: it always fails`);
  }

  #setAttribute(keys: number, target: ValueNode, value: ValueNode): void {
    const given = this.#kinds.of(value);
    const path = this.#kinds.written(target);
    if (given === "nil" && keys === 1) {
      const [map, key] = [path.slice(0, path.lastIndexOf("[")), path.slice(path.lastIndexOf("[") + 1, -1)];
      this.#warn(value.span, `leaves the attribute there, empty; delete_key(${map}, ${key}) takes it out`);
    } else if (NOT_IN_ATTRIBUTES.has(given)) {
      this.#warn(value.span, `is ${given}, which no attribute holds: it always fails`);
    }
  }

  #comparison({ left, operator, right, span }: ComparisonNode): void {
    this.#value(left);
    this.#value(right);
    const kinds = [this.#kinds.of(left), this.#kinds.of(right)] as const;
    if (!this.#areNeverEqual(left, right)) return;
    const answer = operator === "!=" ? "true" : "false";
    const hint = this.#hint(left, right) ?? this.#hint(right, left) ?? "";
    this.#warn(span, `compares ${kinds[0]} with ${kinds[1]}, which is always ${answer}${hint}`);
  }

  #areNeverEqual(left: ValueNode, right: ValueNode): boolean {
    const a = this.#kinds.of(left);
    const b = this.#kinds.of(right);
    if (a === undefined || b === undefined || a === b) return false;
    // A converter may give nil in the place of its type.
    if (a === "nil") return right.kind !== "call" && PLAIN_KINDS.has(b);
    if (b === "nil") return left.kind !== "call" && PLAIN_KINDS.has(a);
    return !(isNumber(a) && isNumber(b));
  }

  /** What may have been meant with a string. */
  #hint(side: ValueNode, other: ValueNode): string | undefined {
    if (other.kind !== "string" || side.kind !== "path") return undefined;
    const path = this.#kinds.written(side);
    if (this.#kinds.of(side)?.endsWith("ID")) return `, did you mean ${path}.string?`;
    if (this.#kinds.of(side) !== "int") return undefined;
    const topic = side.fields.at(-1)!.name.toUpperCase();
    const symbols = [...this.#names.enums.keys()].filter((name) => name.endsWith(`_${other.value.toUpperCase()}`));
    const symbol = symbols.find((name) => name.includes(topic)) ?? symbols[0];
    return symbol === undefined ? undefined : `, did you mean ${symbol}?`;
  }

  #value(node: ValueNode): void {
    switch (node.kind) {
      case "call":
        return this.#call(node);
      case "math":
      case "sign":
      case "list":
      case "map":
        return operandsOf(node).forEach((operand) => this.#value(operand));
    }
  }

  #call({ name, arguments: given }: CallNode): void {
    const parameters = Object.entries(this.#names.functions.get(name)?.parameters ?? {});
    given.forEach((argument, i) => {
      const found = argument.name === undefined ? parameters[i] : parameters.find(([key]) => isNamed(key, argument));
      if (found !== undefined) this.#argument(name, found, argument.value);
      this.#value(argument.value);
    });
  }

  #argument(name: string, [key, { kind }]: readonly [string, Parameter], value: ValueNode): void {
    const wanted = WANTED[kind];
    const given = this.#kinds.of(value);
    if (wanted === undefined || given === undefined || given === wanted) return;
    this.#warn(value.span, `is ${given}, but ${key} of ${name} takes ${wanted}: it always fails`);
  }

  #warn(span: Span, what: string): void {
    const message = `warning: ${this.#text.slice(span.start, span.end)} ${what}`;
    this.warnings.push({ category: "type", message, text: this.#text, span });
  }
}

function isNumber(kind: Kind): boolean {
  return kind === "int" || kind === "float";
}

/** Named arguments are snake_case or camelCase. */
function isNamed(key: string, { name = "" }: ArgumentNode): boolean {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()) === key;
}
