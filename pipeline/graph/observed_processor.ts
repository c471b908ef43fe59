/**
 * Counts what goes into a processor and what comes out of it, and how long it takes.
 *
 * Source: collector reference 9 (`otelcol_processor_incoming_items`, `_outgoing_items`, `_internal_duration`), and of the
 * collector's pipeline telemetry (`otelcol.processor.consumed.size`, `.produced.size`).
 *
 * @module
 */

import type { ComponentDeps } from "../contract/component.ts";
import type { Adopt, Consumer, Lifecycle, Outcome } from "../contract/consumer.ts";
import type { Clock } from "../core/clock.ts";
import { DURATION_BOUNDS, TIMED_ONE_IN } from "../core/telemetry/stages.ts";
import type { Counter, Histogram } from "../core/telemetry/meter.ts";
import type { Payload } from "../otlp/payload.ts";
import type { Signal } from "../otlp/signals.ts";

/** @param create Makes the processor in front of the consumer that it is given. */
export function observeProcessor(
  { id, meter, clock, signal }: ComponentDeps & { readonly signal: Signal },
  next: Consumer,
  create: (next: Consumer) => Consumer & Lifecycle,
): Consumer & Lifecycle {
  const attributes = { processor: id, "otel.signal": signal };
  const duration = meter.histogram("otelcol_processor_internal_duration", attributes, DURATION_BOUNDS);
  const timer = new CallTimer(clock, duration);
  const passed = (direction: "incoming" | "outgoing", size: "consumed" | "produced"): Passed => ({
    items: meter.counter(`otelcol_processor_${direction}_items`, attributes),
    bytes: meter.counter(`otelcol_processor_${size}_size`, attributes),
  });
  const exit = new Exit(next, passed("outgoing", "produced"), timer);
  return new Entry(create(exit), passed("incoming", "consumed"), timer);
}

/** What went by one side of a processor. */
interface Passed {
  readonly items: Counter;
  readonly bytes: Counter;
}

/**
 * From the call of the processor to its call of the next component. A call that passes nothing on before it returns, as
 * those of the batch processor, has no such time.
 */
class CallTimer {
  readonly #clock: Clock;
  readonly #duration: Histogram;
  #calls = 0;
  #startedMs: number | undefined;

  constructor(clock: Clock, duration: Histogram) {
    this.#clock = clock;
    this.#duration = duration;
  }

  enter(): void {
    if (this.#calls++ % TIMED_ONE_IN === 0) this.#startedMs = this.#clock.monotonicMs();
  }

  passOn(): void {
    if (this.#startedMs === undefined) return;
    this.#duration.record((this.#clock.monotonicMs() - this.#startedMs) / 1_000);
    this.#startedMs = undefined;
  }

  leave(): void {
    this.#startedMs = undefined;
  }
}

/** In front of the processor. */
class Entry implements Consumer, Lifecycle {
  /** Only of a processor that holds data. */
  readonly adopt?: Adopt;
  readonly #processor: Consumer & Lifecycle;
  readonly #incoming: Passed;
  readonly #timer: CallTimer;

  constructor(processor: Consumer & Lifecycle, incoming: Passed, timer: CallTimer) {
    this.#processor = processor;
    this.#incoming = incoming;
    this.#timer = timer;
    if (processor.adopt !== undefined) this.adopt = (payload) => processor.adopt?.(payload) ?? false;
  }

  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    this.#incoming.items.add(payload.itemCount);
    this.#incoming.bytes.add(payload.byteLength);
    this.#timer.enter();
    try {
      return this.#processor.consume(payload, abort);
    } finally {
      this.#timer.leave();
    }
  }

  admit(bodyBytes: number): void {
    this.#processor.admit?.(bodyBytes);
  }

  async start(): Promise<void> {
    await this.#processor.start?.();
  }

  async shutdown(deadline: AbortSignal, heir?: Adopt): Promise<void> {
    await this.#processor.shutdown?.(deadline, heir);
  }
}

/** Behind the processor. */
class Exit implements Consumer {
  readonly #next: Consumer;
  readonly #outgoing: Passed;
  readonly #timer: CallTimer;

  constructor(next: Consumer, outgoing: Passed, timer: CallTimer) {
    this.#next = next;
    this.#outgoing = outgoing;
    this.#timer = timer;
  }

  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    this.#timer.passOn();
    this.#outgoing.items.add(payload.itemCount);
    this.#outgoing.bytes.add(payload.byteLength);
    return this.#next.consume(payload, abort);
  }

  admit(bodyBytes: number): void {
    this.#next.admit?.(bodyBytes);
  }
}
