/**
 * What the mutator and the processes that run its tests say to one another, one line of JSON each.
 *
 * @module
 */

/** What begins an answer's line; tests may print lines of their own. */
export const ANSWER_MARK = "mutation-answer ";

/** With mutant 0 the answer is `measured`, else what became of it. */
export interface Request {
  readonly mutant: number;
  /** Which tests to run, in this order, by their place in the list. */
  readonly tests: readonly number[];
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
  /** The test that failed first. */
  readonly killedBy?: string;
  /** Whether that test passed right afterwards without the mutant. */
  readonly isSure?: boolean;
}
