/**
 * The head of a request: its line and its headers, and how its body is framed. Strict where two readers of one
 * connection could disagree about where a request ends: what is doubtful is refused, never repaired.
 *
 * Sources: RFC 9112 2.2 (line ends), 3 (request line), 5 (fields), 6 (framing); RFC 9110 5.6.2 (tokens), 7.2 (Host).
 *
 * @module
 */

/** Request line and headers together, bytes. */
export const MAX_HEADER_BYTES = 64 * 1024;

export interface Head {
  readonly method: string;
  /** As sent: not decoded, not normalized. */
  readonly target: string;
  /** Flat: lower-case name, value, name, value; in the order of the lines. */
  readonly fields: readonly string[];
  /** Bytes of the body; CHUNKED when it says itself where it ends. */
  readonly bodyBytes: number;
  /** Whether the sender wants the connection to stay open. */
  readonly keepAlive: boolean;
  /** The sender waits for a word before it sends its body. */
  readonly expectsContinue: boolean;
  /** HTTP/1.0 knows no chunks, and has to be told that a connection stays open. */
  readonly isOld: boolean;
}

/** `bodyBytes` of a body in chunks. */
export const CHUNKED = -1;

/** A head that is not answered by an application: the connection closes behind the status. */
export interface BadHead {
  readonly refusal: Refusal;
}

/** What is said to who sent what is no request: nothing of what came is repeated. */
export interface Refusal {
  /** Of the answer's line: `400 Bad Request`. */
  readonly status: string;
  /** What is wrong, and what is wanted. */
  readonly why: string;
}

const badRequest = (why: string): BadHead => ({ refusal: { status: "400 Bad Request", why } });

const BAD_LINE = badRequest("the request line is malformed, wanted METHOD TARGET HTTP/1.1");
const BAD_FIELD = badRequest("a header is malformed, wanted name: value, without control characters");
const BAD_HOST = badRequest("wanted one Host header");
const BAD_FRAMING = badRequest(
  "it cannot be told where the body ends, wanted one Content-Length or Transfer-Encoding: chunked",
);
const EXPECTATION_FAILED: BadHead = {
  refusal: { status: "417 Expectation Failed", why: "there is another Expect than 100-continue, wanted that or none" },
};
const VERSION_NOT_SUPPORTED: BadHead = {
  refusal: { status: "505 HTTP Version Not Supported", why: "wanted HTTP/1.1 or HTTP/1.0" },
};

export const BARE_LINE_FEED_REFUSAL: Refusal = {
  status: "400 Bad Request",
  why: "a line of the head ends without a carriage return, wanted CR LF",
};
export const HEAD_TOO_LARGE: Refusal = {
  status: "431 Request Header Fields Too Large",
  why: `the head is too long, wanted ${MAX_HEADER_BYTES} bytes at the most`,
};
export const HEAD_TOO_SLOW: Refusal = { status: "408 Request Timeout", why: "the head did not come whole in time" };

const [CR, LF, SPACE, TAB] = [13, 10, 32, 9] as const;

/** Whether an ASCII character may be a part of a token (a method, the name of a field). */
const IS_TOKEN = Uint8Array.from(
  { length: 128 },
  (_, code) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/**
 * Finds the empty line.
 *
 * @param from Where to begin: what is before was looked at.
 * @returns The first byte behind it; NOT_YET, or BARE_LINE_FEED where a line ends without a carriage return.
 */
export function findHeadEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0 && at < end; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] !== CR) return BARE_LINE_FEED;
    if (at >= 3 && bytes[at - 2] === LF && bytes[at - 3] === CR) return at + 1;
  }
  return NOT_YET;
}

export const NOT_YET = -1;
export const BARE_LINE_FEED = -2;

/** @param text A whole head with its empty line, a character a byte (latin1). */
export function parseHead(text: string): Head | BadHead {
  const lineEnd = text.indexOf("\r\n");
  const methodEnd = text.indexOf(" ");
  const targetEnd = text.lastIndexOf(" ", lineEnd);
  if (methodEnd <= 0 || targetEnd <= methodEnd || lineEnd < targetEnd) return BAD_LINE;
  const version = text.slice(targetEnd + 1, lineEnd);
  if (!/^HTTP\/\d\.\d$/.test(version)) return BAD_LINE;
  if (version !== "HTTP/1.1" && version !== "HTTP/1.0") return VERSION_NOT_SUPPORTED;
  if (!isToken(text, 0, methodEnd) || !isTarget(text, methodEnd + 1, targetEnd)) return BAD_LINE;
  const fields = readFields(text, lineEnd + 2);
  if (fields === undefined) return BAD_FIELD;
  const line = { method: text.slice(0, methodEnd), target: text.slice(methodEnd + 1, targetEnd) };
  return withFraming(line, fields, version === "HTTP/1.0");
}

/** What the fields say of the message itself. */
class Framing {
  hosts = 0;
  length: string | undefined;
  transfer: string | undefined;
  connection = "";
  expect: string | undefined;
  isBroken = false;

  note(name: string, value: string): void {
    switch (name) {
      case "host":
        this.hosts++;
        break;
      case "content-length":
        this.isBroken ||= this.length !== undefined && this.length !== value;
        this.length = value;
        break;
      case "transfer-encoding":
        this.transfer = this.transfer === undefined ? value : `${this.transfer}, ${value}`;
        break;
      case "connection":
        this.connection += `,${value.toLowerCase()}`;
        break;
      case "expect":
        this.expect = value.toLowerCase();
        break;
    }
  }
}

function withFraming(line: Pick<Head, "method" | "target">, fields: readonly string[], isOld: boolean): Head | BadHead {
  const framing = new Framing();
  for (let at = 0; at + 1 < fields.length; at += 2) framing.note(fields[at] ?? "", fields[at + 1] ?? "");
  const { hosts, length, transfer, connection, expect, isBroken } = framing;
  if (isBroken) return BAD_FRAMING;
  if (isOld ? hosts > 1 : hosts !== 1) return BAD_HOST;
  const bodyBytes = bodyBytesOf(length, transfer, isOld);
  if (bodyBytes === undefined) return BAD_FRAMING;
  if (expect !== undefined && expect !== "100-continue") return EXPECTATION_FAILED;
  const keepAlive = isOld ? hasOption(connection, "keep-alive") : !hasOption(connection, "close");
  return { ...line, fields, bodyBytes, keepAlive, expectsContinue: expect !== undefined && !isOld, isOld };
}

/** @returns undefined when it cannot be told for certain where the body ends. */
function bodyBytesOf(length: string | undefined, transfer: string | undefined, isOld: boolean): number | undefined {
  if (transfer !== undefined) {
    const isChunkedLast = /(?:^|,)[ \t]*chunked[ \t]*$/i.test(transfer);
    return isChunkedLast && length === undefined && !isOld ? CHUNKED : undefined;
  }
  if (length === undefined) return 0;
  return /^\d+$/.test(length) ? Number(length) : undefined;
}

function hasOption(connection: string, wanted: string): boolean {
  return connection !== "" && connection.split(",").some((option) => option.trim() === wanted);
}

/** Whether `line`, without its end, is a field: of a head, or behind the last chunk. */
export function isField(line: string): boolean {
  return readFields(`${line}\r\n\r\n`, 0) !== undefined;
}

/** @returns undefined when a line is no field. */
function readFields(text: string, from: number): string[] | undefined {
  const fields: string[] = [];
  for (let at = from; text.charCodeAt(at) !== CR;) {
    const end = text.indexOf("\r\n", at);
    const colon = text.indexOf(":", at);
    if (colon <= at || colon > end || !isToken(text, at, colon)) return undefined; // a folded line is none either
    const [start, stop] = trim(text, colon + 1, end);
    if (!isValue(text, start, stop)) return undefined;
    fields.push(text.slice(at, colon).toLowerCase(), text.slice(start, stop));
    at = end + 2;
  }
  return fields;
}

function trim(text: string, from: number, to: number): [start: number, end: number] {
  let [start, end] = [from, to];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return [start, end];
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isToken(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (IS_TOKEN[text.charCodeAt(at)] !== 1) return false;
  return true;
}

/** No control characters: a lone CR or LF would be a line end to some other reader. */
function isValue(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (isControl(text.charCodeAt(at))) return false;
  return true;
}

/** A tab is none. */
export function isControl(code: number): boolean {
  return code < SPACE && code !== TAB || code === 127;
}

function isTarget(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code <= SPACE || code === 127) return false;
  }
  return true;
}
