import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import {
  createRegion,
  OVERFLOW_METRIC,
  type SeriesAnnouncement,
  TelemetryStore,
  ThreadMeter,
  type ThreadMeterOptions,
} from "../../../../pipeline/core/telemetry/store.ts";
import type { Attributes } from "../../../../pipeline/core/telemetry/meter.ts";

const SENT = "otelcol_exporter_sent_spans";

function addThread(store: TelemetryStore, thread: string, options: ThreadMeterOptions & { slots?: number } = {}) {
  const region = createRegion(options.slots);
  store.addThread(thread, region);
  return new ThreadMeter(region, (series) => store.announce(thread, series), options);
}

function valuesOf(store: TelemetryStore, name: string, attributes: Attributes = {}): readonly number[] | undefined {
  return store.collect().find((series) =>
    series.name === name && JSON.stringify(series.attributes) === JSON.stringify(attributes)
  )?.values;
}

Deno.test("ThreadMeter and TelemetryStore", async (t) => {
  await t.step("sums a series over threads", () => {
    const store = new TelemetryStore();
    for (const [thread, amount] of [["a", 3], ["b", 4]] as const) {
      addThread(store, thread).counter(SENT, { exporter: "otlp" }).add(amount);
    }
    deepStrictEqual(valuesOf(store, SENT, { exporter: "otlp" }), [7]);
  });

  await t.step("the same name and attributes are one series, in any order of attributes", () => {
    const store = new TelemetryStore();
    const meter = addThread(store, "a");
    meter.counter(SENT, { a: "1", b: "2" }).add(1);
    meter.counter(SENT, { b: "2", a: "1" }).add(1);
    deepStrictEqual(valuesOf(store, SENT, { a: "1", b: "2" }), [2]);
  });

  await t.step("a name and attributes of another kind are refused", () => {
    const meter = addThread(new TelemetryStore(), "a");
    meter.counter(SENT, {});
    throws(() => meter.gauge(SENT, {}), TypeError);
  });

  await t.step("a gauge is set and moved", () => {
    const store = new TelemetryStore();
    const gauge = addThread(store, "a").gauge("size", {});
    gauge.set(5);
    gauge.add(-2);
    deepStrictEqual(valuesOf(store, "size"), [3]);
  });

  await t.step("a histogram counts by upper bound, its bound included", () => {
    const store = new TelemetryStore();
    const histogram = addThread(store, "a").histogram("size", {}, [10, 20]);
    for (const value of [10, 11, 20, 21]) histogram.record(value);
    deepStrictEqual(valuesOf(store, "size"), [1, 2, 1, 62]);
  });

  await t.step("a thread that is gone leaves its counts and takes its gauges", () => {
    const store = new TelemetryStore();
    const old = addThread(store, "worker-1");
    old.counter(SENT, {}).add(5);
    old.gauge("size", {}).set(9);
    store.retireThread("worker-1");
    deepStrictEqual(valuesOf(store, SENT), [5]);
    strictEqual(valuesOf(store, "size"), undefined);

    addThread(store, "worker-1").counter(SENT, {}).add(2);
    deepStrictEqual(valuesOf(store, SENT), [7]);
    store.retireThread("worker-1");
    deepStrictEqual(valuesOf(store, SENT), [7]);
    deepStrictEqual(valuesOf(store, SENT), [7], "reading changes nothing");
  });

  await t.step("a thread is added once", () => {
    const store = new TelemetryStore();
    addThread(store, "a");
    throws(() => addThread(store, "a"), TypeError);
  });
});

Deno.test("ThreadMeter bounds", async (t) => {
  await t.step("at the bound of one name every series has its own count, one past it shares", () => {
    const store = new TelemetryStore();
    const overflows: string[] = [];
    const meter = addThread(store, "a", { maxSeriesPerName: 2, onOverflow: (name) => overflows.push(name) });
    for (const tenant of ["1", "2"]) meter.counter(SENT, { tenant }).add(1);
    deepStrictEqual(overflows, []);
    for (const tenant of ["3", "4"]) meter.counter(SENT, { tenant }).add(1);
    deepStrictEqual(valuesOf(store, SENT, { tenant: "2" }), [1]);
    deepStrictEqual(valuesOf(store, SENT, { otel_metric_overflow: "true" }), [2]);
    strictEqual(valuesOf(store, SENT, { tenant: "3" }), undefined);
    deepStrictEqual(overflows, [SENT], "told once");
  });

  await t.step("past the bound of the region everything is counted in one place", () => {
    const store = new TelemetryStore();
    const meter = addThread(store, "a", { slots: 3 });
    meter.counter("first", {}).add(1);
    meter.counter("second", {}).add(1);
    deepStrictEqual(valuesOf(store, OVERFLOW_METRIC), [0]);
    meter.counter("third", {}).add(4);
    meter.histogram("fourth", {}, [1, 2]).record(100);
    deepStrictEqual(valuesOf(store, OVERFLOW_METRIC), [5], "an amount, and one record");
    deepStrictEqual(valuesOf(store, "second"), [1]);
  });

  await t.step("a gauge without room does not overwrite what others added", () => {
    const store = new TelemetryStore();
    const meter = addThread(store, "a", { slots: 1 });
    meter.counter("first", {}).add(4);
    meter.gauge("second", {}).set(1);
    deepStrictEqual(valuesOf(store, OVERFLOW_METRIC), [4]);
  });

  await t.step("a region of no slots is refused", () => {
    throws(() => new ThreadMeter(createRegion(0), () => {}), RangeError);
  });
});

Deno.test("ThreadMeter writes are seen from another thread", async () => {
  const source = `
    import { ThreadMeter } from ${JSON.stringify(import.meta.resolve("../../../../pipeline/core/telemetry/store.ts"))};
    self.onmessage = ({ data }) => {
      const meter = new ThreadMeter(data, (series) => self.postMessage(series));
      meter.counter("in_a_worker", {}).add(41);
      self.postMessage("done");
    };`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
  const store = new TelemetryStore();
  const region = createRegion();
  store.addThread("w", region);
  await new Promise<void>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<SeriesAnnouncement | "done">) =>
      data === "done" ? resolve() : store.announce("w", data);
    worker.postMessage(region);
  });
  worker.terminate();
  deepStrictEqual(valuesOf(store, "in_a_worker"), [41]);
});
