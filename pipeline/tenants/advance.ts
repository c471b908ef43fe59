/**
 * What a thread has taken of a tenant's rates ahead of its requests, so that most of them take from numbers of their own.
 *
 * An exchange in memory that threads share waits until the processor has written all that it had in hand: three a request
 * were half of what tenants cost. So whoever exchanges takes a little more than its request, and the next ones have it.
 * What all threads have ahead of a bucket is `ALL_AHEAD` of it at the most. Where that is less than a request, or where there
 * is no room for more, nothing is ahead; and before a request is refused, what its thread has ahead goes back, so that one thread is
 * exact and several are short by what the others have.
 *
 * @module
 */

import type { TenantCells } from "./rates/cells.ts";
import { costNs, giveBack, take } from "./rates/gcra.ts";

/** Of a full bucket, what all threads together may have ahead. */
const ALL_AHEAD = 1 / 64;

/** Numbers of one rate in `Advance.ahead`: what a unit costs, and what is left of what was taken ahead, nanoseconds. */
export const AHEAD = 2;

/** What is to be known of a rate. */
interface AdvancedRate {
  readonly group: number;
  readonly rate: number;
  readonly nsPerUnit: number;
  readonly burstNs: number;
}

/** What a thread has ahead of the rates of one plan: nothing at first. */
export class Advance {
  /** `AHEAD` numbers each, in the order of the rates. */
  readonly ahead: number[];
  readonly #rates: readonly AdvancedRate[];
  /** Of the tenant. */
  readonly #slot: number;

  constructor(slot: number, rates: readonly AdvancedRate[]) {
    this.ahead = rates.flatMap(({ nsPerUnit }) => [nsPerUnit, 0]);
    this.#rates = rates;
    this.#slot = slot;
  }

  /**
   * Takes from the rates between two places of `ahead`, or from none: the short way, for limits that are this gateway's
   * alone and have room, as nearly always.
   *
   * @returns false: nothing was taken, and `takeRates` is to say why.
   */
  take(cells: TenantCells, from: number, to: number, units: number, nowNs: number): boolean {
    const { ahead } = this;
    for (let at = from; at < to; at += AHEAD) {
      const left = ahead[at + 1]! - costNs(units, ahead[at]!);
      if (left >= 0) ahead[at + 1] = left;
      else if (!this.#draw(cells, at, left, nowNs)) {
        for (let taken = from; taken < at; taken += AHEAD) ahead[taken + 1]! += costNs(units, ahead[taken]!);
        this.giveBack(cells, from, to);
        return false;
      }
    }
    return true;
  }

  /** @param left What is left of what is ahead when its units are taken: less than nothing. */
  #draw(cells: TenantCells, at: number, left: number, nowNs: number): boolean {
    if (cells.isDivided) return false;
    const { ahead } = this;
    const { group, rate, burstNs } = this.#rates[at / AHEAD]!;
    const cost = ahead[at + 1]! - left;
    if (cost > burstNs) return false;
    const place = cells.timeAt(this.#slot, group, rate);
    const more = advanceNs(burstNs, cells.threads);
    if (more >= cost && take(cells.times, place, more - left, burstNs, nowNs) === 0) {
      ahead[at + 1] = more;
      return true;
    }
    if (take(cells.times, place, -left, burstNs, nowNs) !== 0) return false;
    ahead[at + 1] = 0;
    return true;
  }

  /** Gives back what is ahead of the rates between two places. */
  giveBack(cells: TenantCells, from = 0, to = this.ahead.length): void {
    const { ahead } = this;
    for (let at = from; at < to; at += AHEAD) {
      const left = ahead[at + 1]!;
      if (left === 0) continue;
      const { group, rate } = this.#rates[at / AHEAD]!;
      giveBack(cells.times, cells.timeAt(this.#slot, group, rate), left);
      ahead[at + 1] = 0;
    }
  }
}

/** What a thread takes ahead at once, nanoseconds. */
function advanceNs(burstNs: number, threads: number): number {
  return Math.floor(burstNs * ALL_AHEAD / threads);
}
