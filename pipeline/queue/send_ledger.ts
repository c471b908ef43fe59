/**
 * Counts what one exporter sent, failed to send and could not queue, once a batch, and says failures in the log.
 *
 * Source: collector reference 9 (metric names); the accounting identity there holds: accepted = sent + send_failed +
 * enqueue_failed + still queued.
 *
 * @module
 */

import type { Outcome } from "../contract/consumer.ts";
import type { ComponentDeps } from "../contract/component.ts";
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/log.ts";
import type { Logger } from "../core/log.ts";
import type { Counter, Gauge } from "../core/telemetry.ts";
import type { Payload } from "../otlp/payload.ts";
import { type Signal, SIGNALS } from "../otlp/signals.ts";
import type { Losses } from "./memory_queue.ts";
import type { Sender } from "./sender.ts";

/** Failures that their sender is told are logged once in this time, with how many there were. */
const TOLD_LOG_INTERVAL_MS = 10_000;

export class SendLedger implements Losses {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sent: Counter;
  readonly #sendFailed: Counter;
  readonly #enqueueFailed: Counter;
  readonly #inFlight: Gauge;
  #nextLogMs = -Infinity;
  #untoldFailures = 0;

  constructor({ id, clock, logger, meter, signal }: ComponentDeps & { readonly signal: Signal }) {
    const suffix = SIGNALS[signal].metricSuffix;
    const attributes = { exporter: id };
    this.#clock = clock;
    this.#logger = logger;
    this.#sent = meter.counter(`otelcol_exporter_sent_${suffix}`, attributes);
    this.#sendFailed = meter.counter(`otelcol_exporter_send_failed_${suffix}`, attributes);
    this.#enqueueFailed = meter.counter(`otelcol_exporter_enqueue_failed_${suffix}`, attributes);
    this.#inFlight = meter.gauge("otelcol_exporter_in_flight_requests", { exporter: id, data_type: signal });
  }

  begun(): void {
    this.#inFlight.add(1);
  }

  /** A batch that the destination took; what it rejected of it is a failure. */
  sent(items: number, { rejectedItems }: Outcome): void {
    this.#inFlight.add(-1);
    this.#sent.add(items - rejectedItems);
    if (rejectedItems > 0) this.#sendFailed.add(rejectedItems);
  }

  /**
   * A batch that is not kept.
   *
   * @param told Whether somebody waits for the answer; if not the data is lost, and each loss is logged.
   */
  failed(items: number, error: unknown, told: boolean): void {
    this.#inFlight.add(-1);
    this.dropped(items, error, told);
  }

  dropped(items: number, error: unknown, told: boolean): void {
    this.#sendFailed.add(items);
    if (told) this.#logTold(items, error);
    else this.#logger.error("export failed, the data is lost", { items, error: describeError(error) });
  }

  refused(items: number): void {
    this.#enqueueFailed.add(items);
  }

  #logTold(items: number, error: unknown): void {
    this.#untoldFailures++;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#nextLogMs) return;
    const failures = this.#untoldFailures;
    this.#logger.warn("export failed, the senders are told", { failures, items, error: describeError(error) });
    this.#nextLogMs = nowMs + TOLD_LOG_INTERVAL_MS;
    this.#untoldFailures = 0;
  }
}

/** A sender whose results go to `ledger`. @param told Whether somebody waits for them. */
export function countSends(next: Sender, ledger: SendLedger, told: boolean): Sender {
  return {
    async send(payload: Payload, abort: AbortSignal, giveUpAtMs: number): Promise<Outcome> {
      ledger.begun();
      try {
        const outcome = await next.send(payload, abort, giveUpAtMs);
        ledger.sent(payload.itemCount, outcome);
        return outcome;
      } catch (thrown) {
        ledger.failed(payload.itemCount, thrown, told);
        throw thrown;
      }
    },
  };
}
