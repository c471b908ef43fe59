/**
 * Metrics in shared memory: each thread writes its own region, the control thread reads and sums them all.
 *
 * A region is Float64 slots of one `SharedArrayBuffer`. A slot has a single writer, so adding needs no atomics; a
 * reader may see a value one write old, never a torn one (aligned 8-byte stores on the 64-bit targets that Deno has).
 * A series is registered once by name and attributes, and announced to the control thread, which alone knows names.
 *
 * @module
 */

import { type Attributes, type Counter, type Gauge, type Histogram, type Meter, silentMeter } from "./meter.ts";

/** Slots of one thread's region: 1 MiB, of which only what is written to takes memory. Enough for 500 components. */
const DEFAULT_REGION_SLOTS = 131_072;
/** Series of one name in one thread, as in the OpenTelemetry SDK; what comes later counts under `OVERFLOW_ATTRIBUTES`. */
const DEFAULT_MAX_SERIES_PER_NAME = 2_000;
/** The attributes of the series that takes what found no room, as in the OpenTelemetry SDK's cardinality limit. */
const OVERFLOW_ATTRIBUTES: Attributes = { otel_metric_overflow: "true" };
/** The last resort: what was added to series for which the whole region had no slot left. */
export const OVERFLOW_METRIC = "sluice_telemetry_overflow";

export type SeriesKind = "counter" | "gauge" | "histogram";

/** Says where a series lives; cloned to the control thread. */
export interface SeriesAnnouncement {
  readonly name: string;
  readonly kind: SeriesKind;
  readonly attributes: Attributes;
  /** First slot. A counter or gauge has one; a histogram one a bound, then those above all bounds, then the sum. */
  readonly slot: number;
  /** Upper bounds of a histogram, ascending; empty for the others. */
  readonly bounds: readonly number[];
}

/** One series summed over all threads. `values` has the layout of the slots. */
export interface SeriesValue {
  readonly name: string;
  readonly kind: SeriesKind;
  readonly attributes: Attributes;
  readonly bounds: readonly number[];
  readonly values: readonly number[];
}

export interface ThreadMeterOptions {
  readonly maxSeriesPerName?: number;
  /** Told once, when the first series finds no room. */
  readonly onOverflow?: (name: string) => void;
}

/** A region for one thread. */
export function createRegion(slots: number = DEFAULT_REGION_SLOTS): SharedArrayBuffer {
  return new SharedArrayBuffer(slots * Float64Array.BYTES_PER_ELEMENT);
}

/** The meter of one thread. Only that thread may use it. */
export class ThreadMeter implements Meter {
  readonly #slots: Float64Array;
  readonly #announce: (series: SeriesAnnouncement) => void;
  readonly #maxSeriesPerName: number;
  readonly #onOverflow: (name: string) => void;
  readonly #series = new Map<string, SeriesAnnouncement>();
  readonly #seriesPerName = new Map<string, number>();
  readonly #catchAll: SeriesAnnouncement;
  #nextSlot = 0;
  #overflowed = false;

  /**
   * @param announce Told of each series once, before its first write.
   * @throws {RangeError} The region has no slot at all.
   */
  constructor(
    region: SharedArrayBuffer,
    announce: (series: SeriesAnnouncement) => void,
    options: ThreadMeterOptions = {},
  ) {
    this.#slots = new Float64Array(region);
    this.#announce = announce;
    this.#maxSeriesPerName = options.maxSeriesPerName ?? DEFAULT_MAX_SERIES_PER_NAME;
    this.#onOverflow = options.onOverflow ?? (() => {});
    const catchAll = this.#allocate(OVERFLOW_METRIC, "counter", {}, []);
    if (catchAll === undefined) throw new RangeError("Cannot make a meter: its region is empty, wanted 1 slot or more");
    this.#catchAll = catchAll;
  }

  counter(name: string, attributes: Attributes): Counter {
    return new SlotCounter(this.#slots, this.#seriesOf(name, "counter", attributes, []).slot);
  }

  gauge(name: string, attributes: Attributes): Gauge {
    const series = this.#seriesOf(name, "gauge", attributes, []);
    return isOverflow(series) ? silentMeter.gauge(name, attributes) : new SlotGauge(this.#slots, series.slot);
  }

  histogram(name: string, attributes: Attributes, bounds: readonly number[]): Histogram {
    const series = this.#seriesOf(name, "histogram", attributes, bounds);
    if (series.kind === "histogram") return new SlotHistogram(this.#slots, series.slot, series.bounds);
    return new CountingHistogram(this.#slots, series.slot);
  }

  #seriesOf(name: string, kind: SeriesKind, attributes: Attributes, bounds: readonly number[]): SeriesAnnouncement {
    const known = this.#series.get(seriesKey(name, attributes));
    if (known !== undefined) return sameKind(known, kind);
    if ((this.#seriesPerName.get(name) ?? 0) < this.#maxSeriesPerName) {
      const made = this.#allocate(name, kind, attributes, bounds);
      if (made !== undefined) return made;
    }
    return this.#overflowOf(name, kind, bounds);
  }

  /** The name's own overflow series where there is room for it, else the region's. */
  #overflowOf(name: string, kind: SeriesKind, bounds: readonly number[]): SeriesAnnouncement {
    if (!this.#overflowed) {
      this.#overflowed = true;
      this.#onOverflow(name);
    }
    const known = this.#series.get(seriesKey(name, OVERFLOW_ATTRIBUTES));
    if (known !== undefined) return sameKind(known, kind);
    const made = this.#allocate(name, kind, OVERFLOW_ATTRIBUTES, bounds);
    return made ?? this.#catchAll;
  }

  #allocate(
    name: string,
    kind: SeriesKind,
    attributes: Attributes,
    bounds: readonly number[],
  ): SeriesAnnouncement | undefined {
    const width = slotsOf(kind, bounds);
    if (this.#nextSlot + width > this.#slots.length) return undefined;
    const series = { name, kind, attributes: { ...attributes }, slot: this.#nextSlot, bounds: [...bounds] };
    this.#nextSlot += width;
    this.#series.set(seriesKey(name, attributes), series);
    this.#seriesPerName.set(name, (this.#seriesPerName.get(name) ?? 0) + 1);
    this.#announce(series);
    return series;
  }
}

/** Reads and sums the regions; lives on the control thread. */
export class TelemetryStore {
  readonly #threads = new Map<string, Float64Array>();
  /** Every series by its key, in the order of their names. */
  readonly #series = new Map<string, StoredSeries>();
  #sorted: readonly StoredSeries[] | undefined;

  /** Opens a thread's region: its meter is made of what this returns. */
  addThread(thread: string, region: SharedArrayBuffer): void {
    if (this.#threads.has(thread)) throw new TypeError(`Cannot add thread ${JSON.stringify(thread)}: it is known`);
    this.#threads.set(thread, new Float64Array(region));
  }

  /** Takes a series that a thread announced. One from a thread that is gone is ignored. */
  announce(thread: string, series: SeriesAnnouncement): void {
    const slots = this.#threads.get(thread);
    if (slots === undefined) return;
    const key = seriesKey(series.name, series.attributes);
    let stored = this.#series.get(key);
    if (stored === undefined) {
      this.#series.set(key, stored = new StoredSeries(series));
      this.#sorted = undefined;
    }
    stored.places.push({ thread, slots, slot: series.slot });
  }

  /** Keeps what the thread has counted, forgets its gauges. */
  retireThread(thread: string): void {
    for (const [key, series] of this.#series) {
      if (!series.retire(thread)) continue;
      this.#series.delete(key);
      this.#sorted = undefined;
    }
    this.#threads.delete(thread);
  }

  /** Every series, summed over all threads, in the order of their names. */
  collect(): readonly SeriesValue[] {
    this.#sorted ??= [...this.#series.values()].sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
    return this.#sorted.map((series) => series.read());
  }
}

/** Where one thread keeps its part of a series. */
interface Place {
  readonly thread: string;
  readonly slots: Float64Array;
  readonly slot: number;
}

/** One series of all threads. */
class StoredSeries {
  readonly name: string;
  readonly kind: SeriesKind;
  readonly attributes: Attributes;
  readonly bounds: readonly number[];
  places: Place[] = [];
  /** Of threads that are gone: a total never goes back. */
  readonly #retired: number[];
  #hasRetired = false;

  constructor({ name, kind, attributes, bounds }: SeriesAnnouncement) {
    this.name = name;
    this.kind = kind;
    this.attributes = attributes;
    this.bounds = bounds;
    this.#retired = new Array<number>(slotsOf(kind, bounds)).fill(0);
  }

  read(): SeriesValue {
    const { name, kind, attributes, bounds } = this;
    const values = [...this.#retired];
    for (const place of this.places) addInto(values, place);
    return { name, kind, attributes, bounds, values };
  }

  /** @returns Whether nothing is left of it. */
  retire(thread: string): boolean {
    for (const place of this.places) {
      if (place.thread !== thread || this.kind === "gauge") continue;
      addInto(this.#retired, place);
      this.#hasRetired = true;
    }
    this.places = this.places.filter((place) => place.thread !== thread);
    return this.places.length === 0 && !this.#hasRetired;
  }
}

function addInto(sums: number[], { slots, slot }: Place): void {
  for (let at = 0; at < sums.length; at++) sums[at]! += slots[slot + at] ?? 0;
}

function slotsOf(kind: SeriesKind, bounds: readonly number[]): number {
  return kind === "histogram" ? bounds.length + 2 : 1;
}

function seriesKey(name: string, attributes: Attributes): string {
  const pairs = Object.entries(attributes).sort(([a], [b]) => a < b ? -1 : 1);
  return JSON.stringify([name, pairs]);
}

/** Sums may share a series; a gauge that others set too says nothing. */
function isOverflow({ name, attributes }: SeriesAnnouncement): boolean {
  return name === OVERFLOW_METRIC || attributes["otel_metric_overflow"] === "true";
}

function sameKind(series: SeriesAnnouncement, kind: SeriesKind): SeriesAnnouncement {
  if (series.kind === kind) return series;
  throw new TypeError(`Cannot make the ${kind} ${series.name}: it is a ${series.kind}, wanted one kind for one name`);
}

class SlotCounter implements Counter {
  constructor(readonly slots: Float64Array, readonly slot: number) {}
  add(amount: number): void {
    this.slots[this.slot]! += amount;
  }
}

class SlotGauge implements Gauge {
  constructor(readonly slots: Float64Array, readonly slot: number) {}
  set(value: number): void {
    this.slots[this.slot] = value;
  }
  add(amount: number): void {
    this.slots[this.slot]! += amount;
  }
}

class SlotHistogram implements Histogram {
  constructor(readonly slots: Float64Array, readonly slot: number, readonly bounds: readonly number[]) {}
  record(value: number): void {
    const { bounds, slots, slot } = this;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at++;
    slots[slot + at]! += 1;
    slots[slot + bounds.length + 1]! += value;
  }
}

/** A histogram without room: how often it was recorded. */
class CountingHistogram implements Histogram {
  constructor(readonly slots: Float64Array, readonly slot: number) {}
  record(): void {
    this.slots[this.slot]! += 1;
  }
}
