/**
 * What the statements of one batch may still cost together: time, and bytes of the large values that they make.
 *
 * Statements cannot be stopped from outside, so what takes long says what it does, in units of about one character that
 * is looked at; once in a while that leads to a look at the clock.
 *
 * @module
 */

import type { Budget } from "../limits.ts";
import { OttlError } from "./errors.ts";

/** Units between two looks at the clock: at the worst, 150 ns a unit, they take 0.6 s. */
const UNITS_BETWEEN_LOOKS = 4 * 1024 * 1024;

/** What a statement counts as, however small the batch: 64 of them between two looks. */
const MIN_STATEMENT_UNITS = 65_536;

/** Values shorter than this die young, and are not counted. */
const LARGE_BYTES = 65_536;

/** Bytes of large values that the statements of one batch may make. */
export const MAX_MADE_BYTES: number = 512 * 1024 * 1024;

export class BatchBudget implements Budget {
  #unitsLeft = UNITS_BETWEEN_LOOKS;
  #bytesLeft = Infinity;
  #statementUnits = 0;
  #look: () => void = () => {};

  /**
   * A batch begins.
   *
   * @param bytes Of the batch: a statement may have to look at all of them.
   * @param look Throws when the batch has taken too long.
   */
  begin(bytes: number, look: () => void, maxMadeBytes: number = MAX_MADE_BYTES): void {
    this.#unitsLeft = UNITS_BETWEEN_LOOKS;
    this.#bytesLeft = maxMadeBytes;
    this.#statementUnits = Math.max(bytes, MIN_STATEMENT_UNITS);
    this.#look = look;
  }

  statement(): void {
    this.work(this.#statementUnits);
  }

  work(units: number): void {
    this.#unitsLeft -= units;
    if (this.#unitsLeft <= 0) this.look();
  }

  look(): void {
    this.#unitsLeft = UNITS_BETWEEN_LOOKS;
    this.#look();
  }

  make(bytes: number): void {
    if (bytes < LARGE_BYTES) return;
    this.work(bytes);
    if (bytes > this.#bytesLeft) {
      throw new OttlError("limit", "the statements have made too many large values of one batch");
    }
    this.#bytesLeft -= bytes;
  }
}
