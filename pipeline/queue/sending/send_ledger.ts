/**
 * Counts what one exporter sent, failed to send and could not queue, once a batch, and says failures in the log.
 *
 * Source: collector reference 9 (metric names); the accounting identity there holds, with one more way to end: taken =
 * sent + send_failed + enqueue_failed + abandoned + still queued. Abandoned is what its sender left before an attempt had
 * failed: no failure of the destination, by which a change of the configuration is judged.
 *
 * @module
 */

import type { Outcome } from "../../contract/consumer.ts";
import type { ComponentDeps } from "../../contract/component.ts";
import type { Clock } from "../../core/clock.ts";
import { type GatewayError, toGatewayError } from "../../core/errors.ts";
import { describeError } from "../../core/log/logger.ts";
import type { Logger } from "../../core/log/logger.ts";
import { Repeated } from "../../core/log/repeated.ts";
import type { Counter, Gauge } from "../../core/telemetry/meter.ts";
import { traceFields } from "../../core/telemetry/trace.ts";
import type { SpanContext } from "../../core/telemetry/trace_context.ts";
import type { Payload } from "../../otlp/payload.ts";
import { type Signal, SIGNALS } from "../../otlp/signals.ts";
import { DestinationState } from "./destination_state.ts";
import { ExportUsage } from "./export_usage.ts";
import type { Losses, Piece } from "../losses.ts";
import { MOVED, type Sender } from "../sender.ts";

export class SendLedger implements Losses {
  /** How it does, by what is counted here. */
  readonly destination: DestinationState;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sent: Counter;
  readonly #sendFailed: Counter;
  readonly #lost: Counter;
  readonly #enqueueFailed: Counter;
  readonly #pastShare: Counter;
  readonly #abandoned: Counter;
  readonly #inFlight: Gauge;
  readonly #usage: ExportUsage | undefined;
  readonly #toldFailures = new Repeated();
  readonly #retries = new Repeated();
  /** Whether the log says that attempts fail, and not yet that they no longer do. */
  #saidRetrying = false;

  constructor({ id, clock, logger, meter, signal, usage }: ComponentDeps & { readonly signal: Signal }) {
    const suffix = SIGNALS[signal].metricSuffix;
    const attributes = { exporter: id };
    this.#clock = clock;
    this.destination = new DestinationState(clock);
    this.#usage = usage && new ExportUsage(usage, id, signal);
    this.#logger = logger;
    this.#sent = meter.counter(`otelcol_exporter_sent_${suffix}`, attributes);
    this.#sendFailed = meter.counter(`otelcol_exporter_send_failed_${suffix}`, attributes);
    this.#lost = meter.counter(`sluice_exporter_lost_${suffix}`, attributes);
    this.#enqueueFailed = meter.counter(`otelcol_exporter_enqueue_failed_${suffix}`, attributes);
    this.#pastShare = meter.counter(`sluice_exporter_tenant_share_refused_${suffix}`, attributes);
    this.#abandoned = meter.counter(`sluice_exporter_abandoned_${suffix}`, attributes);
    this.#inFlight = meter.gauge("otelcol_exporter_in_flight_requests", { exporter: id, data_type: signal });
  }

  begun(): void {
    this.#inFlight.add(1);
    this.destination.begun();
  }

  /** A batch that the destination took; what it rejected of it is a failure. */
  sent(items: number, { rejectedItems }: Outcome): void {
    this.#ended();
    this.destination.delivered();
    this.#sent.add(items - rejectedItems);
    if (rejectedItems > 0) this.#sendFailed.add(rejectedItems);
    if (this.#saidRetrying) this.#sayRecovered();
  }

  /** A batch that another chain goes on with, or that goes on in pieces. */
  moved(): void {
    this.#ended();
  }

  /** An attempt that failed and is made again. */
  attemptFailed(error: GatewayError): void {
    this.destination.failed(error);
  }

  /** As `attemptFailed`, for data whose senders have their answer: nobody else would say so. */
  retrying(attempt: number, retryInMs: number, error: GatewayError): void {
    this.attemptFailed(error);
    const failures = this.#retries.note(this.#clock.monotonicMs());
    if (failures === undefined) return;
    this.#saidRetrying = true;
    const fields = { failures, attempt, retry_in_ms: Math.ceil(retryInMs), error: describeError(error) };
    this.#logger.warn("export failed, will be tried again", fields);
  }

  /**
   * A batch that is not kept.
   *
   * @param told Whether somebody waits for the answer; if not the data is lost, and each loss is logged.
   * @param trace Where it failed.
   */
  failed(items: number, error: unknown, told: boolean, trace?: SpanContext): void {
    this.#ended();
    this.#notSent(items, error, told, trace);
  }

  dropped(pieces: readonly Piece[], error: GatewayError, told: boolean): void {
    const items = itemsOf(pieces);
    if (isAbandoned(error, told)) this.#abandoned.add(items);
    else this.#notSent(items, error, told);
    this.#usage?.landed(pieces, error);
  }

  landed(pieces: readonly Piece[], result: Outcome | GatewayError, told: boolean): void {
    if (pieces.length === 0 || result === MOVED) return this.moved();
    const items = itemsOf(pieces);
    if (isAbandoned(result, told)) {
      this.#ended();
      this.#abandoned.add(items);
    } else if (result instanceof Error) this.failed(items, result, told, pieces[0]?.payload.origin.trace?.context);
    else {
      this.sent(items, result);
      if (!told && result.rejectedItems > 0) this.#lost.add(result.rejectedItems);
    }
    this.#usage?.landed(pieces, result);
  }

  /** What becomes of a payload that was never in a queue. */
  follow(payload: Payload, result: Promise<Outcome>): Promise<Outcome> {
    const usage = this.#usage;
    if (usage === undefined) return result;
    return result.then((outcome) => {
      usage.landed([{ payload }], outcome);
      return outcome;
    }, (thrown) => {
      usage.landed([{ payload }], toGatewayError(thrown));
      throw thrown;
    });
  }

  #notSent(items: number, error: unknown, told: boolean, trace?: SpanContext): void {
    this.#sendFailed.add(items);
    this.destination.failed(error);
    if (told) return this.#logTold(items, error, trace);
    this.#lost.add(items);
    const fields = { items, error: describeError(error), ...traceFields(trace) };
    this.#logger.error("export failed, the data is lost", fields);
  }

  #ended(): void {
    this.#inFlight.add(-1);
    this.destination.ended();
  }

  refused({ itemCount, origin }: Payload, isTenants: boolean): void {
    this.#enqueueFailed.add(itemCount);
    if (isTenants) this.#pastShare.add(itemCount);
    this.#usage?.failed(origin.tenant, itemCount, isTenants ? "queue_share" : "queue_full");
  }

  abandoned({ itemCount, origin }: Payload): void {
    this.#abandoned.add(itemCount);
    this.#usage?.failed(origin.tenant, itemCount, "cancelled");
  }

  #logTold(items: number, error: unknown, trace: SpanContext | undefined): void {
    const failures = this.#toldFailures.note(this.#clock.monotonicMs());
    if (failures === undefined) return;
    const fields = { failures, items, error: describeError(error), ...traceFields(trace) };
    this.#logger.warn("export failed, the senders are told", fields);
  }

  #sayRecovered(): void {
    this.#saidRetrying = false;
    this.#logger.info("delivers again");
  }
}

function isAbandoned(result: Outcome | GatewayError, told: boolean): boolean {
  return told && result instanceof Error && result.code === "cancelled";
}

function itemsOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { payload }) => sum + payload.itemCount, 0);
}

/** A sender whose results go to `ledger`. @param told Whether somebody waits for them. */
export function countSends(next: Sender, ledger: SendLedger, told: boolean): Sender {
  return {
    send(payload: Payload, abort: AbortSignal, giveUpAtMs: number): Promise<Outcome> {
      const { itemCount, origin } = payload;
      ledger.begun();
      return next.send(payload, abort, giveUpAtMs).then(
        (outcome) => {
          if (outcome === MOVED) ledger.moved();
          else ledger.sent(itemCount, outcome);
          return outcome;
        },
        (thrown) => {
          ledger.failed(itemCount, thrown, told, origin.trace?.context);
          throw thrown;
        },
      );
    },
  };
}
