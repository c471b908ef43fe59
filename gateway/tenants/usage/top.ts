/**
 * Metrics of the tenants that use the most, and of all others together, so that no number of tenants makes too many series.
 *
 * A counter must not go back, so a tenant that has a series of its own keeps it: one that uses more later takes the place
 * of one that uses less now, whose counter stands still from then on, until `NAMED_AT_MOST` times as many have had one.
 * What a tenant used before it had a series is in `other`; together they are always the whole.
 *
 * @module
 */

import type { Counter, Meter } from "../../../pipeline/core/telemetry/meter.ts";
import { MINUTE_MS, OTHER_TENANTS, type UsageSum } from "../../../pipeline/tenants/usage/usage.ts";

export const DEFAULT_TOP_TENANTS = 50;
/** For each place, tenants that ever have a series. */
const NAMED_AT_MOST = 4;
/** What a minute takes off what was used before: half is forgotten in a quarter of an hour. */
const FADE_A_MINUTE = 0.955;
/** Bytes below which a tenant is forgotten. */
const FORGOTTEN = 1;

/** What a tenant that gets a series has from the start, at 0: a rate cannot see what a series begins with. */
const WATCHED_OUTCOMES = ["accepted", "refused", "rejected"] as const;

type Measure = "requests" | "items" | "bytes";

export class UsageTop {
  readonly #meter: Meter;
  readonly #places: number;
  /** What each tenant used lately, in bytes; items count as 100, so that who sends many small ones is seen. */
  readonly #scores = new Map<string, number>();
  readonly #named = new Set<string>();
  readonly #everNamed = new Set<string>();
  readonly #counters = new Map<string, Record<Measure, Counter>>();
  #minute = 0;

  constructor(meter: Meter, places: number = DEFAULT_TOP_TENANTS) {
    this.#meter = meter;
    this.#places = places;
  }

  /** @param nowMs Milliseconds since 1970. */
  add(nowMs: number, { tenant, series: { outcome }, requests, items, bytes }: UsageSum): void {
    this.#rankAt(Math.floor(nowMs / MINUTE_MS));
    this.#scores.set(tenant, (this.#scores.get(tenant) ?? 0) + bytes + 100 * items);
    if (this.#named.size < this.#places) this.#name(tenant);
    const counters = this.#countersOf(this.#named.has(tenant) ? tenant : OTHER_TENANTS, outcome);
    counters.requests.add(requests);
    counters.items.add(items);
    counters.bytes.add(bytes);
  }

  #rankAt(minute: number): void {
    if (minute === this.#minute) return;
    this.#minute = minute;
    for (const [tenant, score] of this.#scores) {
      if (score * FADE_A_MINUTE < FORGOTTEN) this.#scores.delete(tenant);
      else this.#scores.set(tenant, score * FADE_A_MINUTE);
    }
    const ranked = [...this.#scores].sort(([, a], [, b]) => b - a).slice(0, this.#places).map(([tenant]) => tenant);
    const top = new Set(ranked);
    const leaving = [...this.#named].filter((tenant) => !top.has(tenant));
    for (const tenant of ranked) {
      if (this.#named.has(tenant) || !this.#mayBeNamed(tenant)) continue;
      const place = leaving.pop();
      if (place === undefined) return;
      this.#named.delete(place);
      this.#name(tenant);
    }
  }

  #mayBeNamed(tenant: string): boolean {
    return this.#everNamed.has(tenant) || this.#everNamed.size < NAMED_AT_MOST * this.#places;
  }

  #name(tenant: string): void {
    if (this.#named.has(tenant)) return;
    this.#named.add(tenant);
    this.#everNamed.add(tenant);
    for (const outcome of WATCHED_OUTCOMES) this.#countersOf(tenant, outcome);
  }

  #countersOf(tenant: string, outcome: string): Record<Measure, Counter> {
    const key = `${tenant} ${outcome}`;
    let counters = this.#counters.get(key);
    if (counters === undefined) {
      const counter = (measure: Measure) => this.#meter.counter(`sluice_tenant_usage_${measure}`, { tenant, outcome });
      counters = { requests: counter("requests"), items: counter("items"), bytes: counter("bytes") };
      this.#counters.set(key, counters);
    }
    return counters;
  }
}
