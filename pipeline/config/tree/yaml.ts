/**
 * YAML text to a tree with places, within bounds.
 *
 * The parser is asked for strings only: what a scalar means is decided here, as the collector's reader decides it.
 * Anchors, aliases and merge keys are resolved; an alias counts each time it is used, so that a short text cannot
 * become a large tree.
 *
 * @module
 */

import * as YAML from "yaml";
import { atOnce, type Sliced } from "../../core/slices.ts";
import { errorAt, type Problem } from "../problem.ts";
import { excerptAt } from "./excerpt.ts";
import { type ConfigNode, emptyMap, type MapEntry, type MapNode, type Place, type TreeLimits } from "./node.ts";
import { resolvePlainScalar } from "./scalar.ts";

/** A text that was read. With problems, `node` holds what could be made of it and must not be used. */
export interface ParsedYaml {
  readonly node: ConfigNode;
  readonly problems: readonly Problem[];
  /** Whether it was given up at a bound. */
  readonly beyondLimits: boolean;
}

/** One broken quote can make an error of every line below it: these are enough. */
const MAX_SYNTAX_PROBLEMS = 20;

/** Lexemes for each node at the most: its text, indicators, spaces and comments. */
const LEXEMES_PER_NODE = 32;
/** What the lexer gives in front of each scalar that is not quoted. */
const SCALAR_MARK = "\u001f";
/** Scalars for each node at the most: a key, and its value. */
const SCALARS_PER_NODE = 2;
/** Lexemes that are read in one go: about 0.3 ms. */
const LEXEMES_PER_SLICE = 64;

const TAG = "tag:yaml.org,2002:";

const PARSE_OPTIONS = {
  schema: "failsafe",
  uniqueKeys: false, // checked here, in linear time
  resolveKnownTags: false,
  prettyErrors: false,
} as const satisfies YAML.ParseOptions & YAML.DocumentOptions & YAML.SchemaOptions;

/** Stops the reading of a text: it is past a bound. */
class Unreadable extends Error {
  constructor(readonly offset: number, message: string) {
    super(message);
  }
}

/**
 * Reads one YAML document.
 *
 * @param file What its places are called.
 */
export function parseYaml(source: string, file: string, limits: TreeLimits): ParsedYaml {
  return atOnce(parsingYaml(source, file, limits));
}

/** As `parseYaml`, in slices. */
export function* parsingYaml(source: string, file: string, limits: TreeLimits): Sliced<ParsedYaml> {
  const lines = new YAML.LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const start: Place = { file, line: 1, column: 1 };
  try {
    checkSize(source, limits);
    const document = yield* composing(source, lines, limits);
    if (document === undefined) return { node: nullScalar(start), problems: [], beyondLimits: false };
    const syntax = syntaxProblems(document, source, placeAt);
    if (syntax.length > 0) return { node: nullScalar(start), problems: syntax, beyondLimits: false };
    const reader = new TreeReader(document, placeAt, limits);
    return { node: reader.read(), problems: reader.problems, beyondLimits: false };
  } catch (thrown) {
    if (!(thrown instanceof Unreadable)) throw thrown;
    const place = thrown.offset < 0 ? { file, line: 0, column: 0 } : placeAt(thrown.offset);
    return { node: nullScalar(start), problems: [errorAt(place, [], thrown.message)], beyondLimits: true };
  }
}

function syntaxProblems(
  document: YAML.Document.Parsed,
  source: string,
  placeAt: (offset: number) => Place,
): readonly Problem[] {
  const errors = syntaxErrors(document);
  if (errors.length === 0) return [];
  const openQuote = unclosedQuote(source);
  const own = errors.filter(({ pos: [offset] }) => offset < openQuote)
    .map((error) => ({ offset: error.pos[0], message: syntaxMessage(error) }));
  const all = openQuote < Infinity ? [...own, { offset: openQuote, message: `is not YAML: ${NOT_CLOSED}` }] : own;
  const lines = source.split(/\r?\n/);
  return all.map(({ offset, message }) => {
    const place = placeAt(offset);
    return { ...errorAt(place, [], message), excerpt: excerptAt(lines, place.line, place.column) };
  });
}

const NOT_CLOSED = "the quote is not closed, wanted another one at the end of its text";

/** Where a text begins that has no end, and takes all below it in; Infinity when there is none. */
function unclosedQuote(source: string): number {
  let last = "";
  for (const lexeme of new YAML.Lexer().lex(source)) last = lexeme;
  const isQuoted = /^["']/.test(last);
  return isQuoted && (last.length === 1 || !last.endsWith(last.charAt(0))) ? source.length - last.length : Infinity;
}

/** A token in the wrong place makes those behind it wrong too: only the first of them is told. */
function syntaxErrors({ errors }: YAML.Document.Parsed): readonly YAML.YAMLParseError[] {
  const first = errors.findIndex(({ code }) => code === "UNEXPECTED_TOKEN");
  const own = errors.filter(({ code }, i) => code !== "UNEXPECTED_TOKEN" ? first === -1 || i < first : i === first);
  return own.slice(0, MAX_SYNTAX_PROBLEMS);
}

/** A text's tokens can quote the text, secrets and all: what stands behind the colon is left out. */
function syntaxMessage({ code, message }: YAML.YAMLParseError): string {
  const sentence = message.replace(/: ".*$/s, "");
  const hint = code === "UNEXPECTED_TOKEN" ? ': a text with ": ", { or } in it stands in quotes' : "";
  return `is not YAML: ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}${hint}`;
}

function checkSize(source: string, { maxSourceBytes }: TreeLimits): void {
  const bytes = source.length > maxSourceBytes ? source.length : new TextEncoder().encode(source).length;
  if (bytes > maxSourceBytes) throw new Unreadable(-1, `is larger than ${maxSourceBytes} bytes, wanted less`);
}

/** The text's only document, or undefined when there is nothing in it. */
function* composing(
  source: string,
  lines: YAML.LineCounter,
  limits: TreeLimits,
): Sliced<YAML.Document.Parsed | undefined> {
  const tokens = yield* boundedTokens(source, lines, limits);
  const [first, ...others] = new YAML.Composer(PARSE_OPTIONS).compose(tokens, true, source.length);
  yield;
  const another = others.find((document) => document.contents !== null && !isEmptyScalar(document.contents));
  if (first !== undefined && another !== undefined) {
    const { range } = another;
    first.errors.push(new YAML.YAMLParseError([range[0], range[1]], "MULTIPLE_DOCS", "Second document in one text"));
  }
  return first;
}

function isEmptyScalar(node: YAML.Node): boolean {
  return YAML.isScalar(node) && node.value === "";
}

/** The parser's tokens, given up as soon as they are too many or too deep: what reads them is recursive. */
function* boundedTokens(source: string, lines: YAML.LineCounter, limits: TreeLimits): Sliced<YAML.CST.Token[]> {
  const parser = new YAML.Parser(lines.addNewLine);
  const tokens: YAML.CST.Token[] = [];
  lines.addNewLine(0);
  let lexemes = 0;
  let scalars = 0;
  for (const lexeme of new YAML.Lexer().lex(source)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    lexemes += 1;
    if (lexeme === SCALAR_MARK) scalars += 1;
    if (lexemes % LEXEMES_PER_SLICE === 0) yield;
    // The stack holds the document, each open collection, and one more while a scalar or a pair is read.
    if (parser.stack.length > limits.maxDepth + 3) throw new Unreadable(parser.offset, tooDeep(limits));
    const isTooMany = scalars > limits.maxNodes * SCALARS_PER_NODE || lexemes > limits.maxNodes * LEXEMES_PER_NODE;
    if (isTooMany) throw new Unreadable(parser.offset, tooMany(limits));
  }
  tokens.push(...parser.end());
  return tokens;
}

const tooDeep = ({ maxDepth }: TreeLimits) => `is nested deeper than ${maxDepth} levels`;
const tooMany = ({ maxNodes }: TreeLimits) => `has more than ${maxNodes} values, aliases counted where they are used`;

function nullScalar(place: Place): ConfigNode {
  return { kind: "scalar", place, value: null, text: "" };
}

/** Makes a tree of one parsed document. */
class TreeReader {
  readonly problems: Problem[] = [];
  readonly #document: YAML.Document.Parsed;
  readonly #placeAt: (offset: number) => Place;
  readonly #limits: TreeLimits;
  readonly #targets: ReadonlyMap<YAML.Alias, YAML.Node>;
  #nodes = 0;

  constructor(document: YAML.Document.Parsed, placeAt: (offset: number) => Place, limits: TreeLimits) {
    this.#document = document;
    this.#placeAt = placeAt;
    this.#limits = limits;
    this.#targets = aliasTargets(document);
  }

  read(): ConfigNode {
    const { contents } = this.#document;
    return this.#node(contents, 0, this.#below(contents, 0));
  }

  #node(node: YAML.Node | null, fallbackOffset: number, depth: number): ConfigNode {
    const offset = node?.range?.[0] ?? fallbackOffset;
    if (YAML.isAlias(node)) return this.#alias(node, offset, depth);
    this.#count(offset, depth);
    if (YAML.isMap(node)) return this.#map(node, offset, depth);
    if (YAML.isSeq(node)) return this.#list(node, offset, depth);
    if (YAML.isScalar(node)) return this.#scalar(node, offset);
    return nullScalar(this.#placeAt(offset));
  }

  #count(offset: number, depth: number): void {
    this.#nodes += 1;
    if (this.#nodes > this.#limits.maxNodes) throw new Unreadable(offset, tooMany(this.#limits));
    if (depth > this.#limits.maxDepth) throw new Unreadable(offset, tooDeep(this.#limits));
  }

  /** An alias inside its own anchor ends at the depth bound, as every other nesting. */
  #alias(alias: YAML.Alias, offset: number, depth: number): ConfigNode {
    const target = this.#targets.get(alias);
    if (target === undefined) {
      this.#problem(offset, `is an alias of "${alias.source}", which is not anchored above`);
      return nullScalar(this.#placeAt(offset));
    }
    return this.#node(target, offset, depth);
  }

  #list(list: YAML.YAMLSeq, offset: number, depth: number): ConfigNode {
    this.#checkTag(list, offset, "seq");
    const items = (list.items as (YAML.Node | null)[]).map((item) =>
      this.#node(item, offset, this.#below(item, depth))
    );
    return { kind: "list", place: this.#placeAt(offset), items };
  }

  #map(map: YAML.YAMLMap, offset: number, depth: number): MapNode {
    this.#checkTag(map, offset, "map");
    const own = new Map<string, MapEntry>();
    const merged = new Map<string, MapEntry>();
    for (const pair of map.items as YAML.Pair<YAML.Node, YAML.Node | null>[]) {
      const keyOffset = pair.key.range?.[0] ?? offset;
      const node = this.#node(pair.value, keyOffset, this.#below(pair.value, depth));
      if (isMergeKey(pair.key)) this.#mergeInto(merged, node, keyOffset);
      else this.#put(own, pair.key, { keyPlace: this.#placeAt(keyOffset), node }, keyOffset);
    }
    if (merged.size === 0) return { kind: "map", place: this.#placeAt(offset), entries: own };
    return { kind: "map", place: this.#placeAt(offset), entries: new Map([...merged, ...own]) };
  }

  /** Collections count as levels; a scalar is on its collection's. */
  #below(node: YAML.Node | null, depth: number): number {
    return YAML.isScalar(node) || node === null ? depth : depth + 1;
  }

  #put(entries: Map<string, MapEntry>, key: YAML.Node, entry: MapEntry, offset: number): void {
    const name = this.#keyName(key);
    if (name === undefined) this.#problem(offset, "is not a key, wanted a name");
    else if (entries.has(name)) this.#problem(offset, `is the second key ${JSON.stringify(name)} of this map`);
    else entries.set(name, entry);
  }

  /** A key's text; a number or boolean is one too. undefined when it is empty or no scalar. */
  #keyName(key: YAML.Node): string | undefined {
    const scalar = YAML.isAlias(key) ? this.#targets.get(key) : key;
    if (!YAML.isScalar(scalar) || typeof scalar.value !== "string") return undefined;
    return scalar.type === "PLAIN" && resolvePlainScalar(scalar.value) === null ? undefined : scalar.value;
  }

  /** `<<: *a` or `<<: [*a, *b]`: what is there already wins. */
  #mergeInto(merged: Map<string, MapEntry>, node: ConfigNode, offset: number): void {
    const maps = node.kind === "list" ? node.items : [node];
    for (const map of maps) {
      if (map.kind !== "map") this.#problem(offset, "merges something that is no map, wanted a map or a list of maps");
      else for (const [key, entry] of map.entries) if (!merged.has(key)) merged.set(key, entry);
    }
  }

  #scalar(scalar: YAML.Scalar, offset: number): ConfigNode {
    const text = String(scalar.value);
    const place = this.#placeAt(offset);
    const tag = scalar.tag?.startsWith(TAG) ? scalar.tag.slice(TAG.length) : scalar.tag;
    if (tag === undefined) {
      const value = scalar.type === "PLAIN" ? resolvePlainScalar(text) : text;
      return { kind: "scalar", place, value, text };
    }
    if (tag === "str" || tag === "!") return { kind: "scalar", place, value: text, text };
    const value = resolvePlainScalar(text);
    if (!hasTag(tag, value)) this.#problem(offset, `has the tag ${JSON.stringify(tag)}, which does not fit its value`);
    return { kind: "scalar", place, value, text };
  }

  #checkTag(node: YAML.Node, offset: number, wanted: string): void {
    if (node.tag === undefined || node.tag === `${TAG}${wanted}` || node.tag === "!") return;
    this.#problem(offset, `has the tag ${JSON.stringify(node.tag)}, wanted none`);
  }

  #problem(offset: number, message: string): void {
    if (this.problems.length < MAX_SYNTAX_PROBLEMS) this.problems.push(errorAt(this.#placeAt(offset), [], message));
  }
}

function isMergeKey(key: YAML.Node): boolean {
  return YAML.isScalar(key) && key.type === "PLAIN" && key.value === "<<" && key.tag === undefined;
}

function hasTag(tag: string, value: unknown): boolean {
  if (tag === "null") return value === null;
  if (tag === "bool") return typeof value === "boolean";
  if (tag === "float") return typeof value === "number" || typeof value === "bigint";
  return tag === "int" && (typeof value === "bigint" || Number.isInteger(value));
}

/** What each alias stands for: the last node above it with that anchor. */
function aliasTargets(document: YAML.Document.Parsed): Map<YAML.Alias, YAML.Node> {
  const anchors = new Map<string, YAML.Node>();
  const targets = new Map<YAML.Alias, YAML.Node>();
  YAML.visit(document, {
    Alias(_, alias) {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value(_, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/** The tree's root when it must be a map: nothing at all is an empty one. */
export function asRoot(node: ConfigNode): { readonly root: MapNode; readonly problems: readonly Problem[] } {
  if (node.kind === "map") return { root: node, problems: [] };
  const root = emptyMap(node.place);
  if (node.kind === "scalar" && node.value === null) return { root, problems: [] };
  return { root, problems: [errorAt(node.place, [], "is no map, wanted one with receivers, exporters and service")] };
}
