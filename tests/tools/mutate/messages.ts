/**
 * What the mutator and the processes that run its tests say to one another, one line of JSON each.
 *
 * @module
 */

/** What begins an answer's line; tests may print lines of their own. */
export const ANSWER_MARK = "mutation-answer ";

/** With mutant 0 the answer is `measured`, of all tests; else what became of one. */
export interface Request {
  readonly mutant: number;
  /** The test to run, by its place in the list. */
  readonly test: number;
  /** Of all loops of the sources in one test. */
  readonly maxTurns: number;
}

/** One test without a mutant. */
export interface Measured {
  readonly name: string;
  readonly isFailed: boolean;
  readonly ms: number;
  /** Of all loops of the sources. */
  readonly turns: number;
  /** The mutants that would have had an effect. */
  readonly reached: readonly number[];
}

export interface Answer {
  /** All tests are registered; the mutants that would have had an effect by then. */
  readonly loaded?: readonly number[];
  readonly measured?: readonly Measured[];
  /** How the test failed; absent when it passed. */
  readonly failure?: "failed" | "waits for ever";
  /** Whether it passed right afterwards without the mutant. */
  readonly isSure?: boolean;
}
