/**
 * One tap as its client reads it: samples of all threads in a small buffer, and an end.
 *
 * @module
 */

import type { Clock, Timer } from "../../../pipeline/core/clock.ts";
import type { TapEvent } from "../../../routes/admin/schemas.ts";
import type { Sample } from "../thread_messages.ts";

/** Samples that wait for the client; further ones are dropped and counted. */
export const MAX_WAITING_SAMPLES = 16;
/** A client that takes nothing for so long while there are samples is let go, milliseconds. */
export const SLOW_CLIENT_MS = 15_000;

type EndReason = Extract<TapEvent, { readonly type: "end" }>["reason"];

export interface TapOptions {
  readonly durationMs: number;
  readonly maxSamples: number;
  readonly clock: Clock;
  /** Called once, when it has ended for whatever reason. */
  readonly onEnd: () => void;
}

export class Tap implements AsyncIterableIterator<TapEvent> {
  readonly #options: TapOptions;
  readonly #waiting: Sample[] = [];
  readonly #timer: Timer;
  #samples = 0;
  #dropped = 0;
  #takenMs: number;
  #end: TapEvent | undefined;
  #isOver = false;
  #wake = () => {};

  constructor(options: TapOptions) {
    this.#options = options;
    this.#takenMs = options.clock.monotonicMs();
    this.#timer = options.clock.setTimer(() => this.end("duration"), options.durationMs);
  }

  push(sample: Sample): void {
    if (this.#isOver) return;
    const { clock, maxSamples } = this.#options;
    if (this.#waiting.length >= MAX_WAITING_SAMPLES) {
      this.#dropped++;
      if (clock.monotonicMs() - this.#takenMs >= SLOW_CLIENT_MS) this.end("slow_client");
      return;
    }
    this.#waiting.push(sample);
    this.#samples++;
    if (this.#samples >= maxSamples) this.end("max_samples");
    this.#wake();
  }

  /** What waits is still given. */
  end(reason: EndReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end = { type: "end", reason, samples: this.#samples, dropped: this.#dropped };
    this.#options.clock.clearTimer(this.#timer);
    this.#options.onEnd();
    this.#wake();
  }

  async next(): Promise<IteratorResult<TapEvent, undefined>> {
    this.#takenMs = this.#options.clock.monotonicMs();
    while (this.#waiting.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    this.#takenMs = this.#options.clock.monotonicMs();
    const value = this.#waiting.shift() ?? this.#takeEnd();
    return value === undefined ? { value: undefined, done: true } : { value, done: false };
  }

  /** The client left. */
  return(): Promise<IteratorResult<TapEvent, undefined>> {
    this.#waiting.length = 0;
    this.end("shutdown");
    this.#end = undefined;
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #takeEnd(): TapEvent | undefined {
    const end = this.#end;
    this.#end = undefined;
    return end;
  }
}
