/**
 * The Common Log Format of web servers, and the combined format, which adds referer and user agent.
 *
 * @module
 */

import type { OttlLimits } from "../../limits.ts";
import { OttlError } from "../../values/errors.ts";
import { parseGoInt } from "../../values/numbers.ts";
import { joinUtf8 } from "../../values/utf8.ts";
import { PlainMap, type Value } from "../../values/value.ts";
import { checkParseSize } from "../bounds.ts";

export type ClfFormat = "clf" | "combined";

const ESCAPES: Readonly<Record<string, string>> = {
  '\\"': '"',
  "\\\\": "\\",
  "\\b": "\b",
  "\\f": "\f",
  "\\n": "\n",
  "\\r": "\r",
  "\\t": "\t",
  "\\v": "\v",
};

/**
 * The fields of one line as `clf.…`; `clf.bytes` is absent for "-", the parts of the request when it has not three.
 *
 * @throws {OttlError} Empty, not of the format, a status or number of bytes that is none, or past a bound.
 */
export function parseClf(text: string, format: ClfFormat, limits: OttlLimits): PlainMap {
  checkParseSize(text, "CLF", limits);
  if (text === "") throw new OttlError("value", "cannot parse empty CLF message");
  const line = new Line(text.trim(), format);
  const fields: [string, Value][] = [
    ["clf.remote_host", line.word()],
    ["clf.rfc931", line.word()],
    ["clf.auth_user", line.word()],
    ["clf.timestamp", line.bracketed()],
  ];
  const request = unescaped(line.quoted());
  fields.push(["clf.request", request], ...requestParts(request));
  const [status, bytes] = [line.word(), line.word()];
  if (format === "combined") {
    fields.push(["clf.referer", unescaped(line.quoted())], ["clf.user_agent", unescaped(line.quoted())]);
  }
  line.end();
  fields.push(["clf.status", parseGoInt(status)]);
  if (bytes !== "-") fields.push(["clf.bytes", parseGoInt(bytes)]);
  return new PlainMap(fields);
}

/** Takes the fields of a line, one after the other; each ends at one space or at the end. */
class Line {
  readonly #text: string;
  readonly #format: ClfFormat;
  #at = 0;

  constructor(text: string, format: ClfFormat) {
    this.#text = text;
    this.#format = format;
  }

  word(): string {
    return this.#take(/([^\t\n\f\r ]+)(?: |$)/y);
  }

  bracketed(): string {
    return this.#take(/\[([^\]]+)\](?: |$)/y);
  }

  /** With its escapes. No regular expression: one that repeats over escapes overflows V8's stack on long texts. */
  quoted(): string {
    const start = this.#at + 1;
    let end = start;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#isEscape(end) ? 2 : 1;
    const isClosed = this.#text[this.#at] === '"' && this.#text[end] === '"';
    const next = this.#text[end + 1] ?? " ";
    if (!isClosed || next !== " ") throw this.#mismatch();
    this.#at = end + 2;
    return this.#text.slice(start, end);
  }

  end(): void {
    if (this.#at <= this.#text.length) throw this.#mismatch();
  }

  #isEscape(at: number): boolean {
    if (this.#text[at] !== "\\") return false;
    if (this.#text[at + 1] === "\n") throw this.#mismatch();
    return true;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found, field] = pattern.exec(this.#text) ?? [];
    if (found === undefined || field === undefined) throw this.#mismatch();
    this.#at += found.endsWith(" ") ? found.length : found.length + 1;
    return field;
  }

  #mismatch(): OttlError {
    return new OttlError("value", `invalid CLF message: it is not of the format "${this.#format}"`);
  }
}

/** Method, URI, and protocol, which may hold spaces. */
function requestParts(request: string): [string, Value][] {
  const [, method, uri, protocol] = /^([^ ]*) ([^ ]*) ([^]*)$/.exec(request) ?? [];
  if (method === undefined || uri === undefined || protocol === undefined) return [];
  return [["clf.method", method], ["clf.request_uri", uri], ["clf.protocol", protocol]];
}

/** Escapes of C, and `\xhh` for a byte; others stay as they are. */
function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  const plain = text.replace(/\\(?:x([0-9a-fA-F]{2})|[^x])/g, (escape, hex?: string) => {
    if (hex === undefined) return ESCAPES[escape] ?? escape;
    const byte = parseInt(hex, 16);
    return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte); // as values/utf8.ts has a byte that is no character
  });
  return joinUtf8([plain]);
}
