/**
 * Mutants that no test can kill, each with the reason: `explained.json`.
 *
 * An entry names a mutant by what it changes and where, not by its place, which moves.
 *
 * @module
 */

import type { Mutant } from "./mutants.ts";
import type { Verdict } from "./target.ts";

export interface Explanation {
  readonly path: string;
  readonly scope: string;
  /** The whole line, trimmed. */
  readonly line: string;
  /** As the tool prints them. */
  readonly changes: readonly string[];
  /** Why nothing can tell the change from the source. */
  readonly reason: string;
}

export function readExplanations(file: URL): readonly Explanation[] {
  return JSON.parse(Deno.readTextFileSync(file));
}

export function isExplained(mutant: Mutant, explanations: readonly Explanation[]): boolean {
  return explanations.some((explanation) => explanation.changes.some((change) => isOf(mutant, explanation, change)));
}

function isOf(mutant: Mutant, { path, scope, line }: Explanation, change: string): boolean {
  return mutant.path === path && mutant.scope === scope && mutant.lineText === line && mutant.change === change;
}

/**
 * Explanations of what needs none.
 *
 * @param mutants All there are of the sources that were looked at; explanations of other sources are left alone.
 * @param verdicts On those that were tried.
 */
export function staleExplanations(
  explanations: readonly Explanation[],
  mutants: readonly Mutant[],
  verdicts: readonly Verdict[],
): string[] {
  const sources = new Set(mutants.map(({ path }) => path));
  const stale: string[] = [];
  for (const explanation of explanations.filter(({ path }) => sources.has(path))) {
    for (const change of explanation.changes) {
      const place = `${explanation.path} ${explanation.scope}: ${change}`;
      if (!mutants.some((mutant) => isOf(mutant, explanation, change))) stale.push(`${place} (is no mutant)`);
      // A line may have the same change twice: one that survives is enough.
      const tried = verdicts.filter(({ mutant }) => isOf(mutant, explanation, change));
      if (tried.length > 0 && tried.every(({ killedBy }) => killedBy !== undefined)) {
        stale.push(`${place} (killed by ${tried[0]?.killedBy})`);
      }
    }
  }
  return stale;
}
