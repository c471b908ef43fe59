/**
 * A YAML document of the plain kind that nearly every tenant's file is, read in a fiftieth of the time that a whole YAML
 * reader takes: block maps and lists, words, numbers, quoted texts without escapes, lists of words in brackets, comments
 * on lines of their own. Whatever else there is (and whatever is wrong) is for the whole reader.
 *
 * @module
 */

import { resolvePlainScalar } from "../../pipeline/config/tree/scalar.ts";

const KEY = /^[A-Za-z_][A-Za-z0-9_.]*:(?: |$)/;
/** No character that YAML may mean something by; a colon is one only before a blank, a dash only at the beginning. */
const WORD = /^(?:[A-Za-z0-9_./+]|-(?=[A-Za-z0-9_.]))(?:[A-Za-z0-9_./+@=-]|:(?=[A-Za-z0-9_./+@=-]))*$/;
const QUOTED = /^(?:"[ !#-\[\]-~]*"|'[ -&(-~]*')$/;
const WORDS = /^\[ *([A-Za-z][A-Za-z0-9_./-]*(?: *, *[A-Za-z][A-Za-z0-9_./-]*)*) *\]$/;
const DIGITS = /^(?:0|[1-9]\d{0,14})$/;
/** Means nothing but its text: longer than `false`, or with a letter that no number has, as many ids of keys. */
const TEXT = /^(?:[A-Za-z]\w{5}|\d\w*[g-np-wyz])/;
const MAX_DEPTH = 8;
const BLANK = 0x20;
const DASH = 0x2d;
const HASH = 0x23;
const NEWLINE = 0x0a;

/** Top-level blocks that a reader remembers. */
const MAX_BLOCKS = 1_024;
/** The longest that is remembered, characters. */
const MAX_BLOCK_CHARS = 1_024;

/** One key of a document with what stands below it; neither, where there are comments alone. */
interface Block {
  readonly key: string | undefined;
  readonly value: unknown;
}

/**
 * Reads many documents of one kind: what stands below a key is the same in many of them, and is read once.
 *
 * @param own Keys below which each document has its own: they are not remembered.
 */
export class SimpleYaml {
  readonly #own: ReadonlySet<string>;
  readonly #known = new Map<string, Block>();

  constructor(own: Iterable<string> = []) {
    this.#own = new Set(own);
  }

  /**
   * What the document says; undefined when it is not of the plain kind. Numbers are as their text has them. Values may be
   * those of other documents: they are not to be written to.
   */
  read(text: string): Record<string, unknown> | undefined {
    const document: Record<string, unknown> = {};
    let isEmpty = true;
    for (let start = 0, end = 0; start < text.length; start = end) {
      end = blockEnd(text, start);
      const block = this.#block(text.slice(start, end));
      if (block === undefined) return undefined;
      const { key, value } = block;
      if (key === undefined) continue;
      if (document[key] !== undefined) return undefined;
      document[key] = value;
      isEmpty = false;
    }
    return isEmpty ? undefined : document;
  }

  #block(text: string): Block | undefined {
    if (text.length > MAX_BLOCK_CHARS || this.#own.has(text.slice(0, text.indexOf(":")))) return readBlock(text);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const block = readBlock(text);
    if (block !== undefined && this.#known.size < MAX_BLOCKS) this.#known.set(text, block);
    return block;
  }
}

/** Behind the last line that belongs to the key before: one that is indented, an item, a comment, or empty. */
function blockEnd(text: string, start: number): number {
  for (let at = start;;) {
    at = text.indexOf("\n", at) + 1;
    if (at === 0) return text.length;
    const code = text.charCodeAt(at);
    if (code !== BLANK && code !== DASH && code !== HASH && code !== NEWLINE) return at;
  }
}

function readBlock(text: string): Block | undefined {
  try {
    return new SimpleReader(text).block();
  } catch (thrown) {
    if (thrown === NOT_PLAIN) return undefined;
    throw thrown;
  }
}

/** Thrown where the reader gives up; one, since a stack of each would cost more than the reading. */
const NOT_PLAIN = new Error("not plain");

class SimpleReader {
  readonly #text: string;
  /** Of the line that is read: where it begins behind its blanks, how many those are (-1: there is no line), where it ends. */
  #start = 0;
  #indent = -1;
  #end = -1;

  constructor(text: string) {
    this.#text = text;
    this.#advance();
  }

  block(): Block {
    if (this.#indent < 0) return { key: undefined, value: undefined };
    const map = this.#map(0, 0);
    const [key, ...others] = Object.keys(map);
    if (key === undefined || others.length > 0 || this.#indent >= 0) throw NOT_PLAIN;
    return { key, value: map[key] };
  }

  /** To the next line that is neither empty nor a comment. */
  #advance(): void {
    const text = this.#text;
    for (let from = this.#end + 1; from < text.length; from = this.#end + 1) {
      const newline = text.indexOf("\n", from);
      this.#end = newline < 0 ? text.length : newline;
      let at = from;
      while (text.charCodeAt(at) === BLANK) at++;
      if (at === this.#end || text.charCodeAt(at) === HASH) continue;
      this.#start = at;
      this.#indent = at - from;
      return;
    }
    this.#indent = -1;
  }

  /** The map whose keys stand at `indent`, which must be at least one. */
  #map(indent: number, depth: number): Record<string, unknown> {
    if (depth > MAX_DEPTH || this.#indent !== indent) throw NOT_PLAIN;
    const map: Record<string, unknown> = {};
    while (this.#indent === indent) this.#entry(map, indent, depth);
    if (this.#indent > indent) throw NOT_PLAIN;
    return map;
  }

  #entry(map: Record<string, unknown>, indent: number, depth: number): void {
    const [text, end] = [this.#text, this.#end];
    const colon = text.indexOf(":", this.#start);
    if (colon < 0 || colon >= end) throw NOT_PLAIN;
    const key = text.slice(this.#start, colon);
    if (!isPlainKey(key) || map[key] !== undefined) throw NOT_PLAIN;
    let start = colon + 1;
    if (start < end && text.charCodeAt(start) !== BLANK) throw NOT_PLAIN;
    while (text.charCodeAt(start) === BLANK) start++;
    this.#advance();
    map[key] = start === end ? this.#below(indent, depth + 1) : valueOf(text.slice(start, end));
  }

  /** What stands below a key without a value: a map further in, or a list that may stand as far out as its key. */
  #below(indent: number, depth: number): unknown {
    const inner = this.#indent;
    if (inner >= indent && this.#isItem()) return this.#list(inner, depth);
    if (inner > indent) return this.#map(inner, depth);
    throw NOT_PLAIN; // a key without anything is null
  }

  #list(indent: number, depth: number): unknown[] {
    if (depth > MAX_DEPTH) throw NOT_PLAIN;
    const list: unknown[] = [];
    while (this.#indent === indent && this.#isItem()) {
      let at = this.#start + 2;
      while (this.#text.charCodeAt(at) === BLANK) at++;
      const line = this.#text.slice(at, this.#end);
      if (KEY.test(line)) {
        // `- key: value` begins a map as far in as the key stands.
        this.#indent += at - this.#start;
        this.#start = at;
        list.push(this.#map(this.#indent, depth + 1));
      } else {
        list.push(valueOf(line));
        this.#advance();
      }
    }
    if (this.#indent > indent) throw NOT_PLAIN;
    return list;
  }

  #isItem(): boolean {
    return this.#text.charCodeAt(this.#start) === DASH && this.#text.charCodeAt(this.#start + 1) === BLANK;
  }
}

/** Keys that were found to be plain: a fleet's files have the same few. */
const plainKeys = new Set<string>();
const MAX_PLAIN_KEYS = 256;

/** A word that is nothing else to YAML, as `yes` is, and nothing else to an object. */
function isPlainKey(key: string): boolean {
  if (plainKeys.has(key)) return true;
  const isPlain = KEY.test(`${key}:`) && typeof resolvePlainScalar(key) === "string" && !(key in Object.prototype);
  if (isPlain && plainKeys.size < MAX_PLAIN_KEYS) plainKeys.add(key);
  return isPlain;
}

function valueOf(text: string): unknown {
  if (WORD.test(text)) return wordOf(text);
  if (QUOTED.test(text)) return text.slice(1, -1);
  const [, words] = WORDS.exec(text) ?? [];
  if (words === undefined) throw NOT_PLAIN;
  return words.split(",").map((word) => wordOf(word.trim()));
}

/** A number or a truth value only where its text is the one that anybody would write: a schema may ask for the text. */
function wordOf(text: string): string | number | boolean {
  if (TEXT.test(text)) return text;
  if (DIGITS.test(text)) return Number(text); // as nearly all numbers are; they need no BigInt
  const value = resolvePlainScalar(text);
  if (typeof value === "string") return value;
  if ((typeof value === "number" || typeof value === "boolean") && String(value) === text) return value;
  throw NOT_PLAIN;
}
