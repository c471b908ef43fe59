/**
 * One member of a span's `tracestate` header: `span.trace_state["key"]`.
 *
 * Sources: W3C Trace Context, "tracestate Header"; the OpenTelemetry Go API's TraceState, which the reference engine uses.
 *
 * @module
 */

import type { PathAccess } from "../../../../ottl/compile/context.ts";
import { OttlError } from "../../../../ottl/values/errors.ts";
import type { Value } from "../../../../ottl/values/value.ts";
import type { MessageView } from "../message_view.ts";
import { stringOf } from "./scalars.ts";

const MAX_MEMBERS = 32;

const KEY = /^(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * A header that cannot be read gives nil and is not changed; a key or value that it cannot hold changes nothing.
 *
 * @param constant Of the key. One that is no literal string is not looked at by the reference engine.
 */
export function traceStateMember(view: MessageView, field: number, constant: Value | undefined): PathAccess {
  return {
    get: () => {
      const members = parse(view.text(field));
      return members === undefined ? null : members.get(keyOf(constant)) ?? "";
    },
    set: (_, value) => {
      const text = stringOf(value);
      const members = parse(view.text(field));
      if (members === undefined) return;
      const key = keyOf(constant);
      if (!KEY.test(key) || !VALUE.test(text)) return;
      members.delete(key);
      const kept = [...members].slice(0, MAX_MEMBERS - 1);
      view.setText(field, [[key, text], ...kept].map((member) => member.join("=")).join(","));
    },
  };
}

function keyOf(constant: Value | undefined): string {
  if (typeof constant === "string") return constant;
  throw new OttlError("index", "trace_state indexing type must be a string");
}

/** Members in their order; undefined when the header is invalid. */
function parse(header: string): Map<string, string> | undefined {
  const members = new Map<string, string>();
  for (const member of header.split(",", MAX_MEMBERS * 64)) {
    if (member === "") continue;
    const equals = member.indexOf("=");
    if (equals === -1) return undefined;
    const key = member.slice(0, equals).replace(/^[ \t]+/, "");
    const value = trimEnd(member.slice(equals + 1));
    if (!KEY.test(key) || !VALUE.test(value) || members.has(key) || members.size === MAX_MEMBERS) return undefined;
    members.set(key, value);
  }
  return members;
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === " " || text[end - 1] === "\t")) end--;
  return text.slice(0, end);
}
