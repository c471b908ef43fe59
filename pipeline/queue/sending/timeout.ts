/**
 * Bounds one call, of an attempt or of all that a sender waits for: when its time is up, or its caller leaves, it is told
 * to stop and the caller is answered at once, whatever it does then.
 *
 * Source: collector reference 3.6 (`timeout`).
 *
 * @module
 */

import type { Consumer, Lifecycle, Outcome } from "../../contract/consumer.ts";
import type { Clock } from "../../core/clock.ts";
import { CancelledError, DeadlineExceededError, GatewayError, UnavailableError } from "../../core/errors.ts";
import type { Payload } from "../../otlp/payload.ts";
import { type Deadline, Deadlines } from "../deadlines.ts";

/** What is bounded. Unlike a `Consumer` it is told when its caller is answered whatever happens, if ever. */
export interface Bounded {
  /** @param giveUpAtMs Monotonic time; Infinity for never. */
  consume(payload: Payload, abort: AbortSignal, giveUpAtMs: number): Promise<Outcome>;
}

/** One call of the next consumer. It listens to its caller's signal by itself: that saves a closure. */
class Attempt {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #reject: (error: GatewayError) => void;

  constructor(caller: AbortSignal, reject: (error: GatewayError) => void) {
    this.#caller = caller;
    this.#reject = reject;
    caller.addEventListener("abort", this);
  }

  get abort(): AbortSignal {
    return this.#controller.signal;
  }

  handleEvent(): void {
    this.cut(whyLeft(this.#caller));
  }

  /** It is over: its caller may leave. */
  release(): void {
    this.#caller.removeEventListener("abort", this);
  }

  /** The caller is answered first: the rejection of a push that heeds its signal comes too late to matter. */
  cut(error: GatewayError): void {
    this.#reject(error);
    this.#controller.abort(error);
  }
}

export class TimeoutConsumer implements Consumer, Lifecycle {
  readonly #next: Bounded;
  readonly #clock: Clock;
  readonly #attempts: Deadlines<Attempt>;
  #over = false;
  #onIdle = () => {};

  /**
   * @param timeoutMs Of one call; 0 for none.
   * @param expired Makes the failure of a call whose time is up.
   */
  constructor(
    next: Bounded,
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
   * @throws {CancelledError} The caller left.
   * @throws {UnavailableError} It gave up for another reason, or shutdown's deadline passed.
   */
  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(shutDown());
      if (abort.aborted) return reject(whyLeft(abort));
      const deadline = this.#attempts.add(new Attempt(abort, reject), this.#clock.monotonicMs());
      start(this.#next, payload, deadline).then(
        (outcome) => (this.#release(deadline), resolve(outcome)),
        (thrown) => (this.#release(deadline), reject(thrown)),
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

  #release(deadline: Deadline<Attempt>): void {
    deadline.value.release();
    this.#attempts.remove(deadline);
    if (this.#attempts.length === 0) this.#onIdle();
  }
}

function noAnswer(timeoutMs: number): DeadlineExceededError {
  return new DeadlineExceededError(`Cannot export: no answer in ${timeoutMs} ms, wanted one within \`timeout\``);
}

/** A consumer that throws instead of rejecting is a bug, but not one to leave a deadline behind. */
function start(consumer: Bounded, payload: Payload, { value, dueMs }: Deadline<Attempt>): Promise<Outcome> {
  try {
    return consumer.consume(payload, value.abort, dueMs);
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

/** The caller may know better than that it left: that it was held long enough, which is the destination's failure. */
function whyLeft({ reason }: AbortSignal): GatewayError {
  const cause = reason instanceof GatewayError ? reason : undefined;
  const message = "Cannot export: the sender no longer waits for the result";
  return cause === undefined || cause.code === "cancelled"
    ? new CancelledError(message, { cause })
    : new UnavailableError(message, { cause });
}

function shutDown(): UnavailableError {
  return new UnavailableError("Cannot export: the exporter has shut down");
}
