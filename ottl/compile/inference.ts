/**
 * Which context a group of texts means: the most specific that its paths name, if it knows all functions and enums.
 *
 * Source: pkg/ottl 1.3, context inference, its oddities included; docs/ottl.md, "Contexts".
 *
 * @module
 */

import {
  type BooleanNode,
  type CallNode,
  operandsOf,
  type PathNode,
  type Span,
  type Statement,
  type ValueNode,
} from "../syntax/ast.ts";
import { type OttlProblem, OttlSyntaxError } from "../syntax/problem.ts";
import type { ContextDefinition, FunctionTable } from "./context.ts";

/** A context that is on offer, with all functions that statements and conditions may use there. */
export interface InferenceCandidate {
  readonly context: ContextDefinition;
  readonly functions: FunctionTable;
}

/** A parsed text. */
export type ParsedText = Statement | ParsedCondition;

export interface ParsedCondition {
  readonly kind: "condition";
  readonly text: string;
  readonly node: BooleanNode;
}

/** Most specific first. */
const PRIORITY: readonly string[] = [
  "log",
  "exemplar",
  "datapoint",
  "metric",
  "spanevent",
  "span",
  "profile",
  "scope",
  "instrumentation_scope",
  "resource",
];

/** A name and where it stands. */
interface Mention {
  readonly name: string;
  readonly text: string;
  readonly span: Span;
}

/** What a group of texts mentions. */
class Mentions {
  readonly contexts: Mention[] = [];
  readonly functions: Mention[] = [];
  readonly enums: Mention[] = [];
  #text = "";
  /** Parameters of the lambdas around: they are no paths. */
  #parameters: string[] = [];

  constructor(texts: readonly ParsedText[]) {
    for (const parsed of texts) {
      this.#text = parsed.text;
      if (parsed.kind === "condition") this.#boolean(parsed.node);
      else this.#statement(parsed);
    }
  }

  #statement({ editor, where }: Statement): void {
    this.#call(editor);
    if (where !== undefined) this.#boolean(where);
  }

  #boolean(node: BooleanNode): void {
    switch (node.kind) {
      case "or":
      case "and":
        return node.terms.forEach((term) => this.#boolean(term));
      case "not":
        return this.#boolean(node.term);
      case "comparison":
        this.#value(node.left);
        return this.#value(node.right);
      case "call":
        return this.#call(node);
      case "bool":
        return;
    }
  }

  #value(node: ValueNode): void {
    switch (node.kind) {
      case "path":
        return this.#path(node);
      case "call":
        return this.#call(node);
      case "enum":
        this.enums.push({ name: node.name, text: this.#text, span: node.span });
        return;
      case "math":
      case "sign":
      case "list":
      case "map":
        return operandsOf(node).forEach((operand) => this.#value(operand));
      case "lambda":
        return this.#lambda(node.parameters, node.body);
    }
  }

  #lambda(parameters: readonly string[], body: ValueNode | BooleanNode): void {
    const outer = this.#parameters;
    this.#parameters = [...outer, ...parameters];
    if (body.kind === "or" || body.kind === "and" || body.kind === "not" || body.kind === "comparison") {
      this.#boolean(body);
    } else this.#value(body);
    this.#parameters = outer;
  }

  #path({ fields }: PathNode): void {
    for (const key of fields.flatMap(({ keys }) => keys)) this.#value(key);
    const [first, second] = fields;
    const isContext = second !== undefined && first!.keys.length === 0 && !this.#parameters.includes(first!.name);
    if (isContext) this.contexts.push({ name: first!.name, text: this.#text, span: first!.span });
  }

  #call({ name, nameSpan, arguments: given, keys }: CallNode): void {
    this.functions.push({ name, text: this.#text, span: nameSpan });
    // A word alone as an argument is an enum symbol or the name of a converter: which, its place will tell.
    for (const { value } of given) if (value.kind !== "enum") this.#value(value);
    for (const key of keys) this.#value(key);
    for (const { value } of given) if (value.kind === "enum") this.#word(value.name, value.span);
  }

  #word(name: string, span: Span): void {
    this.enums.push({ name, text: this.#text, span });
  }
}

/**
 * The name of the context that all `texts` of a group mean together.
 *
 * @param candidates The contexts on offer.
 * @throws {OttlSyntaxError} Of category "inference": no path names a context, or none fits.
 */
export function inferContext(texts: readonly ParsedText[], candidates: readonly InferenceCandidate[]): string {
  const mentions = new Mentions(texts);
  const named = mostSpecific(mentions.contexts);
  if (named === undefined) throw failure(nothingNamed(texts, candidates));
  const candidate = candidates.find(({ context }) => context.name === named.name);
  const missing = candidate === undefined ? notOffered(named, candidates) : missingName(mentions, candidate);
  if (missing === undefined) return named.name;
  const lower = lowerContexts(named.name, mentions, candidates).find((each) =>
    missingName(mentions, each) === undefined
  );
  if (lower === undefined) throw failure(missing);
  return lower.context.name;
}

function priorityOf(name: string): number {
  const priority = PRIORITY.indexOf(name);
  return priority < 0 ? PRIORITY.length : priority;
}

function mostSpecific(contexts: readonly Mention[]): Mention | undefined {
  return contexts.toSorted((a, b) => priorityOf(a.name) - priorityOf(b.name))[0];
}

/** Contexts from whose items the named one can be reached, most specific first. */
function lowerContexts(
  name: string,
  { functions, enums }: Mentions,
  candidates: readonly InferenceCandidate[],
): InferenceCandidate[] {
  // The engine looks no further when there is no function or enum to look for, nor for the synonym of scope.
  if (name === "instrumentation_scope" || functions.length + enums.length === 0) return [];
  return candidates.filter(({ context }) => context.name !== name && context.prefixes.includes(name))
    .sort((a, b) => priorityOf(a.context.name) - priorityOf(b.context.name));
}

function missingName({ functions, enums }: Mentions, candidate: InferenceCandidate): OttlProblem | undefined {
  const { context, functions: table } = candidate;
  const missing = functions.find(({ name }) => !table.has(name));
  if (missing !== undefined) return unsupported(context.name, "function", missing);
  const symbol = enums.find(({ name }) => !context.enums.has(name) && !table.has(name));
  return symbol && unsupported(context.name, "enum symbol", symbol);
}

function unsupported(context: string, what: string, { name, text, span }: Mention): OttlProblem {
  return problem(text, span, `inferred context "${context}" does not support the ${what} "${name}"`);
}

function notOffered({ name, text, span }: Mention, candidates: readonly InferenceCandidate[]): OttlProblem {
  return problem(
    text,
    span,
    `inferred context "${name}" is not a valid candidate, one of ${namesOf(candidates)} is wanted`,
  );
}

function nothingNamed([first]: readonly ParsedText[], candidates: readonly InferenceCandidate[]): OttlProblem {
  const text = first?.text ?? "";
  const message = `unable to infer a context: no path begins with the name of one, ` +
    `${namesOf(candidates)} is wanted in front of a path, or an explicit context`;
  return problem(text, { start: 0, end: text.length }, message);
}

function namesOf(candidates: readonly InferenceCandidate[]): string {
  return candidates.map(({ context }) => context.name).join(", ");
}

function problem(text: string, span: Span, message: string): OttlProblem {
  return { category: "inference", message, text, span };
}

function failure(found: OttlProblem): OttlSyntaxError {
  return new OttlSyntaxError([found]);
}
