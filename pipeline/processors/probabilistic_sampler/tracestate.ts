/**
 * `tracestate`, as far as sampling needs it: `rv` and `th` of its member `ot`, and everything else kept.
 *
 * Sources: W3C Trace Context 3.3 (grammar and bounds); OpenTelemetry specification, "TraceState Handling". Where the
 * collector's pkg/sampling is stricter (31 members, 1024 bytes) so is this.
 *
 * @module
 */

import { parseRandomness, parseThreshold } from "./threshold.ts";

const MAX_LENGTH = 1_024;
const MAX_MEMBERS = 31;
const MAX_OTEL_LENGTH = 256;

const KEY = /^(?:[a-z][a-z\d_\-*/]{0,255}|[a-z\d][a-z\d_\-*/]{0,240}@[a-z][a-z\d_\-*/]{0,13})$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const OTEL_MEMBER = /^([a-z][a-z\d]*):([A-Za-z\d._-]*)$/;

/** A `tracestate` in parts. */
export interface TraceState {
  /** As written; undefined when absent. */
  readonly rv: string | undefined;
  readonly th: string | undefined;
  /** `key:value` of the other fields of `ot`. */
  readonly otel: readonly string[];
  /** `key=value` of the other members. */
  readonly members: readonly string[];
}

const EMPTY: TraceState = { rv: undefined, th: undefined, otel: [], members: [] };

/** @returns undefined when it is malformed or past a bound. */
export function parseTraceState(text: string): TraceState | undefined {
  if (text === "") return EMPTY;
  if (text.length > MAX_LENGTH) return undefined;
  const parts = text.split(",");
  if (parts.at(-1) === "") parts.pop();
  if (parts.length > MAX_MEMBERS) return undefined;
  let otel: Pick<TraceState, "rv" | "th" | "otel"> | undefined = EMPTY;
  const members: string[] = [];
  for (const part of parts) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, "");
    if (member === "") continue;
    const equals = member.indexOf("=");
    const value = member.slice(equals + 1);
    if (equals < 0 || !KEY.test(member.slice(0, equals)) || !VALUE.test(value)) return undefined;
    if (!member.startsWith("ot=")) members.push(member);
    else if ((otel = parseOtel(value)) === undefined) return undefined;
  }
  return { rv: otel.rv, th: otel.th, otel: otel.otel, members };
}

function parseOtel(text: string): Pick<TraceState, "rv" | "th" | "otel"> | undefined {
  if (text.length > MAX_OTEL_LENGTH) return undefined;
  const otel: string[] = [];
  let rv: string | undefined;
  let th: string | undefined;
  for (const member of text.split(";")) {
    const [, key, value] = OTEL_MEMBER.exec(member) ?? [];
    if (key === undefined || value === undefined) return undefined;
    if (key === "rv") rv = value;
    else if (key === "th") th = value;
    else otel.push(member);
    if (key === "rv" && parseRandomness(value) === undefined) return undefined;
    if (key === "th" && parseThreshold(value) === undefined) return undefined;
  }
  return { rv, th, otel };
}

/** `ot` first, as who changes a member must put it; within it `rv`, `th`, the rest. */
export function formatTraceState({ rv, th, otel, members }: TraceState): string {
  const fields = [...rv === undefined ? [] : [`rv:${rv}`], ...th === undefined ? [] : [`th:${th}`], ...otel];
  return [...fields.length === 0 ? [] : [`ot=${fields.join(";")}`], ...members].join(",");
}
