/**
 * ArcSight Common Event Format.
 *
 * `CEF:version|vendor|product|version|class id|name|severity|extensions`, after whatever stands before the first `CEF:`.
 * Source: ArcSight CEF Implementation Standard, with the leniency of the reference engine.
 *
 * @module
 */

import type { OttlLimits } from "../../limits.ts";
import { OttlError } from "../../values/errors.ts";
import { PlainMap } from "../../values/value.ts";
import { checkEntries, checkParseSize } from "../bounds.ts";

const MARK = "CEF:";
const FIELDS = ["device_vendor", "device_product", "device_version", "device_event_class_id", "name", "severity"];
const ESCAPES: Readonly<Record<string, string>> = { "\\\\": "\\", "\\=": "=", "\\n": "\n", "\\r": "\r" };

/**
 * The header's fields as `cef.…`, and the extensions as the map `cef.extensions`; of two with one key the last.
 *
 * @throws {OttlError} Empty, no `CEF:`, no version, fewer fields than the header has, or past a bound.
 */
export function parseCef(text: string, limits: OttlLimits): PlainMap {
  checkParseSize(text, "CEF", limits);
  if (text === "") throw new OttlError("value", "cannot parse empty CEF message");
  const start = text.indexOf(MARK);
  if (start < 0) throw invalid("'CEF:' not found");
  const { fields: [version = "", ...fields], rest } = splitHeader(text.slice(start + MARK.length));
  if (fields.length < FIELDS.length) throw invalid("the header has less than 7 fields");
  if (version === "") throw invalid("missing version");
  const header = FIELDS.map((name, i) => [`cef.${name}`, fields[i]!.replace(/\\([|\\])/g, "$1")] as const);
  return new PlainMap([["cef.version", version], ...header, ["cef.extensions", parseExtensions(rest, limits)]]);
}

/** Up to seven fields that end at a pipe without a backslash, and the text after the seventh. */
function splitHeader(text: string): { fields: string[]; rest: string } {
  const fields: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length && fields.length <= FIELDS.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "|") {
      fields.push(text.slice(start, at));
      start = at + 1;
    }
  }
  if (fields.length > FIELDS.length) return { fields, rest: text.slice(start) };
  return { fields: [...fields, text.slice(start)], rest: "" };
}

/** Values hold spaces: one ends where a space, a word and `=` follow. */
function parseExtensions(text: string, limits: OttlLimits): PlainMap {
  const extensions = new PlainMap();
  let key: string | undefined;
  let start = 0;
  for (const { 0: found, 1: next = "", index } of text.matchAll(/(?:^| )(\w+)=/g)) {
    if (key !== undefined) extensions.set(key, valueOf(text.slice(start, index)));
    checkEntries(extensions.size + 1, limits);
    key = next;
    start = index + found.length;
  }
  if (key !== undefined) extensions.set(key, valueOf(text.slice(start)));
  return extensions;
}

function valueOf(text: string): string {
  return withoutSpacesAtEnd(text).replace(/\\[\\=nr]/g, (escape) => ESCAPES[escape]!);
}

function withoutSpacesAtEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === " ") end--;
  return text.slice(0, end);
}

function invalid(reason: string): OttlError {
  return new OttlError("type", `invalid CEF message: ${reason}`);
}
