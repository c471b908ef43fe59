/**
 * Whether a gateway does worse with a configuration than with the one before it: a decision over its own metrics, without
 * time or state.
 *
 * The figures are sums over all exporters and receivers, because a change may rename them; queues are looked at one by
 * one. Source of the names: collector reference 9.
 *
 * @module
 */

import type { SeriesValue } from "../../pipeline/core/telemetry/store.ts";

/** Totals at one moment. */
export interface HealthSample {
  /** On the monotonic clock, milliseconds. */
  readonly atMs: number;
  /** Items that receivers took. */
  readonly accepted: number;
  /** Items that receivers refused, or failed to take. */
  readonly refused: number;
  /** Requests that were not answered with 200; what is refused before its body is read counts here alone. */
  readonly refusedRequests: number;
  readonly sent: number;
  /** Items that exporters could not send, or had no room for. */
  readonly failed: number;
  readonly workerRestarts: number;
  /** Filled part of each sending queue, 0 to 1, by exporter and signal. */
  readonly queues: ReadonlyMap<string, number>;
}

/** What happened between two samples; queues as they are at the end. */
export interface HealthFigures extends Omit<HealthSample, "atMs"> {
  readonly durationMs: number;
}

/** How much worse is too much. */
export interface HealthLimits {
  /** Items, or requests refused, without which a share says nothing. */
  readonly minItems: number;
  /** Items that say something though they are fewer, when none of them could be exported. */
  readonly minAllFailed: number;
  /** Of the share of failed among sent and failed items, 0 to 1. */
  readonly maxErrorRise: number;
  /** Of the share of refused among accepted and refused items, 0 to 1. */
  readonly maxRefusalRise: number;
  /** Part of the items a second that must still be taken when requests are refused, 0 to 1. */
  readonly minIntake: number;
  /** Of the filled part of a queue, 0 to 1. */
  readonly maxQueueRise: number;
  /** Data workers that died. */
  readonly maxWorkerRestarts: number;
}

export const DEFAULT_HEALTH_LIMITS: HealthLimits = {
  minItems: 20,
  minAllFailed: 3,
  maxErrorRise: 0.1,
  maxRefusalRise: 0.1,
  minIntake: 0.5,
  maxQueueRise: 0.25,
  maxWorkerRestarts: 1,
};

const ACCEPTED = /^otelcol_receiver_accepted_/;
const REFUSED = /^otelcol_receiver_(?:refused|failed)_/;
const REFUSED_REQUESTS = /^sluice_receiver_refused_requests$/;
const SENT = /^otelcol_exporter_sent_/;
const FAILED = /^otelcol_exporter_(?:send|enqueue)_failed_/;

/** The totals in all series. */
export function sampleHealth(series: readonly SeriesValue[], atMs: number): HealthSample {
  const sum = (name: RegExp) =>
    series.reduce((total, { name: own, values }) => name.test(own) ? total + (values[0] ?? 0) : total, 0);
  return {
    atMs,
    accepted: sum(ACCEPTED),
    refused: sum(REFUSED),
    refusedRequests: sum(REFUSED_REQUESTS),
    sent: sum(SENT),
    failed: sum(FAILED),
    workerRestarts: sum(/^sluice_worker_restarts$/),
    queues: fillOf(series),
  };
}

function fillOf(series: readonly SeriesValue[]): ReadonlyMap<string, number> {
  const of = (name: string) =>
    new Map(
      series.filter((one) => one.name === name).map(({ attributes, values }) => [
        `${attributes["exporter"]} (${attributes["data_type"]})`,
        values[0] ?? 0,
      ]),
    );
  const capacities = of("otelcol_exporter_queue_capacity");
  return new Map([...of("otelcol_exporter_queue_size")].map(([exporter, size]) => {
    const capacity = capacities.get(exporter) ?? 0;
    return [exporter, capacity > 0 ? size / capacity : 0];
  }));
}

/** From `first` to `last`, of the same process. */
export function figuresBetween(first: HealthSample, last: HealthSample): HealthFigures {
  return {
    durationMs: last.atMs - first.atMs,
    accepted: last.accepted - first.accepted,
    refused: last.refused - first.refused,
    refusedRequests: last.refusedRequests - first.refusedRequests,
    sent: last.sent - first.sent,
    failed: last.failed - first.failed,
    workerRestarts: last.workerRestarts - first.workerRestarts,
    queues: last.queues,
  };
}

/**
 * Compares a time with a configuration to one before it.
 *
 * @returns Why it is worse, a sentence each; empty when it is not.
 */
export function judge(before: HealthFigures, after: HealthFigures, limits: HealthLimits): readonly string[] {
  const { minItems, minAllFailed, maxErrorRise, maxRefusalRise } = limits;
  const minExported = after.sent === 0 ? minAllFailed : minItems;
  return [
    ...shareRise("of the items could not be exported", exports(before), exports(after), maxErrorRise, minExported),
    ...shareRise("of the items were refused", intake(before), intake(after), maxRefusalRise, minItems),
    ...intakeFall(before, after, limits),
    ...queueRises(before, after, limits),
    ...(after.workerRestarts > limits.maxWorkerRestarts ? [`${after.workerRestarts} data workers died`] : []),
  ];
}

/** Why a time is too quiet to tell whether it is worse; undefined when it is not. */
export function whyNotJudged(after: HealthFigures, { minItems, minAllFailed }: HealthLimits): string | undefined {
  const [exported, taken] = [exports(after).whole, intake(after).whole];
  const isTold = exported >= minItems || taken >= minItems || after.refusedRequests >= minItems ||
    (after.sent === 0 && after.failed >= minAllFailed);
  if (isTold) return undefined;
  const seconds = Math.round(after.durationMs / 1_000);
  return `not judged: ${exported} items were exported and ${taken} came in ${seconds} s, wanted ${minItems} of either`;
}

/** A part of a whole, in items. */
interface Share {
  readonly part: number;
  readonly whole: number;
}

const exports = ({ sent, failed }: HealthFigures): Share => ({ part: failed, whole: sent + failed });
const intake = ({ accepted, refused }: HealthFigures): Share => ({ part: refused, whole: accepted + refused });

function shareRise(what: string, before: Share, after: Share, maxRise: number, minItems: number): string[] {
  if (after.whole < minItems) return [];
  const [was, is] = [rateOf(before), rateOf(after)];
  return is - was > maxRise ? [`${percent(is)} ${what}, before it ${percent(was)}`] : [];
}

/** What is refused before its body is read has no items: that less comes in shows that it matters. */
function intakeFall(before: HealthFigures, after: HealthFigures, { minItems, minIntake }: HealthLimits): string[] {
  if (after.refusedRequests < minItems) return [];
  if (perSecond(after, after.refusedRequests) <= perSecond(before, before.refusedRequests)) return [];
  const [was, is] = [perSecond(before, before.accepted), perSecond(after, after.accepted)];
  if (is >= was * minIntake) return [];
  const numbers = `${is.toFixed(1)} items a second are taken, before it ${was.toFixed(1)}`;
  return [`${after.refusedRequests} requests were refused: ${numbers}`];
}

function perSecond({ durationMs }: HealthFigures, amount: number): number {
  return durationMs > 0 ? amount * 1_000 / durationMs : 0;
}

function rateOf({ part, whole }: Share): number {
  return whole > 0 ? part / whole : 0;
}

/** A queue that a change makes is compared to an empty one. */
function queueRises(before: HealthFigures, after: HealthFigures, { maxQueueRise }: HealthLimits): string[] {
  return [...after.queues].flatMap(([exporter, is]) => {
    const was = before.queues.get(exporter) ?? 0;
    return is - was > maxQueueRise
      ? [`the queue of exporter ${exporter} is ${percent(is)} full, before it ${percent(was)}`]
      : [];
  });
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
