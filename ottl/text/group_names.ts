/**
 * Names of groups that a pattern gives to more than one group: Go allows it, re2js does not.
 *
 * @module
 */

/** A group's name, where one is. Also inside of classes and quotes, so this only tells that there is nothing to do. */
const ROUGH_NAME = /\(\?P?<([^>]*)>/g;

/** What a pattern is made of, as far as groups are concerned: quotes, escapes, classes, named groups, other groups. */
const TOKEN =
  /\\Q[^]*?(?:\\E|$)|\\[^]|\[\^?\]?(?:\\[^]|\[:\^?\w+:\]|[^\]\\])*\]|\(\?P?<(?<name>[^>]*)>|(?<plain>\((?!\?))/g;

export interface NamedGroups {
  /** The pattern with at most one group of each name. */
  readonly pattern: string;
  /** The other groups of a name, besides its first. */
  readonly others: ReadonlyMap<string, readonly number[]>;
}

/** Takes the name from all groups of a name but the first. */
export function separateNames(pattern: string): NamedGroups {
  const rough = Array.from(pattern.matchAll(ROUGH_NAME), ([, name]) => name);
  if (new Set(rough).size === rough.length) return { pattern, others: new Map() };
  const seen = new Set<string>();
  const others = new Map<string, number[]>();
  let group = 0;
  const separate = pattern.replace(TOKEN, (token: string, ...rest: unknown[]) => {
    const { name, plain } = rest.at(-1) as { readonly name?: string; readonly plain?: string };
    if (name !== undefined || plain !== undefined) group++;
    if (name === undefined) return token;
    if (!seen.has(name)) {
      seen.add(name);
      return token;
    }
    others.set(name, [...(others.get(name) ?? []), group]);
    return "(";
  });
  return { pattern: separate, others };
}
