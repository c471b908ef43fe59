/**
 * A source for the mutator's own test: with mutants of every fate.
 *
 * @module
 */

/** Static: it has its effect when the module is loaded. */
const STEP = 2;

/** Steps from 0 to `end`. */
export function steps(end: number): number {
  let count = 0;
  for (let at = 0; at < end; at += STEP) count++;
  return count;
}

/** Never told: a mutant of it leaves its test waiting for ever. */
export function told(tell: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    if (tell) resolve(true);
  });
}

/** No test asks whether 10 is large. */
export function isLarge(value: number): boolean {
  return value > 10;
}

/** Nobody can tell `<` from `<=` here. */
export function larger(a: number, b: number): number {
  return a < b ? b : a;
}

/** No test calls it. */
export function forgotten(): number {
  return 5;
}
