/**
 * What a component counts with. Handles are made once, when a component is created; adding is one write into memory
 * that the control thread reads.
 *
 * Names are the collector's, with the `otelcol_` prefix (collector reference, section 9), without `_total`.
 *
 * @module
 */

/** Label names and values of one series. */
export type Attributes = Readonly<Record<string, string>>;

/** A sum that only grows. */
export interface Counter {
  add(amount: number): void;
}

/** A value that goes up and down. */
export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
}

/** Counts values by upper bound. */
export interface Histogram {
  record(value: number): void;
}

/** Makes series. The same name and attributes give the same series. */
export interface Meter {
  counter(name: string, attributes: Attributes): Counter;
  gauge(name: string, attributes: Attributes): Gauge;
  histogram(name: string, attributes: Attributes, bounds: readonly number[]): Histogram;
}

/** Counts nothing. */
export const silentMeter: Meter = {
  counter: () => ({ add: () => {} }),
  gauge: () => ({ set: () => {}, add: () => {} }),
  histogram: () => ({ record: () => {} }),
};
