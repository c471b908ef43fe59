/**
 * XML texts as a row of tokens.
 *
 * Packages read documents, or fragments; the engine reads neither: text and several elements may stand at the top, a
 * document type too, attributes may come twice, and only the five predefined entities exist. Nothing outside the text is
 * ever looked up.
 *
 * Source: XML 1.0; Go encoding/xml `Decoder.Token` in strict mode.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { isBroken } from "../../values/utf8.ts";

export interface XmlAttribute {
  /** As written, with its prefix. */
  readonly name: string;
  /** Entities resolved. */
  readonly value: string;
}

export type XmlToken =
  | { readonly kind: "start"; readonly name: string; readonly attributes: readonly XmlAttribute[] }
  | { readonly kind: "end" }
  /** `text` has its entities resolved, the others stand as written, without their brackets. */
  | { readonly kind: "text" | "cdata" | "comment" | "directive"; readonly text: string }
  | { readonly kind: "instruction"; readonly target: string; readonly text: string };

const NAME = /[\p{L}\p{Nl}_:][\p{L}\p{Nl}\p{Nd}\p{M}_:\-.\u00b7]*/uy;
const SPACE = /[ \t\r\n]*/y;
const ENTITY = /&(?:#x([0-9a-fA-F]{1,8})|#([0-9]{1,9})|([a-z]+));|&/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", apos: "'", quot: '"' };
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/** @throws {OttlError} From `next`, of category "value": the text is no XML. Messages hold none of it. */
export class XmlReader {
  readonly #text: string;
  #at = 0;
  /** Names of the elements that are open. */
  readonly #open: string[] = [];
  /** The element that was just read has no content. */
  #closesNow = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether everything was read. */
  get isAtEnd(): boolean {
    return this.#at >= this.#text.length && !this.#closesNow;
  }

  /** How many elements are open. */
  get depth(): number {
    return this.#open.length;
  }

  /** The next token; undefined at the end. */
  next(): XmlToken | undefined {
    if (this.#closesNow) return this.#closeEmpty();
    if (this.#at < this.#text.length) return this.#readToken();
    if (this.#open.length > 0) throw invalid("unexpected end");
    return undefined;
  }

  #closeEmpty(): XmlToken {
    this.#closesNow = false;
    this.#open.pop();
    return { kind: "end" };
  }

  #readToken(): XmlToken {
    if (!this.#skip("<")) return this.#readText();
    if (this.#skip("/")) return this.#readEnd();
    if (this.#skip("?")) return this.#readInstruction();
    if (this.#skip("!--")) return this.#readComment();
    if (this.#skip("![CDATA[")) return { kind: "cdata", text: checkCharacters(lines(this.#until("]]>"))) };
    if (this.#skip("!")) return this.#readDirective();
    return this.#readStart();
  }

  #readText(): XmlToken {
    const end = this.#text.indexOf("<", this.#at);
    const raw = this.#text.slice(this.#at, end < 0 ? undefined : end);
    if (raw.includes("]]>")) throw invalid("]]> stands outside a CDATA section");
    this.#at += raw.length;
    return { kind: "text", text: resolve(raw) };
  }

  #readStart(): XmlToken {
    const name = this.#readName("an element name");
    const attributes: XmlAttribute[] = [];
    for (;;) {
      this.#skipSpace();
      if (this.#skip(">")) break;
      if (this.#skip("/>")) {
        this.#closesNow = true;
        break;
      }
      attributes.push(this.#readAttribute());
    }
    this.#open.push(name);
    return { kind: "start", name, attributes };
  }

  #readAttribute(): XmlAttribute {
    const name = this.#readName("an attribute name");
    this.#skipSpace();
    if (!this.#skip("=")) throw invalid("an attribute has no value");
    this.#skipSpace();
    const quote = this.#text.charAt(this.#at);
    if (quote !== '"' && quote !== "'") throw invalid("an attribute value has no quotes");
    this.#at++;
    const raw = this.#until(quote);
    if (raw.includes("<")) throw invalid("an attribute value has a < in it");
    return { name, value: resolve(raw) };
  }

  #readEnd(): XmlToken {
    const name = this.#readName("an element name");
    this.#skipSpace();
    if (!this.#skip(">")) throw invalid("an end tag has more than a name");
    if (this.#open.pop() !== name) throw invalid("an end tag closes no element that is open");
    return { kind: "end" };
  }

  #readInstruction(): XmlToken {
    const target = this.#readName("a target");
    this.#skipSpace();
    const text = this.#until("?>");
    const version = /\bversion\s*=\s*["']([^"']*)/.exec(text)?.[1] ?? "1.0";
    if (target === "xml" && version !== "1.0") throw invalid("its version is not 1.0");
    return { kind: "instruction", target, text };
  }

  #readComment(): XmlToken {
    const text = this.#until("--");
    if (!this.#skip(">")) throw invalid("a comment has -- in it");
    return { kind: "comment", text };
  }

  /** To the `>` that belongs to its `<`, outside quotes. */
  #readDirective(): XmlToken {
    const start = this.#at;
    let depth = 1;
    let quote = "";
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text.charAt(this.#at);
      if (quote !== "") quote = character === quote ? "" : quote;
      else if (character === '"' || character === "'") quote = character;
      else if (character === "<") depth++;
      else if (character === ">" && --depth === 0) {
        return { kind: "directive", text: this.#text.slice(start, this.#at++) };
      }
    }
    throw invalid("unexpected end");
  }

  #readName(what: string): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0];
    if (name === undefined || name.split(":").length > 2) throw invalid(`${what} is missing`);
    this.#at += name.length;
    return name;
  }

  #skip(what: string): boolean {
    if (!this.#text.startsWith(what, this.#at)) return false;
    this.#at += what.length;
    return true;
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }

  /** What stands before `mark`, which is passed. */
  #until(mark: string): string {
    const end = this.#text.indexOf(mark, this.#at);
    if (end < 0) throw invalid("unexpected end");
    const text = this.#text.slice(this.#at, end);
    this.#at = end + mark.length;
    return text;
  }
}

/** The name without its prefix. */
export function localName(name: string): string {
  return name.slice(prefixOf(name).length).replace(/^:(?=.)/, "");
}

/** Empty when there is none; a colon at either end makes none. */
export function prefixOf(name: string): string {
  const colon = name.indexOf(":");
  return colon < 0 || colon === name.length - 1 ? "" : name.slice(0, colon);
}

function resolve(raw: string): string {
  const text = lines(raw);
  if (!text.includes("&")) return checkCharacters(text);
  return checkCharacters(text.replace(ENTITY, (_, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return character(Number.parseInt(hex, 16));
    if (decimal !== undefined) return character(Number(decimal));
    const known = name !== undefined && Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    if (known === undefined) throw invalid("it has an entity that is not defined");
    return known;
  }));
}

function character(code: number): string {
  if (code > 0x10ffff) throw invalid("it has a character that does not exist");
  return String.fromCodePoint(code).toWellFormed();
}

/** Line breaks of every kind as one. */
function lines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

function checkCharacters(text: string): string {
  if (FORBIDDEN.test(text) || isBroken(text)) throw invalid("it has a character that XML forbids");
  return text;
}

function invalid(why: string): OttlError {
  return new OttlError("value", `cannot parse XML: ${why}`);
}
