/**
 * What handlers have in common: pages of lists, and preconditions.
 *
 * @module
 */

import { HttpProblem } from "./problem_answer.ts";

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
