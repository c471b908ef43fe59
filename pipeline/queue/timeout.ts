/**
 * Bounds one call, of an attempt or of all that a sender waits for: when its time is up, or its caller leaves, it is told
 * to stop and the caller is answered at once, whatever it does then.
 *
 * Source: collector reference 3.6 (`timeout`).
 *
 * @module
 */

import type { Consumer, Lifecycle, Outcome } from "../contract/consumer.ts";
import type { Clock } from "../core/clock.ts";
import { DeadlineExceededError, GatewayError, UnavailableError } from "../core/errors.ts";
import type { Payload } from "../otlp/payload.ts";
import { Deadlines } from "./deadlines.ts";

/** One call of the next consumer. */
class Attempt {
  readonly #controller = new AbortController();
  readonly #reject: (error: GatewayError) => void;

  constructor(reject: (error: GatewayError) => void) {
    this.#reject = reject;
  }

  get abort(): AbortSignal {
    return this.#controller.signal;
  }

  /** The caller is answered first: the rejection of a push that heeds its signal comes too late to matter. */
  cut(error: GatewayError): void {
    this.#reject(error);
    this.#controller.abort(error);
  }
}

export class TimeoutConsumer implements Consumer, Lifecycle {
  readonly #next: Consumer;
  readonly #clock: Clock;
  readonly #attempts: Deadlines<Attempt>;
  #over = false;
  #onIdle = () => {};

  /**
   * @param timeoutMs Of one call; 0 for none.
   * @param expired Makes the failure of a call whose time is up.
   */
  constructor(
    next: Consumer,
    timeoutMs: number,
    clock: Clock,
    expired: () => GatewayError = () => noAnswer(timeoutMs),
  ) {
    this.#next = next;
    this.#clock = clock;
    this.#attempts = new Deadlines(clock, timeoutMs > 0 ? timeoutMs : Infinity, (attempt) => attempt.cut(expired()));
  }

  /**
   * @throws {DeadlineExceededError} No answer in time (or what `expired` makes); the data may have arrived.
   * @throws {UnavailableError} The caller left, or shutdown's deadline passed.
   */
  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(shutDown());
      if (abort.aborted) return reject(whyLeft(abort));
      const attempt = new Attempt(reject);
      const deadline = this.#attempts.add(attempt, this.#clock.monotonicMs());
      const onAbort = () => attempt.cut(whyLeft(abort));
      abort.addEventListener("abort", onAbort);
      const release = () => {
        abort.removeEventListener("abort", onAbort);
        this.#attempts.remove(deadline);
        if (this.#attempts.length === 0) this.#onIdle();
      };
      start(this.#next, payload, attempt.abort).then(
        (outcome) => (release(), resolve(outcome)),
        (thrown) => (release(), reject(thrown)),
      );
    });
  }

  /** Lets attempts finish until `deadline`, then cuts them; further ones are refused. */
  async shutdown(deadline: AbortSignal): Promise<void> {
    if (this.#attempts.length > 0 && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    this.#over = true;
    for (const attempt of this.#attempts.stop()) attempt.cut(shutDown());
  }
}

function noAnswer(timeoutMs: number): DeadlineExceededError {
  return new DeadlineExceededError(`Cannot export: no answer in ${timeoutMs} ms, wanted one within \`timeout\``);
}

/** A consumer that throws instead of rejecting is a bug, but not one to leave a deadline behind. */
function start(consumer: Consumer, payload: Payload, abort: AbortSignal): Promise<Outcome> {
  try {
    return consumer.consume(payload, abort);
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

/** The caller may know better than that it left: that it was held long enough. */
function whyLeft({ reason }: AbortSignal): GatewayError {
  return new UnavailableError("Cannot export: the sender no longer waits for the result", {
    cause: reason instanceof GatewayError ? reason : undefined,
  });
}

function shutDown(): UnavailableError {
  return new UnavailableError("Cannot export: the exporter has shut down");
}
