/**
 * Tries again what failed in a way that time can mend, with jittered exponential backoff.
 *
 * It gives up when the next wait would leave too little of the caller's time, or end past `max_elapsed_time`, and says in
 * the error when to come back: after that wait, but while a sender that was held still has its data. How long the
 * destination itself asked to be left alone is said as it is.
 * Source: collector reference 3.6 (`retry_on_failure`); the intervals are those of cenkalti/backoff, which it uses.
 *
 * @module
 */

import type { Adopt, Consumer, Lifecycle, Outcome } from "../../contract/consumer.ts";
import type { Clock, Random } from "../../core/clock.ts";
import { type GatewayError, ThrottledError, toGatewayError, UnavailableError } from "../../core/errors.ts";
import { counted } from "../../core/text.ts";
import type { Payload } from "../../otlp/payload.ts";
import { SIGNALS } from "../../otlp/signals.ts";
import { comeBackAfterMs, HOLD_SENDER_MS, MIN_ATTEMPT_MS, MOVED, type Sender } from "../sender.ts";
import type { RetryPolicy } from "../settings.ts";

type WaitEnd = "elapsed" | "caller left" | "shutdown" | "moved";

/** Told of each attempt that failed and will be made again. @param attempt How many have failed. */
export type OnRetry = (attempt: number, retryInMs: number, error: GatewayError) => void;

interface RetryOptions {
  /**
   * Whether waits go on during shutdown until its deadline: for data whose sender has its answer. Otherwise they end
   * when shutdown begins, and the sender is told to come back.
   */
  readonly cutAtDeadline: boolean;
  readonly onRetry?: OnRetry;
}

/** Monotonic times that bound the attempts. */
interface Bounds {
  /** The last time an attempt may begin, by the configuration. */
  readonly lastStartMs: number;
  /** When the caller is answered whatever happens. */
  readonly giveUpAtMs: number;
}

/** What came of the attempts. */
interface Failure {
  readonly attempts: number;
  readonly cause: GatewayError;
  /** The wait that would come next by our own schedule. */
  readonly backoffMs: number;
}

export class RetrySender implements Sender, Lifecycle {
  readonly #next: Consumer;
  readonly #policy: RetryPolicy;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #cutAtDeadline: boolean;
  readonly #onRetry: OnRetry;
  /** What waits for its next attempt, by the end of its wait. */
  readonly #waits = new Map<(end: WaitEnd) => void, Payload>();
  #heir: Adopt | undefined;
  #stopped = false;

  constructor(
    next: Consumer,
    policy: RetryPolicy,
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    { cutAtDeadline, onRetry = () => {} }: RetryOptions,
  ) {
    this.#next = next;
    this.#policy = policy;
    this.#clock = clock;
    this.#random = random;
    this.#cutAtDeadline = cutAtDeadline;
    this.#onRetry = onRetry;
  }

  /** @throws {GatewayError} The failure itself when it is final, else one with the last failure as its cause. */
  send(payload: Payload, abort: AbortSignal, giveUpAtMs: number): Promise<Outcome> {
    const begin = this.#clock.monotonicMs();
    if (begin > giveUpAtMs - MIN_ATTEMPT_MS) return Promise.reject(this.#tooLateToBegin(payload, giveUpAtMs - begin));
    return this.#next.consume(payload, abort).catch((thrown) => {
      const bounds = { lastStartMs: this.#lastStartMs(begin), giveUpAtMs };
      return this.#retry(payload, abort, bounds, toGatewayError(thrown));
    });
  }

  /** @param heir Takes what failed, and need not be tried again here; only of data whose sender has its answer. */
  shutdown(deadline: AbortSignal, heir?: Adopt): Promise<void> {
    const stop = () => {
      this.#stopped = true;
      for (const end of this.#waits.keys()) end("shutdown");
    };
    if (this.#cutAtDeadline) this.#heir = heir;
    for (const [end, payload] of this.#waits) if (this.#isMoved(payload)) end("moved");
    if (!this.#cutAtDeadline || deadline.aborted) stop();
    else deadline.addEventListener("abort", stop, { once: true });
    return Promise.resolve();
  }

  #lastStartMs(beginMs: number): number {
    const { max_elapsed_time } = this.#policy;
    return max_elapsed_time === 0 ? Infinity : beginMs + max_elapsed_time;
  }

  async #retry(payload: Payload, abort: AbortSignal, bounds: Bounds, first: GatewayError): Promise<Outcome> {
    let intervalMs = this.#policy.initial_interval;
    let error = first;
    for (let attempts = 1;; attempts++) {
      if (error.retryable && this.#isMoved(payload)) return MOVED;
      if (!error.retryable || !this.#policy.enabled) throw error;
      if (attempts === 1 && error.code === "cancelled") throw error; // nothing has failed
      const backoffMs = this.#jittered(intervalMs);
      const waitMs = Math.max(backoffMs, error.retryAfterMs ?? 0);
      const reason = abort.aborted ? WHY["caller left"] : this.#whyTooLate(waitMs, bounds);
      if (reason !== undefined) throw this.#gaveUp(payload, bounds, { attempts, cause: error, backoffMs }, reason);
      if (!this.#stopped) this.#onRetry(attempts, waitMs, error);
      const end = await this.#wait(payload, waitMs, abort);
      if (end === "moved" || (end === "shutdown" && this.#isMoved(payload))) return MOVED;
      if (end !== "elapsed") throw this.#gaveUp(payload, bounds, { attempts, cause: error, backoffMs }, WHY[end]);
      intervalMs = Math.min(intervalMs * this.#policy.multiplier, this.#policy.max_interval);
      try {
        return await this.#next.consume(payload, abort);
      } catch (thrown) {
        error = toGatewayError(thrown);
      }
    }
  }

  #isMoved(payload: Payload): boolean {
    return this.#heir?.(payload) === true;
  }

  /** @returns undefined when an attempt after `waitMs` is in time. */
  #whyTooLate(waitMs: number, { lastStartMs, giveUpAtMs }: Bounds): string | undefined {
    const startMs = this.#clock.monotonicMs() + waitMs;
    if (startMs > giveUpAtMs - MIN_ATTEMPT_MS) return HELD_TOO_LONG;
    return startMs > lastStartMs ? "the next would come later than max_elapsed_time" : undefined;
  }

  #tooLateToBegin(payload: Payload, leftMs: number): UnavailableError {
    return new UnavailableError(`Cannot export ${itemsOf(payload)}: no time is left for an attempt`, {
      retryAfterMs: comeBackAfterMs(this.#jittered(this.#policy.initial_interval), leftMs),
    });
  }

  /** A throttled destination stays one: its 429 means something else to a sender than a 503. */
  #gaveUp(payload: Payload, { giveUpAtMs }: Bounds, { attempts, cause, backoffMs }: Failure, reason: string) {
    const message = `Cannot export ${itemsOf(payload)}: ${counted(attempts, "attempts")} failed and ${reason}`;
    const ownMs = comeBackAfterMs(backoffMs, giveUpAtMs - this.#clock.monotonicMs());
    const options = { cause, retryAfterMs: Math.max(ownMs, cause.retryAfterMs ?? 0) };
    return cause instanceof ThrottledError
      ? new ThrottledError(message, options)
      : new UnavailableError(message, options);
  }

  #jittered(intervalMs: number): number {
    return intervalMs * (1 + this.#policy.randomization_factor * (2 * this.#random() - 1));
  }

  #wait(payload: Payload, delayMs: number, abort: AbortSignal): Promise<WaitEnd> {
    if (this.#stopped) return Promise.resolve("shutdown");
    return new Promise((resolve) => {
      const end = (how: WaitEnd) => {
        this.#clock.clearTimer(timer);
        this.#waits.delete(end);
        abort.removeEventListener("abort", onAbort);
        resolve(how);
      };
      const onAbort = () => end("caller left");
      const timer = this.#clock.setTimer(() => end("elapsed"), delayMs);
      this.#waits.set(end, payload);
      abort.addEventListener("abort", onAbort);
    });
  }
}

const HELD_TOO_LONG = `the next would come later than the ${HOLD_SENDER_MS / 1_000} s that a sender is held`;

const WHY: Readonly<Record<Exclude<WaitEnd, "elapsed" | "moved">, string>> = {
  "caller left": "nobody waits for the result any more",
  "shutdown": "the exporter shuts down",
};

function itemsOf({ itemCount, signal }: Payload): string {
  return counted(itemCount, SIGNALS[signal].itemName);
}
