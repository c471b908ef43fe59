/**
 * One batch through statements: how long it may take, what is told of errors that were passed over, and what a sender is
 * told when an error refuses the batch.
 *
 * @module
 */

import { type ErrorMode, type Failure, OttlError } from "../../ottl/mod.ts";
import type { BatchBudget } from "../../ottl/values/budget.ts";
import { durationMs } from "../config/schema.ts";
import type { ComponentDeps } from "../contract/component.ts";
import { DeadlineExceededError, type GatewayError, LimitExceededError, RejectedError } from "../core/errors.ts";
import type { Counter } from "../core/telemetry/meter.ts";
import { shortened } from "../core/text.ts";

/** How long one batch may take, milliseconds. Ours: the collector has no such bound. */
export const batchTimeLimit = () => durationMs({ minMs: 1 }).default(10_000);

/** Characters of a statement in a metric's attribute. */
const MAX_LABEL_CHARS = 120;

/** What keeps counts of errors until it is asked. */
export interface Watched {
  readonly errorMode: ErrorMode;
  drainFailures(): Failure[];
}

export class BatchRun {
  readonly #deps: ComponentDeps;
  readonly #limitMs: number;
  readonly #watched: readonly Watched[];
  readonly #budget: BatchBudget;
  readonly #counters = new Map<string, Counter>();
  #deadlineMs = 0;

  /**
   * @param watched Everything that runs in a batch.
   * @param budget What they count in.
   */
  constructor(deps: ComponentDeps, limitMs: number, watched: readonly Watched[], budget: BatchBudget) {
    this.#budget = budget;
    this.#deps = deps;
    this.#limitMs = limitMs;
    this.#watched = watched;
  }

  /** For a walk: throws when the batch has taken too long. */
  readonly checkDeadline = (): void => {
    if (this.#deps.clock.monotonicMs() <= this.#deadlineMs) return;
    // A machine that is busy now may do it later.
    throw new DeadlineExceededError(
      `Cannot run the statements of ${this.#deps.id}: the batch takes longer than ${this.#limitMs} ms ` +
        "(max_batch_duration), wanted less data or simpler statements",
    );
  };

  /**
   * Runs `work` on one batch.
   *
   * @param bytes Of the batch.
   * @throws {GatewayError} The batch is refused; for good, unless it only took too long: the same statements would fail again.
   */
  run<T>(bytes: number, work: () => T): T {
    this.#deadlineMs = this.#deps.clock.monotonicMs() + this.#limitMs;
    this.#budget.begin(bytes, this.checkDeadline);
    try {
      return work();
    } catch (thrown) {
      if (thrown instanceof OttlError) throw this.#refusal(thrown);
      // The runtime's own bounds, of its stack, of strings and of buffers: whatever they stopped, the data is too much.
      if (thrown instanceof RangeError) {
        throw this.#refusal(new OttlError("limit", "the data is past what can be held"));
      }
      throw thrown;
    } finally {
      for (const watched of this.#watched) this.#tell(watched);
    }
  }

  #refusal(error: OttlError): GatewayError {
    const message = `Cannot run the statements of ${this.#deps.id}: ${error.message}`;
    if (error.category === "limit") return new LimitExceededError(message, { cause: error });
    return new RejectedError(message, "invalid_argument", { cause: error });
  }

  #tell(watched: Watched): void {
    for (const { text, count, error } of watched.drainFailures()) {
      this.#counterOf(text).add(count);
      if (watched.errorMode === "silent") continue;
      this.#deps.logger.warn("a statement failed on items and was passed over", {
        statement: text,
        items: count,
        first_error: error.message,
      });
    }
  }

  /** One for each statement that ever failed: there are as many as are configured. */
  #counterOf(text: string): Counter {
    const known = this.#counters.get(text);
    if (known !== undefined) return known;
    const statement = shortened(text, MAX_LABEL_CHARS);
    const made = this.#deps.meter.counter("sluice_ottl_errors", { component: this.#deps.id, statement });
    this.#counters.set(text, made);
    return made;
  }
}
