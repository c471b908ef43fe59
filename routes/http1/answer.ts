/**
 * Answers as bytes.
 *
 * Sources: RFC 9112 4 (status line), 9.6 (close); RFC 9110 6.6.1 (Date), 8.6 (no Content-Length with 204 and 304).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { STATUS_CODES } from "node:http";
import type { OtlpAnswer } from "../otlp_protocol.ts";
import type { Refusal } from "./head.ts";

/** What an answer says of the connection behind it. */
export type Persistence = "keep" | "close" | "keep-old";

const CONNECTION: Readonly<Record<Persistence, string>> = {
  "keep": "",
  "close": "Connection: close\r\n",
  "keep-old": "Connection: keep-alive\r\n", // HTTP/1.0 closes unless told
};

export const CONTINUE = latin1("HTTP/1.1 100 Continue\r\n\r\n");
export const LAST_CHUNK = latin1("0\r\n\r\n");

/** The answer to what is no request: a line of text that says why, behind which the connection closes. */
export function refusalAnswer({ status, why }: Refusal): Uint8Array<ArrayBuffer> {
  const body = `Cannot read the request: ${why}\n`;
  const fields = `Connection: close\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n`;
  return latin1(`HTTP/1.1 ${status}\r\n${fields}\r\n${body}`);
}

/**
 * The head of an answer.
 *
 * @param headers Flat: name, value, name, value; each as HTTP allows.
 * @param date As RFC 9110 5.6.7 has it.
 */
export function headText(status: number, headers: readonly string[], date: string, persistence: Persistence): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n`;
  for (let at = 0; at + 1 < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return `${text}Date: ${date}\r\n${CONNECTION[persistence]}\r\n`;
}

/** A whole answer in one piece. @param isHeadOnly The request was HEAD: the body is left out. */
export function wholeAnswer(
  { status, headers, body }: OtlpAnswer,
  date: string,
  persistence: Persistence,
  isHeadOnly: boolean,
): Uint8Array<ArrayBuffer> {
  const isFramed = hasNoBody(status) || headers.some((name, at) => at % 2 === 0 && isContentLength(name));
  const framed = isFramed ? headers : [...headers, "Content-Length", String(body?.length ?? 0)];
  const head = headText(status, framed, date, persistence);
  if (body === null || isHeadOnly) return latin1(head);
  const whole = new Uint8Array(head.length + body.length);
  whole.set(latin1(head));
  whole.set(body, head.length);
  return whole;
}

/** Whether an answer of this status never has a body, nor says how long it would be. */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}

export function isContentLength(name: string | undefined): boolean {
  return name?.toLowerCase() === "content-length";
}

/** One chunk of a body (RFC 9112 7.1); not an empty one, which would end it. */
export function chunkOf(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = latin1(`${data.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(size.length + data.length + 2);
  chunk.set(size);
  chunk.set(data, size.length);
  chunk.set([13, 10], size.length + data.length);
  return chunk;
}

function latin1(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** Answers that are written again and again, each made once a second. */
export class AnswerCache {
  #date = "";
  /** Of this second; the answers themselves are a few, made with their receiver. */
  #made = new WeakMap<OtlpAnswer, Uint8Array<ArrayBuffer>>();

  get date(): string {
    return this.#date;
  }

  setDate(date: string): void {
    if (date === this.#date) return;
    this.#date = date;
    this.#made = new WeakMap();
  }

  /** The answer to a request that keeps its connection. */
  kept(answer: OtlpAnswer): Uint8Array<ArrayBuffer> {
    const known = this.#made.get(answer);
    if (known !== undefined) return known;
    const made = wholeAnswer(answer, this.#date, "keep", false);
    this.#made.set(answer, made);
    return made;
  }
}
