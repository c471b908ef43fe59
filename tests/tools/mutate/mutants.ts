/**
 * Finds what can be changed in a TypeScript source, and writes one source that holds all the changes, each asleep.
 *
 * All mutants of a file are compiled into it, and a switch (`switch.ts`) wakes one at a time: so a process loads the
 * sources and the tests once, and not once a mutant. `a < b` becomes `(isMutant(7) ? (a <= b) : (a < b))`.
 *
 * @module
 */

import { parse } from "@babel/parser";

/** One change of a source. */
export interface Mutant {
  /** From 1, unique in a run. */
  readonly id: number;
  readonly path: string;
  /** From 1, as editors count. */
  readonly line: number;
  readonly column: number;
  /** The class and the functions around it, by name: `Deadlines.#fire`; "" at the top of the file. */
  readonly scope: string;
  /** The text of its line, trimmed. */
  readonly lineText: string;
  /** What it changes, on one line: `a < b -> a <= b`. */
  readonly change: string;
}

/** A range of a source, and what can stand in its place. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly scope: string;
  /** An empty replacement takes a statement away. */
  readonly replacements: Set<string>;
}

interface Insertion {
  readonly at: number;
  /** Of the range that it opens or closes. */
  readonly length: number;
  readonly closes: boolean;
  readonly text: string;
}

/** Of @babel/parser, as far as it is looked at here. */
interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const COMPARISONS: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
};

const ARITHMETIC: Readonly<Record<string, readonly string[]>> = {
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "<<": [">>"],
  ">>": ["<<"],
  ">>>": [">>", "<<"],
  "&": ["|"],
  "|": ["&"],
  "^": ["&"],
};

/** What a function that says it returns such a type may return instead. */
const EMPTY_VALUES: Readonly<Record<string, readonly string[]>> = {
  TSBooleanKeyword: ["true", "false"],
  TSTypePredicate: ["true", "false"],
  TSNumberKeyword: ["0"],
  TSBigIntKeyword: ["0n"],
  TSStringKeyword: ['""'],
  TSUndefinedKeyword: ["undefined"],
};

const LOOPS = new Set(["ForStatement", "WhileStatement", "DoWhileStatement", "ForOfStatement", "ForInStatement"]);
const REMOVABLE = new Set(["CallExpression", "AwaitExpression", "AssignmentExpression", "UpdateExpression"]);

/** Type syntax around a value; all other `TS…` nodes are types alone. */
const TYPED_VALUES = new Set([
  "TSAsExpression",
  "TSNonNullExpression",
  "TSSatisfiesExpression",
  "TSParameterProperty",
  "TSInstantiationExpression",
]);

/** As many numbers in a list are a table. */
const LEAST_TABLE = 4;

/** A change is shown shortened to this. */
const CHANGE_CHARS = 120;

/**
 * @param path As it is shown.
 * @param firstId Of the first mutant; the others follow.
 * @param switchPath What the instrumented source imports.
 * @throws {SyntaxError} `text` is not TypeScript.
 */
export function mutate(
  path: string,
  text: string,
  firstId: number,
  switchPath: string,
): { readonly mutants: readonly Mutant[]; readonly instrumented: string } {
  const finder = new Finder(text);
  finder.visit(parseSource(text), { scope: "", returns: [] });
  const mutants: Mutant[] = [];
  const insertions = [...finder.loops];
  for (const place of finder.places()) {
    const wakes = Array.from(place.replacements, (replacement) => {
      const mutant = describe(path, text, firstId + mutants.length, place, replacement);
      mutants.push(mutant);
      return { id: mutant.id, replacement };
    });
    insertions.push(...switched(place, wakes));
  }
  const prelude = `import { countTurn as $turn, isMutant as $mutant } from '${switchPath}'; `;
  return { mutants, instrumented: prelude + withInsertions(text, insertions) };
}

function parseSource(text: string): SyntaxNode {
  const { program } = parse(text, {
    sourceType: "module",
    plugins: ["typescript"],
    createParenthesizedExpressions: true,
  });
  return program as unknown as SyntaxNode;
}

function describe(path: string, text: string, id: number, place: Place, replacement: string): Mutant {
  const before = text.slice(0, place.start);
  const lineStart = before.lastIndexOf("\n") + 1;
  return {
    id,
    path,
    line: before.split("\n").length,
    column: place.start - lineStart + 1,
    scope: place.scope,
    lineText: text.slice(lineStart).split("\n", 1)[0]!.trim(),
    change: `${shortened(text.slice(place.start, place.end))} -> ${shortened(replacement) || "nothing"}`,
  };
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line.length <= CHANGE_CHARS) return line;
  return `${line.slice(0, CHANGE_CHARS / 2)}…${line.slice(-CHANGE_CHARS / 2)}`;
}

function switched({ start, end }: Place, wakes: readonly { id: number; replacement: string }[]): Insertion[] {
  const length = end - start;
  const [first] = wakes;
  if (first === undefined) return [];
  const [opening, closing] = first.replacement === ""
    ? [`{ if (!$mutant(${first.id})) `, " }"]
    : [`(${wakes.map(({ id, replacement }) => `$mutant(${id}) ? (${replacement}) : `).join("")}(`, "))"];
  return [{ at: start, length, closes: false, text: opening }, { at: end, length, closes: true, text: closing }];
}

/** Ranges lie in one another or apart: at one offset the inner ones close first, and the outer ones open first. */
function withInsertions(text: string, insertions: readonly Insertion[]): string {
  const sorted = insertions.toSorted((a, b) =>
    a.at - b.at || Number(b.closes) - Number(a.closes) || (a.closes ? a.length - b.length : b.length - a.length)
  );
  let written = "";
  let from = 0;
  for (const insertion of sorted) {
    written += text.slice(from, insertion.at) + insertion.text;
    from = insertion.at;
  }
  return written + text.slice(from);
}

/** Where in the source the walk is. */
interface Surroundings {
  readonly scope: string;
  /** What the function around it may return instead. */
  readonly returns: readonly string[];
}

class Finder {
  readonly #text: string;
  readonly #places = new Map<string, Place>();
  /** What counts the turns of loops. */
  readonly loops: Insertion[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** In the order of the source. */
  places(): Place[] {
    return [...this.#places.values()].toSorted((a, b) => a.start - b.start || b.end - a.end);
  }

  visit(node: SyntaxNode, outer: Surroundings): void {
    if (node.type.startsWith("TS") && !TYPED_VALUES.has(node.type)) return;
    if (node.type.startsWith("Import") || isSentence(node) || choosesSentence(node) || isTable(node)) return;
    const around = entered(node, outer);
    this.#mutate(node, around);
    if (LOOPS.has(node.type)) this.#countTurns(node["body"] as SyntaxNode);
    for (const [key, child] of Object.entries(node)) {
      if (!isSkipped(node, key)) { for (const each of nodesOf(child)) this.visit(each, around); }
    }
  }

  #mutate(node: SyntaxNode, { scope, returns }: Surroundings): void {
    const put = (place: SyntaxNode, ...replacements: string[]) => this.#put(place, scope, replacements);
    switch (node.type) {
      case "BinaryExpression":
        put(node, ...this.#binary(node));
        break;
      case "LogicalExpression":
        put(node, ...this.#logical(node));
        break;
      case "UnaryExpression":
        if (node["operator"] === "!") put(node, this.#textOf(node, "argument"));
        break;
      case "UpdateExpression":
        put(node, this.#update(node));
        break;
      case "AssignmentExpression":
        put(node, ...this.#compoundAssignment(node));
        break;
      case "NumericLiteral":
      case "BigIntLiteral":
        put(node, ...otherNumbers(node));
        break;
      case "BooleanLiteral":
        put(node, String(node["value"] !== true));
        break;
      case "IfStatement":
      case "ConditionalExpression":
        put(node["test"] as SyntaxNode, "true", "false");
        break;
      // Always true would only be endless, which the comparisons in it are often enough.
      case "WhileStatement":
      case "DoWhileStatement":
      case "ForStatement":
        if (isNode(node["test"])) put(node["test"], "false");
        break;
      case "ReturnStatement":
        if (isNode(node["argument"])) put(node["argument"], ...returns);
        break;
      case "ExpressionStatement":
        if (isRemovable(node["expression"] as SyntaxNode)) put(node, "");
        break;
    }
  }

  #put(node: SyntaxNode, scope: string, replacements: readonly string[]): void {
    const { start, end } = node;
    const fresh = replacements.filter((replacement) => replacement !== this.#text.slice(start, end));
    if (fresh.length === 0) return;
    const key = `${start} ${end}`;
    const place = this.#places.get(key) ?? { start, end, scope, replacements: new Set() };
    for (const replacement of fresh) place.replacements.add(replacement);
    this.#places.set(key, place);
  }

  #textOf(node: SyntaxNode, key: string): string {
    const { start, end } = node[key] as SyntaxNode;
    return this.#text.slice(start, end);
  }

  #binary(node: SyntaxNode): string[] {
    const operator = String(node["operator"]);
    const left = node["left"] as SyntaxNode;
    const right = node["right"] as SyntaxNode;
    if (operator === "+" && (isString(left) || isString(right))) return [];
    return (COMPARISONS[operator] ?? ARITHMETIC[operator] ?? []).map((other) =>
      `${this.#operand(left)} ${other} ${this.#operand(right)}`
    );
  }

  #logical(node: SyntaxNode): string[] {
    const [left, right] = [this.#textOf(node, "left"), this.#textOf(node, "right")];
    if (node["operator"] === "??") return [left, right];
    const other = node["operator"] === "&&" ? "||" : "&&";
    return [`${this.#operand(node["left"] as SyntaxNode)} ${other} ${this.#operand(node["right"] as SyntaxNode)}`];
  }

  /** In brackets where another operator might take it apart. */
  #operand(node: SyntaxNode): string {
    const text = this.#text.slice(node.start, node.end);
    return /^(?:Binary|Logical|Arrow|Conditional|Assignment|Yield)/.test(node.type) ? `(${text})` : text;
  }

  #update(node: SyntaxNode): string {
    const target = this.#textOf(node, "argument");
    const operator = node["operator"] === "++" ? "--" : "++";
    return node["prefix"] === true ? operator + target : target + operator;
  }

  #compoundAssignment(node: SyntaxNode): string[] {
    const others = ARITHMETIC[String(node["operator"]).slice(0, -1)] ?? [];
    if (isString(node["right"] as SyntaxNode)) return [];
    return others.map((other) => `${this.#textOf(node, "left")} ${other}= ${this.#textOf(node, "right")}`);
  }

  #countTurns(body: SyntaxNode): void {
    const { start, end } = body;
    // Inside of what else is put around the body's first statement, and outside of it where there is no block.
    if (body.type === "BlockStatement") {
      this.loops.push({ at: start + 1, length: Infinity, closes: false, text: " $turn();" });
    } else {
      const length = end - start + 0.5;
      this.loops.push({ at: start, length, closes: false, text: "{ $turn(); " });
      this.loops.push({ at: end, length, closes: true, text: " }" });
    }
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as SyntaxNode).type === "string" &&
    typeof (value as SyntaxNode).start === "number";
}

function nodesOf(value: unknown): SyntaxNode[] {
  return (Array.isArray(value) ? value : [value]).filter(isNode);
}

const UNVISITED = new Set([
  ...["typeAnnotation", "returnType", "typeParameters", "typeArguments", "superTypeParameters", "implements"],
  ...["leadingComments", "trailingComments", "innerComments", "extra", "loc"],
]);

function isSkipped(node: SyntaxNode, key: string): boolean {
  return UNVISITED.has(key) || (key === "key" && node["computed"] !== true);
}

function isString({ type }: SyntaxNode): boolean {
  return type === "StringLiteral" || type === "TemplateLiteral";
}

/** A text with blanks is for people: nothing decides by it. */
function isSentence(node: SyntaxNode): boolean {
  if (node.type === "StringLiteral") return String(node["value"]).includes(" ");
  if (node.type !== "TemplateLiteral") return false;
  return nodesOf(node["quasis"]).some(({ value }) => (value as { readonly raw: string }).raw.includes(" "));
}

function choosesSentence(node: SyntaxNode): boolean {
  return node.type === "ConditionalExpression" && isSentence(node["consequent"] as SyntaxNode) &&
    isSentence(node["alternate"] as SyntaxNode);
}

/** Numbers in a row are data: a test of them would say them once more. */
function isTable(node: SyntaxNode): boolean {
  if (node.type !== "ArrayExpression") return false;
  const elements = nodesOf(node["elements"]);
  return elements.length >= LEAST_TABLE && elements.every(({ type }) => type === "NumericLiteral");
}

/** Calls and assignments, but not `super(…)`, without which there is no object. */
function isRemovable(expression: SyntaxNode): boolean {
  if (!REMOVABLE.has(expression.type)) return false;
  return expression.type !== "CallExpression" || (expression["callee"] as SyntaxNode).type !== "Super";
}

/** Zero, one, and one more. */
function otherNumbers(node: SyntaxNode): string[] {
  if (node.type === "BigIntLiteral") {
    const value = BigInt(String(node["value"]));
    return [value + 1n, 0n, 1n].filter((other) => other !== value).map((other) => `${other}n`);
  }
  const value = Number(node["value"]);
  return [value + 1, 0, 1].filter((other) => other !== value).map(String);
}

function entered(node: SyntaxNode, outer: Surroundings): Surroundings {
  const name = nameOf(node);
  const scope = name === undefined ? outer.scope : [outer.scope, name].filter((part) => part !== "").join(".");
  return { scope, returns: isFunction(node) ? emptyReturns(node) : outer.returns };
}

function isFunction({ type }: SyntaxNode): boolean {
  return /Function|^(?:Class(?:Private)?|Object)Method$/.test(type);
}

function nameOf(node: SyntaxNode): string | undefined {
  const named = /^(?:Function|Class)Declaration$|^VariableDeclarator$/.test(node.type)
    ? node["id"]
    : /^(?:Class(?:Private)?(?:Method|Property)|ObjectMethod)$/.test(node.type)
    ? node["key"]
    : undefined;
  if (!isNode(named)) return undefined;
  if (named.type === "PrivateName") return `#${(named["id"] as SyntaxNode)["name"]}`;
  return typeof named["name"] === "string" ? named["name"] : undefined;
}

function emptyReturns(node: SyntaxNode): string[] {
  const annotation = node["returnType"];
  if (!isNode(annotation)) return [];
  let type = annotation["typeAnnotation"] as SyntaxNode;
  if (node["async"] === true) type = promised(type);
  const types = type.type === "TSUnionType" ? nodesOf(type["types"]) : [type];
  return types.flatMap((each) => EMPTY_VALUES[each.type] ?? []);
}

/** What a `Promise<…>` is of. */
function promised(type: SyntaxNode): SyntaxNode {
  const given = type["typeArguments"] ?? type["typeParameters"];
  return isNode(given) ? nodesOf(given["params"])[0] ?? type : type;
}
