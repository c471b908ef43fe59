/**
 * Names of groups that a pattern gives to more than one group: Go allows it, re2js does not.
 *
 * @module
 */

import type { GroupName } from "./syntax.ts";

export interface SeparateNames {
  /** The pattern with at most one group of each name. */
  readonly pattern: string;
  /** The other groups of a name, besides its first. */
  readonly others: ReadonlyMap<string, readonly number[]>;
}

/** Takes the name from all groups of a name but the first. */
export function separateNames(pattern: string, names: readonly GroupName[]): SeparateNames {
  const seen = new Set<string>();
  const others = new Map<string, number[]>();
  let separate = "";
  let at = 0;
  for (const { name, group, start, end } of names) {
    if (!seen.has(name)) {
      seen.add(name);
      continue;
    }
    others.set(name, [...(others.get(name) ?? []), group]);
    separate += pattern.slice(at, start);
    at = end;
  }
  return { pattern: separate + pattern.slice(at), others };
}
