/**
 * How fast own counters grow: each reading is compared with one that is at least a second older.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import type { SeriesValue } from "../../pipeline/core/telemetry/store.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";

/** What rates are taken over at the least, milliseconds. */
const MIN_WINDOW_MS = 1_000;
/** A reading is kept that often, so that somebody who asks for the first time has one to compare with, milliseconds. */
const BACKGROUND_MS = 10_000;

interface Kept {
  readonly atMs: number;
  readonly values: ReadonlyMap<string, number>;
}

/** The own metrics at one moment. */
export interface Reading {
  readonly series: readonly SeriesValue[];
  /** 0 when there is nothing to compare with. */
  readonly windowMs: number;
  /** The sum of the counters of that name whose attributes are these; undefined when there is none. */
  total(name: string, attributes: Attributes): number | undefined;
  /** As `total`, per second; undefined without a window too. */
  perSecond(name: string, attributes: Attributes): number | undefined;
}

export class Rates {
  readonly #collect: () => readonly SeriesValue[];
  readonly #clock: Clock;
  readonly #timer: ReturnType<typeof setInterval>;
  /** The newest last; two are enough. */
  #kept: readonly Kept[] = [];

  constructor(collect: () => readonly SeriesValue[], clock: Clock) {
    this.#collect = collect;
    this.#clock = clock;
    this.#timer = setInterval(() => void this.read(), BACKGROUND_MS);
    Deno.unrefTimer(this.#timer);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  read(): Reading {
    const atMs = this.#clock.monotonicMs();
    const series = this.#collect();
    const base = this.#kept.findLast((kept) => atMs - kept.atMs >= MIN_WINDOW_MS);
    const newest = this.#kept.at(-1);
    if (newest === undefined || atMs - newest.atMs >= MIN_WINDOW_MS) {
      const values = new Map(series.map((one) => [keyOf(one), one.values[0] ?? 0]));
      this.#kept = [...this.#kept.slice(-1), { atMs, values }];
    }
    return new SeriesReading(series, base, atMs);
  }
}

class SeriesReading implements Reading {
  readonly series: readonly SeriesValue[];
  readonly windowMs: number;
  readonly #base: Kept | undefined;
  readonly #byName: ReadonlyMap<string, readonly SeriesValue[]>;

  constructor(series: readonly SeriesValue[], base: Kept | undefined, atMs: number) {
    this.series = series;
    this.#base = base;
    this.windowMs = base === undefined ? 0 : atMs - base.atMs;
    this.#byName = Map.groupBy(series, ({ name }) => name);
  }

  total(name: string, attributes: Attributes): number | undefined {
    const found = this.#find(name, attributes);
    return found.length === 0 ? undefined : sum(found.map(({ values }) => values[0] ?? 0));
  }

  perSecond(name: string, attributes: Attributes): number | undefined {
    const base = this.#base;
    const found = this.#find(name, attributes);
    if (base === undefined || found.length === 0) return undefined;
    const before = sum(found.map((one) => base.values.get(keyOf(one)) ?? 0));
    const now = sum(found.map(({ values }) => values[0] ?? 0));
    return Math.max(0, now - before) * 1_000 / this.windowMs;
  }

  #find(name: string, attributes: Attributes): readonly SeriesValue[] {
    const wanted = Object.entries(attributes);
    return (this.#byName.get(name) ?? []).filter((one) =>
      one.kind !== "histogram" && wanted.every(([key, value]) => one.attributes[key] === value)
    );
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function keyOf({ name, attributes }: SeriesValue): string {
  return JSON.stringify([name, Object.entries(attributes).sort(([a], [b]) => a < b ? -1 : 1)]);
}
