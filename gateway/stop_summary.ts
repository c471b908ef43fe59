/**
 * What a stop came to: what was kept and delivered while it drained, what it handed back to senders, and what it lost.
 *
 * Read from the gateway's own metrics, as they are when the stop begins and when all threads have ended.
 *
 * @module
 */

import type { LogFields } from "../pipeline/core/log/logger.ts";
import type { SeriesValue } from "../pipeline/core/telemetry/store.ts";
import { SIGNAL_NAMES, SIGNALS } from "../pipeline/otlp/signals.ts";

/** Counters of one signal, by what became of its items. @param items What they are called in names. */
const countersOf = (items: string): Readonly<Record<string, readonly string[]>> => ({
  /** Answered with 200. */
  kept: [`otelcol_receiver_accepted_${items}`],
  /** Taken by a destination; by two of them it counts twice. */
  delivered: [`otelcol_exporter_sent_${items}`],
  /** Its sender was told, or had left: it is the sender's still. */
  refused: [
    `otelcol_receiver_refused_${items}`,
    `otelcol_receiver_failed_${items}`,
    `sluice_receiver_abandoned_${items}`,
  ],
  /** Answered with 200 and given up. */
  lost: [`sluice_exporter_lost_${items}`, `sluice_processor_lost_${items}`],
});

/**
 * The fields of the closing line; those of which there is nothing are 0.
 *
 * @param before All series when the stop began. @param after All series at its end.
 */
export function stopSummary(before: readonly SeriesValue[], after: readonly SeriesValue[]): LogFields {
  const [first, last] = [sumsOf(before), sumsOf(after)];
  const grown = (name: string) => (last.get(name) ?? 0) - (first.get(name) ?? 0);
  const items = SIGNAL_NAMES.flatMap((signal) =>
    Object.entries(countersOf(SIGNALS[signal].metricSuffix)).map(([fate, names]) => [
      `${signal}_${fate}`,
      names.reduce((sum, name) => sum + grown(name), 0),
    ])
  );
  return {
    requests_kept: grown(KEPT_REQUESTS),
    requests_refused: grown("sluice_receiver_refused_requests"),
    ...Object.fromEntries(items),
  };
}

const REQUESTS = "otelcol_receiver_requests";
const KEPT_REQUESTS = `${REQUESTS} success`;

/** By name, over all components and threads. */
function sumsOf(series: readonly SeriesValue[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { name, attributes, values: [value = 0] } of series) {
    const key = name === REQUESTS ? `${name} ${attributes["outcome"]}` : name;
    sums.set(key, (sums.get(key) ?? 0) + value);
  }
  return sums;
}
