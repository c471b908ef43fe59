/**
 * The levels of a payload as rows of one table: what lies in what, for each signal.
 *
 * @module
 */

import type { Signal } from "../signals.ts";

/** What a visitor may be called for; each is the name of a context. */
export type LevelName =
  | "resource"
  | "scope"
  | "span"
  | "spanevent"
  | "log"
  | "metric"
  | "datapoint"
  | "exemplar"
  | "profile";

export interface LevelRow {
  readonly name: LevelName;
  /** Its field in what it lies in; 0 where that depends (exemplars). */
  readonly field: number;
  /** Whether it goes when nothing is left in it, where things are dropped. */
  readonly isContainer: boolean;
}

const entries: readonly LevelRow[] = [
  { name: "resource", field: 1, isContainer: true },
  { name: "scope", field: 2, isContainer: true },
];

export const LEVELS: Readonly<Record<Signal, readonly LevelRow[]>> = {
  traces: [
    ...entries,
    { name: "span", field: 2, isContainer: false },
    { name: "spanevent", field: 11, isContainer: false },
  ],
  metrics: [
    ...entries,
    { name: "metric", field: 2, isContainer: true },
    { name: "datapoint", field: 1, isContainer: false },
    { name: "exemplar", field: 0, isContainer: false },
  ],
  logs: [...entries, { name: "log", field: 2, isContainer: false }],
  profiles: [...entries, { name: "profile", field: 2, isContainer: false }],
};
