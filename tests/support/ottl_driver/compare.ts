/**
 * Whether a reply is what the reference engine answered, by the rules of tests/golden/ottl/README.md.
 *
 * @module
 */

import { NO_ORIGIN, payloadBytes } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import type { Vector } from "../ottl_vectors.ts";
import { meaningOf, unordered } from "./payload_meaning.ts";
import { jsonPayload } from "./payloads.ts";
import type { Answer, ReplyError } from "./protocol.ts";

/** Two things that are deeply equal when the reply is right. */
export interface Comparison {
  readonly got: unknown;
  readonly want: unknown;
}

/** The reply and what was recorded, each in the form to compare. */
export function compare(vector: Vector, answer: Answer): Comparison {
  const signal = vector.signal as Signal | undefined ?? "traces";
  const order = vector.unordered === true ? unordered : (meaning: unknown) => meaning;
  const got = order(meaningOfAnswer(signal, answer as Readonly<Record<string, unknown>>));
  const want = order(meaningOfAnswer(signal, vector.want));
  return vector.check === "shape" ? shapes(got, want) : { got, want };
}

/** Categories are counted, not compared. */
export function isSameCategory(vector: Vector, answer: Answer): boolean {
  const error = "error" in answer ? answer.error : undefined;
  return error?.category === vector.want.error?.category;
}

function meaningOfAnswer(signal: Signal, answer: Readonly<Record<string, unknown>>): unknown {
  const { error, results, outputs } = answer;
  if (error !== undefined) return { error: (error as ReplyError).stage };
  if (Array.isArray(results)) return { results: results.map(meaningOfResult) };
  if (outputs !== undefined) {
    const byPipeline = Object.entries(outputs as Readonly<Record<string, readonly object[]>>);
    return Object.fromEntries(
      byPipeline.map(([id, payloads]) => [id, payloads.map((payload) => meaningOfOutput(signal, payload))])
        .sort(([a], [b]) => String(a).localeCompare(String(b))),
    );
  }
  if ("output" in answer || "outputJson" in answer) return { output: meaningOfOutput(signal, answer) };
  return answer["ok"] === true ? { ok: true } : answer;
}

/** `{output}`, `{outputJson}`, or the bare OTLP/JSON. */
function meaningOfOutput(signal: Signal, payload: object): unknown {
  const { output, outputJson } = payload as { readonly output?: string | null; readonly outputJson?: object | null };
  if (typeof output === "string") return meaningOf(signal, Uint8Array.fromBase64(output));
  if (output === null || outputJson === null) return null;
  return meaningOf(signal, payloadBytes(jsonPayload(signal, outputJson ?? payload, NO_ORIGIN)));
}

function meaningOfResult(result: unknown): unknown {
  if (typeof result !== "object" || result === null) return result;
  if ("error" in result) return { error: true };
  const { type, value, base64, offset = 0, ...rest } = result as Readonly<Record<string, unknown>>;
  switch (type) {
    case "opaque":
      return { type };
    case "time":
      return { type, value, offset };
    case "slice":
      return { type, value: (value as readonly unknown[]).map(meaningOfResult) };
    case "map":
      return { type, value: meaningOfMap(value as readonly (readonly [string, unknown])[]) };
    case "string":
      return base64 === undefined ? { type, value, ...rest } : { type, base64 };
  }
  return { type, value, ...rest };
}

function meaningOfMap(entries: readonly (readonly [string, unknown])[]): unknown {
  return Object.fromEntries(
    entries.map(([key, value]) => [key, meaningOfResult(value)] as const).toSorted(([a], [b]) => a < b ? -1 : 1),
  );
}

interface Shape {
  readonly type: string;
  readonly match: string;
}

/** Each result has the type, and its value fits the expression. */
function shapes(got: unknown, want: unknown): Comparison {
  const wanted = (want as { readonly results: readonly Shape[] }).results;
  const results = (got as { readonly results?: readonly { readonly type: string; readonly value: unknown }[] }).results;
  const fits = wanted.map(({ type, match }, i) => {
    const result = results?.[i];
    return result?.type === type && new RegExp(match).test(String(result.value)) ? "fits" : result;
  });
  return { got: fits, want: wanted.map(() => "fits") };
}
