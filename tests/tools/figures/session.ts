/**
 * Measures what is asked for, in the time that there is: rounds of requests, then what is measured once, then further rounds.
 *
 * @module
 */

import type { Failure, Journal, Measured } from "./journal.ts";
import { Budget, estimateOf, type OnceUnit, requestUnits, type Scenario, type Timing, type Unit } from "./plan.ts";

export interface SessionPlan {
  readonly scenarios: readonly Scenario[];
  readonly once: readonly OnceUnit[];
  /** Of requests, at the most. */
  readonly rounds: number;
  readonly timing: Timing;
  /** Infinity: no bound. */
  readonly budgetSeconds: number;
}

export interface SessionDeps {
  /** Measures one unit. What it throws is the reason why it could not. */
  readonly run: (unit: Unit) => Promise<Measured>;
  readonly journal: Journal;
  readonly nowMs: () => number;
  /** A line for who watches. */
  readonly tell: (line: string) => void;
  /** After each round and at the end. */
  readonly save: (failures: readonly Failure[]) => Promise<void>;
  /** Aborted: the run ends behind the unit that is measured. */
  readonly abort: AbortSignal;
}

/** A run that failed is tried again at once, since a busy machine is the usual reason. */
const ATTEMPTS = 2;
/** Of a reason, characters. */
const MAX_REASON_CHARS = 300;

/** All units of a plan, for the rows that come of them. */
export function unitsOf({ scenarios, once, timing }: SessionPlan): readonly Unit[] {
  return [...requestUnits(scenarios, timing, 0), ...once];
}

export class Session {
  readonly #plan: SessionPlan;
  readonly #deps: SessionDeps;
  readonly #budget: Budget;
  readonly #failures = new Map<string, Failure>();
  #round = 0;

  constructor(plan: SessionPlan, deps: SessionDeps) {
    this.#plan = plan;
    this.#deps = deps;
    this.#budget = new Budget(plan.budgetSeconds);
  }

  /** @returns What could not be measured. */
  async measure(): Promise<readonly Failure[]> {
    const { once, budgetSeconds } = this.#plan;
    const left = this.#left();
    const minutes = Math.min(left, budgetSeconds) / 60;
    this.#deps.tell(`about ${minutes.toFixed(0)} min, of ${(left / 60).toFixed(0)} min for everything`);
    await this.#rounds((seconds) => this.#budget.fitsRequests(seconds, once.length === 0));
    await this.#all(this.#dueOnce());
    await this.#rounds((seconds) => this.#budget.fits(seconds));
    return [...this.#failures.values()];
  }

  /** Whole rounds, so that all rows have as many runs; the first one as far as there is time. */
  async #rounds(fits: (seconds: number) => boolean): Promise<void> {
    const { rounds } = this.#plan;
    for (; this.#round < rounds && !this.#deps.abort.aborted; this.#round++) {
      const due = this.#due(this.#round);
      if (this.#round > 0 && !fits(estimateOf(due))) return;
      await this.#all(due);
    }
  }

  /** Of a round, what the journal has not. */
  #due(round: number): readonly Unit[] {
    const { scenarios, timing } = this.#plan;
    return requestUnits(scenarios, timing, round).filter(({ key }) => this.#deps.journal.count(key) <= round);
  }

  #dueOnce(): readonly Unit[] {
    return this.#plan.once.filter(({ key }) => this.#deps.journal.count(key) === 0);
  }

  async #all(units: readonly Unit[]): Promise<void> {
    if (units.length === 0 || this.#deps.abort.aborted) return;
    for (const unit of units) {
      if (this.#deps.abort.aborted) break;
      if (this.#budget.fits(unit.estimateSeconds)) await this.#one(unit);
      else this.#fail(unit, "no time was left");
    }
    await this.#deps.save([...this.#failures.values()]);
  }

  /** Twice at the most, and the second time only if there is time for it. */
  async #one(unit: Unit): Promise<void> {
    const { abort, tell } = this.#deps;
    for (let attempt = 1; attempt <= ATTEMPTS && !abort.aborted; attempt++) {
      if (attempt > 1 && !this.#budget.fits(unit.estimateSeconds)) return;
      if (await this.#measured(unit)) break;
    }
    const minutes = this.#budget.expected(this.#left()) / 60;
    tell(`${minutes.toFixed(0)} min for the rest`);
  }

  /** @returns Whether it could be. */
  async #measured(unit: Unit): Promise<boolean> {
    const { run, journal, nowMs, tell } = this.#deps;
    const startMs = nowMs();
    const seconds = () => (nowMs() - startMs) / 1_000;
    try {
      const measured = await run(unit);
      await journal.append({ key: unit.key, seconds: seconds(), measured });
      this.#failures.delete(unit.key);
      tell(`${unit.key}: ${seconds().toFixed(0)} s`);
      return true;
    } catch (thrown) {
      this.#fail(unit, thrown instanceof Error ? thrown.message : String(thrown));
      return false;
    } finally {
      this.#budget.spent(unit.estimateSeconds, seconds());
    }
  }

  #fail({ key }: Unit, reason: string): void {
    const why = reason.slice(0, MAX_REASON_CHARS);
    this.#failures.set(key, { what: key, why });
    this.#deps.tell(`${key}: FAILED: ${why}`);
  }

  /** All that is not measured, seconds by the estimates. */
  #left(): number {
    const { rounds } = this.#plan;
    const due = Array.from({ length: rounds }, (_, round) => this.#due(round)).flat();
    return estimateOf([...due, ...this.#dueOnce()]);
  }
}
