/**
 * URLs taken apart, and nothing about them changed: the platform's parser adds slashes, drops default ports and lowers
 * hosts, and refuses what has no scheme.
 *
 * Source: RFC 3986; Go net/url `Parse`, `ParseQuery`, `URL.String`.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../values/utf8.ts";

export interface ParsedUrl {
  /** Lower case; empty when there is none. */
  readonly scheme: string;
  readonly user: UserInfo | undefined;
  /** Without brackets and port. */
  readonly hostname: string;
  /** Digits; empty when there is none. */
  readonly port: string;
  /** Unescaped. */
  readonly path: string;
  /** As written. */
  readonly query: string;
  /** Unescaped. */
  readonly fragment: string;
  /** The whole URL, put together again. */
  readonly text: string;
}

export interface UserInfo {
  readonly username: string;
  readonly password: string | undefined;
  /** Escaped where it must be. */
  readonly text: string;
}

interface Authority {
  readonly user: UserInfo | undefined;
  /** Unescaped, with brackets and port. */
  readonly host: string;
}

/** What may stand unescaped in each part. */
const PATH_SAFE = /^[A-Za-z0-9\-_.~$&+,/:;=@]$/;
const PATH_AS_WRITTEN = /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:@/[\]]|%[0-9A-Fa-f]{2})*$/;
const FRAGMENT_SAFE = /^[A-Za-z0-9\-_.~$&+,/:;=?@!()*]$/;
const FRAGMENT_AS_WRITTEN = /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:@/?[\]]|%[0-9A-Fa-f]{2})*$/;
const USER_SAFE = /^[A-Za-z0-9\-_.~$&+,;=]$/;
const HOST_SAFE = /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]$/;
const USER_INFO = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
const SCHEME = /^([A-Za-z][A-Za-z0-9+\-.]*):/;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f]/;

/** @throws {OttlError} It is no URL; of category "value". */
export function parseUrl(text: string): ParsedUrl {
  if (CONTROL.test(text)) throw invalid("it has a control character");
  const [main, writtenFragment] = cut(text, "#");
  const { scheme, rest } = splitScheme(main);
  // "a?" keeps its question mark, "a?b?" too: only a lone one at the end is an empty query.
  const [beforeQuery, query] = cut(rest, "?");
  const hasEmptyQuery = rest.endsWith("?") && query === "";
  const fragment = unescape(writtenFragment, "fragment");
  const tail = (hasEmptyQuery || query !== "" ? `?${query}` : "") +
    (writtenFragment === "" ? "" : `#${writtenOr(writtenFragment, fragment, FRAGMENT_AS_WRITTEN, FRAGMENT_SAFE)}`);
  if (scheme !== "" && !beforeQuery.startsWith("/")) {
    const opaque = { scheme, user: undefined, hostname: "", port: "", path: "", query, fragment };
    return { ...opaque, text: `${scheme}:${beforeQuery}${tail}` };
  }
  return parseHierarchy(scheme, beforeQuery, { query, fragment, tail });
}

function parseHierarchy(
  scheme: string,
  text: string,
  { query, fragment, tail }: { readonly query: string; readonly fragment: string; readonly tail: string },
): ParsedUrl {
  const hasAuthority = text.startsWith("//") && (scheme !== "" || !text.startsWith("///"));
  if (scheme === "" && !hasAuthority) refuseColonFirst(text);
  const pathStart = hasAuthority ? indexOr(text, "/", 2) : 0;
  const { user, host } = hasAuthority ? parseAuthority(text.slice(2, pathStart)) : { user: undefined, host: "" };
  const written = text.slice(pathStart);
  const path = unescape(written, "path");
  const printedPath = writtenOr(written, path, PATH_AS_WRITTEN, PATH_SAFE);
  const isRooted = host !== "" || user !== undefined || (hasAuthority && scheme !== "" && path !== "");
  const authority = isRooted ? `//${user === undefined ? "" : `${user.text}@`}${escape(host, HOST_SAFE)}` : "";
  const { hostname, port } = splitHost(host);
  const begin = `${scheme === "" ? "" : `${scheme}:`}${authority}`;
  return { scheme, user, hostname, port, path, query, fragment, text: `${begin}${printedPath}${tail}` };
}

/** `a:b` without a scheme could be read as one. */
function refuseColonFirst(text: string): void {
  const segment = text.slice(0, indexOr(text, "/", 0));
  if (segment.includes(":")) throw invalid("its first path segment has a colon");
}

function splitScheme(text: string): { readonly scheme: string; readonly rest: string } {
  if (text.startsWith(":")) throw invalid("it has no scheme before its colon");
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme === undefined) return { scheme: "", rest: text };
  return { scheme: scheme.toLowerCase(), rest: text.slice(scheme.length + 1) };
}

function parseAuthority(text: string): Authority {
  const at = text.lastIndexOf("@");
  const host = parseHost(text.slice(at + 1));
  return { user: at < 0 ? undefined : parseUserInfo(text.slice(0, at)), host };
}

function parseUserInfo(text: string): UserInfo {
  if (!USER_INFO.test(text)) throw invalid("its user information has a character that must be escaped");
  const [name, secret] = cut(text, ":");
  const username = unescape(name, "user");
  const password = text.includes(":") ? unescape(secret, "user") : undefined;
  const escaped = escape(username, USER_SAFE);
  return {
    username,
    password,
    text: password === undefined ? escaped : `${escaped}:${escape(password, USER_SAFE)}`,
  };
}

function parseHost(text: string): string {
  if (text.startsWith("[")) {
    const end = text.lastIndexOf("]");
    if (end < 0) throw invalid("it has no ] in its host");
    checkPort(text.slice(end + 1));
    const zone = text.indexOf("%25");
    if (zone < 0 || zone > end) return unescape(text, "host");
    return unescape(text.slice(0, zone), "host") + unescape(text.slice(zone, end), "zone") +
      unescape(text.slice(end), "host");
  }
  const colon = text.lastIndexOf(":");
  if (colon >= 0) checkPort(text.slice(colon));
  return unescape(text, "host");
}

function checkPort(text: string): void {
  if (text !== "" && !/^:\d*$/.test(text)) throw invalid("its port is no number");
}

function splitHost(host: string): { readonly hostname: string; readonly port: string } {
  const [, bracketed] = /^\[([^\]]*)\]/.exec(host) ?? [];
  const [, port = ""] = /:(\d+)$/.exec(host) ?? [];
  if (bracketed !== undefined) return { hostname: bracketed, port };
  return { hostname: host.replace(/:\d*$/, ""), port };
}

/**
 * The parameters of a query, in the order in which each comes first.
 *
 * @throws {OttlError} An escape is broken, or a semicolon stands in it; of category "value".
 */
export function parseQuery(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const pair of query.split("&")) {
    if (pair.includes(";")) throw invalid("its query has a semicolon");
    if (pair === "") continue;
    const [key, value] = cut(pair, "=").map((part) => unescape(part.replaceAll("+", " "), "query")) as [string, string];
    const values = parameters.get(key);
    if (values === undefined) parameters.set(key, [value]);
    else values.push(value);
  }
  return parameters;
}

type Part = "path" | "query" | "fragment" | "user" | "host" | "zone";

function unescape(text: string, part: Part): string {
  if (part === "host" || part === "zone") checkHost(text);
  if (!text.includes("%")) return text;
  const bytes = encodeUtf8(text);
  const plain = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 0x25) {
      plain[length++] = bytes[i]!;
      continue;
    }
    plain[length++] = escapedByte(bytes, i, part);
    i += 2;
  }
  return decodeUtf8(plain, 0, length);
}

function escapedByte(bytes: Uint8Array, at: number, part: Part): number {
  const digits = String.fromCharCode(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0);
  if (!/^[0-9A-Fa-f]{2}$/.test(digits)) throw invalid("an escape has no two hex digits");
  const byte = Number.parseInt(digits, 16);
  // In a host only what is not ASCII may be escaped (RFC 6874 has %25 before a zone).
  if (part === "host" && byte < 0x80 && byte !== 0x25) throw invalid("its host has an escape");
  return byte;
}

function checkHost(text: string): void {
  for (const character of text) {
    if (character !== "%" && character < "\x80" && !HOST_SAFE.test(character)) {
      throw invalid("its host is no host name");
    }
  }
}

/** As it was written, where that is a way to write it; else escaped anew. */
function writtenOr(written: string, plain: string, asWritten: RegExp, safe: RegExp): string {
  if (asWritten.test(written)) return written;
  return plain === "*" ? "*" : escape(plain, safe);
}

function escape(text: string, safe: RegExp): string {
  let escaped = "";
  for (const character of text) {
    if (safe.test(character)) escaped += character;
    else for (const byte of encodeUtf8(character)) escaped += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}

/** What stands before and behind the first `separator`; behind it is empty when there is none. */
function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

function indexOr(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at < 0 ? text.length : at;
}

function invalid(why: string): OttlError {
  return new OttlError("value", `cannot parse the URL: ${why}`);
}
