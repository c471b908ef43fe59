/**
 * One scrape of /metrics of a gateway with 500 components on four data workers: 100 receivers, 200 processors and 200
 * exporters, with every histogram that they have. Bound: 20 ms.
 *
 * @module
 */

import { createRegion, TelemetryStore, ThreadMeter } from "../../pipeline/core/telemetry/store.ts";
import { DURATION_BOUNDS } from "../../pipeline/core/telemetry/stages.ts";
import { BATCH_SIZE_BOUNDS } from "../../pipeline/queue/sender_chain.ts";
import { PrometheusPage } from "../../routes/metrics.ts";

const THREADS = 4;
const store = new TelemetryStore();

function addReceiver(meter: ThreadMeter, receiver: string): void {
  for (const what of ["accepted", "refused", "failed"]) {
    meter.counter(`otelcol_receiver_${what}_spans`, { receiver, transport: "http" }).add(1);
  }
  for (const stage of ["read", "decompress", "validate"]) {
    meter.histogram("sluice_stage_duration", { component: receiver, stage }, DURATION_BOUNDS).record(0.001);
  }
}

function addProcessor(meter: ThreadMeter, processor: string): void {
  const attributes = { processor, "otel.signal": "traces" };
  for (const way of ["incoming", "outgoing"]) meter.counter(`otelcol_processor_${way}_items`, attributes).add(1);
  meter.histogram("otelcol_processor_internal_duration", attributes, DURATION_BOUNDS).record(0.001);
}

function addExporter(meter: ThreadMeter, exporter: string): void {
  const attributes = { exporter, data_type: "traces" };
  for (const what of ["sent", "send_failed", "enqueue_failed"]) {
    meter.counter(`otelcol_exporter_${what}_spans`, { exporter }).add(1);
  }
  for (const what of ["queue_size", "queue_capacity", "in_flight_requests"]) {
    meter.gauge(`otelcol_exporter_${what}`, attributes).set(1);
  }
  meter.histogram("otelcol_exporter_queue_batch_send_size", attributes, BATCH_SIZE_BOUNDS).record(512);
  for (const stage of ["queue_wait", "encode", "compress", "send"]) {
    meter.histogram("sluice_stage_duration", { component: exporter, stage }, DURATION_BOUNDS).record(0.001);
  }
}

for (let thread = 0; thread < THREADS; thread++) {
  const name = `worker-${thread}`;
  const region = createRegion();
  store.addThread(name, region);
  const meter = new ThreadMeter(region, (series) => store.announce(name, series), {
    onOverflow: (metric) => {
      throw new Error(`Cannot measure: there is no room for ${metric}`);
    },
  });
  for (let at = 0; at < 100; at++) addReceiver(meter, `otlp/${at}`);
  for (let at = 0; at < 200; at++) addProcessor(meter, `transform/${at}`);
  for (let at = 0; at < 200; at++) addExporter(meter, `otlp_http/${at}`);
}

const page = new PrometheusPage({});

Deno.bench("one scrape, 500 components on 4 threads", () => {
  page.textOf(store.collect());
});
