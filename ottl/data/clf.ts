/**
 * The Common Log Format of web servers, and the combined format, which adds referer and user agent.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { OttlLimits } from "../limits.ts";
import { OttlError } from "../values/errors.ts";
import { parseGoInt } from "../values/numbers.ts";
import { decodeUtf8, encodeUtf8 } from "../values/utf8.ts";
import { PlainMap, type Value } from "../values/value.ts";
import { checkParseSize } from "./bounds.ts";

export type ClfFormat = "clf" | "combined";

const WORD = String.raw`([^\t\n\f\r ]+)`;
const QUOTED = String.raw`"([^"\\]*(?:\\[^\n][^"\\]*)*)"`;
const COMMON = String.raw`${WORD} ${WORD} ${WORD} \[([^\]]+)\] ${QUOTED} ${WORD} ${WORD}`;
const LINES: Readonly<Record<ClfFormat, RegExp>> = {
  clf: new RegExp(`^${COMMON}$`),
  combined: new RegExp(`^${COMMON} ${QUOTED} ${QUOTED}$`),
};

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
  const found = LINES[format].exec(text.trim());
  if (found === null) throw new OttlError("value", `invalid CLF message: it is not of the format "${format}"`);
  const [, host = "", rfc931 = "", user = "", timestamp = "", quoted = "", status = "", bytes = ""] = found;
  const request = unescaped(quoted);
  const fields: [string, Value][] = [
    ["clf.remote_host", host],
    ["clf.rfc931", rfc931],
    ["clf.auth_user", user],
    ["clf.timestamp", timestamp],
    ["clf.request", request],
    ...requestParts(request),
    ["clf.status", parseGoInt(status)],
  ];
  if (bytes !== "-") fields.push(["clf.bytes", parseGoInt(bytes)]);
  if (format === "combined") {
    fields.push(["clf.referer", unescaped(found[8]!)], ["clf.user_agent", unescaped(found[9]!)]);
  }
  return new PlainMap(fields);
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
  const parts = text.split(/(\\x[0-9a-fA-F]{2}|\\[^x])/).map((part) => {
    const hex = /^\\x([0-9a-fA-F]{2})$/.exec(part)?.[1];
    return hex === undefined ? encodeUtf8(ESCAPES[part] ?? part) : Buffer.from(hex, "hex");
  });
  return decodeUtf8(Buffer.concat(parts));
}
