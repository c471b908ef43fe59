/**
 * Which mutant of the instrumented sources is alive: at most one. Imported by what `instrument` writes, and by the host.
 *
 * A worker that a test starts loads this module anew, and finds the mutant in the environment.
 *
 * @module
 */

/** Names the mutant that is alive from the start. */
export const MUTANT_VARIABLE = "SLUICE_MUTANT";

/** Thrown out of a loop that turns much more often than it does without a mutant. */
export class EndlessLoopError extends Error {
  override readonly name = "EndlessLoopError";
}

let alive = Number(Deno.env.get(MUTANT_VARIABLE) ?? 0);
let turns = 0;
let maxTurns = 200_000_000;
let reached = new Set<number>();

/** Whether mutant `id` is alive. Asked wherever one begins. */
export function isMutant(id: number): boolean {
  if (alive === 0) reached.add(id);
  return id === alive;
}

/** Counts a turn of any loop of the instrumented sources. */
export function countTurn(): void {
  if (++turns > maxTurns) throw new EndlessLoopError(`Cannot go on: ${maxTurns} turns of loops, wanted fewer`);
}

/** Brings mutant `id` to life, or none (0), and counts turns and reached mutants anew. */
export function activate(id: number, turnLimit: number): void {
  Deno.env.set(MUTANT_VARIABLE, String(id));
  alive = id;
  turns = 0;
  maxTurns = turnLimit;
  reached = new Set();
}

/** What was seen since `activate`: turns of loops, and mutants that would have had an effect (while none is alive). */
export function seen(): { readonly turns: number; readonly reached: readonly number[] } {
  return { turns, reached: [...reached] };
}
