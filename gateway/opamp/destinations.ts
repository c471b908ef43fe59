/**
 * Which exporters deliver nothing: all that they tried lately has failed. Read from the gateway's own metrics, because a
 * failed export is no error of the gateway where its sender is told and comes again: it is logged as a warning.
 *
 * What is still being retried counts as neither, until it is given up.
 *
 * @module
 */

import type { SeriesValue } from "../../pipeline/core/telemetry/store.ts";

/** How long after its last failure an exporter that has had nothing to send counts as failing, milliseconds. */
export const FORGOTTEN_MS = 60_000;

const SENT = /^otelcol_exporter_sent_/;
const FAILED = /^otelcol_exporter_(?:send|enqueue)_failed_/;

/** Of one exporter, since the process began. */
interface Totals {
  sent: number;
  failed: number;
}

interface Destination extends Totals {
  /** Items that failed since the last that was delivered. */
  failing: number;
  failedAtMs: number;
}

export class Destinations {
  #known: ReadonlyMap<string, Destination> = new Map();

  /**
   * Looks at all series as they are now. To be called every few seconds.
   *
   * @param nowMs Milliseconds, of one clock.
   * @returns By `exporter:otlp_http/eu`, how many items failed since the last that was delivered.
   */
  look(series: readonly SeriesValue[], nowMs: number): ReadonlyMap<string, number> {
    this.#known = new Map([...totalsOf(series)].map(([id, totals]) => [id, seen(this.#known.get(id), totals, nowMs)]));
    const failing = [...this.#known].filter(([, each]) => each.failing > 0 && nowMs - each.failedAtMs < FORGOTTEN_MS);
    return new Map(failing.map(([id, each]) => [`exporter:${id}`, each.failing]));
  }
}

function seen(before: Destination | undefined, totals: Totals, nowMs: number): Destination {
  const { sent, failed, failing, failedAtMs } = before ?? { sent: 0, failed: 0, failing: 0, failedAtMs: 0 };
  const failedNow = Math.max(0, totals.failed - failed);
  if (totals.sent > sent) return { ...totals, failing: 0, failedAtMs };
  return { ...totals, failing: failing + failedNow, failedAtMs: failedNow > 0 ? nowMs : failedAtMs };
}

/** By the exporter's id, over all signals. */
function totalsOf(series: readonly SeriesValue[]): ReadonlyMap<string, Totals> {
  const all = new Map<string, Totals>();
  for (const { name, attributes, values: [value = 0] } of series) {
    const { exporter } = attributes;
    const [isSent, isFailed] = [SENT.test(name), FAILED.test(name)];
    if (exporter === undefined || !(isSent || isFailed)) continue;
    const totals = all.get(exporter) ?? { sent: 0, failed: 0 };
    if (isSent) totals.sent += value;
    else totals.failed += value;
    all.set(exporter, totals);
  }
  return all;
}
