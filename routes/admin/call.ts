/**
 * One request of an operation, and its answer; what handlers have in common.
 *
 * @module
 */

import type { AnswerOf, BodyOf, Operation, ParamsOf, QueryOf } from "./endpoints.ts";
import { HttpProblem } from "./problem_answer.ts";

/** A request that has passed every check. */
export interface Call<O extends Operation> {
  readonly params: ParamsOf<O>;
  readonly query: QueryOf<O>;
  readonly body: BodyOf<O>;
  readonly who: string;
  /** The header, where the endpoint wants it; else "*". */
  readonly ifMatch: string;
  readonly abort: AbortSignal;
}

export interface Reply<O extends Operation> {
  /** A stream where the endpoint says `text`. */
  readonly body: AnswerOf<O> | ReadableStream<Uint8Array>;
  /** Default 200. */
  readonly status?: number;
  /** Without its quotes. */
  readonly etag?: string;
  /** For the audit log. */
  readonly detail?: string;
}

/** Every operation but those that send events. */
export type Handlers = {
  readonly [O in Exclude<Operation, "tapNode">]: (call: Call<O>) => Reply<O> | Promise<Reply<O>>;
};

interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Where a page begins. */
export function offsetOf({ cursor }: PageQuery): number {
  return Number(cursor ?? 0);
}

export function page<Item>(all: readonly Item[], query: PageQuery) {
  const start = offsetOf(query);
  const end = start + query.limit;
  return { items: all.slice(start, end), next_cursor: end < all.length ? String(end) : null };
}

/**
 * Compares an If-Match header with the state that is (RFC 9110 13.1.1: strong comparison).
 *
 * @returns The state that was meant; undefined for any.
 * @throws {HttpProblem} 412: another one is meant.
 */
export function precondition(ifMatch: string, current: string): string | undefined {
  const tags = ifMatch.split(",").map((tag) => tag.trim());
  if (tags.includes("*")) return undefined;
  if (tags.includes(`"${current}"`)) return current;
  throw new HttpProblem(412, "Cannot change it: it is not as If-Match says, wanted its present ETag", {
    headers: { etag: `"${current}"` },
  });
}
