import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { createRegion, TelemetryStore, ThreadMeter } from "../../../../../pipeline/core/telemetry/store.ts";
import { metricRow } from "../../../../../pipeline/core/telemetry/table.ts";
import { NO_ERROR } from "../../../../../pipeline/exporters/kafka/client/error_codes.ts";
import { KafkaTelemetry } from "../../../../../pipeline/exporters/kafka/client/kafka_telemetry.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";

const BATCH = { topic: "otlp_spans", partition: 3, records: 2, bytes: 50, bytesUncompressed: 90 };

function open() {
  const store = new TelemetryStore();
  const region = createRegion();
  store.addThread("a", region);
  const clock = new FakeClock();
  const telemetry = new KafkaTelemetry(new ThreadMeter(region, (series) => store.announce("a", series)), clock);
  const counted = () =>
    store.collect().filter(({ kind, name }) => kind === "counter" && name.startsWith("otelcol_kafka"))
      .map(({ name, attributes, values }) => [name, attributes["outcome"], values[0]]);
  return { store, clock, telemetry, counted };
}

const rowsOf = (outcome: string, times: number) => [
  ["otelcol_kafka_exporter_bytes", outcome, 50 * times],
  ["otelcol_kafka_exporter_bytes_uncompressed", outcome, 90 * times],
  ["otelcol_kafka_exporter_records", outcome, 2 * times],
];

Deno.test("KafkaTelemetry", async (t) => {
  await t.step("what the broker took, with the time that it took", async () => {
    const { store, clock, telemetry, counted } = open();
    for (let at = 0; at < 2; at++) {
      const send = async () => {
        await clock.advance(1_500);
        return NO_ERROR;
      };
      strictEqual(await telemetry.watch("b:9092", BATCH, send), NO_ERROR);
    }
    deepStrictEqual(counted(), rowsOf("success", 2));
    const latency = store.collect().find(({ name }) => name === "otelcol_kafka_exporter_write_latency");
    deepStrictEqual([latency?.attributes, latency?.values.at(-1)], [
      { "server.address": "b:9092", outcome: "success" },
      3,
    ]);
  });

  await t.step("what it refused, and what failed on the way", async () => {
    const { telemetry, counted } = open();
    strictEqual(await telemetry.watch("b:9092", BATCH, () => Promise.resolve(10)), 10);
    await rejects(telemetry.watch("b:9092", BATCH, () => Promise.reject(new Error("gone"))), /gone/);
    deepStrictEqual(counted(), rowsOf("failure", 2));
  });

  await t.step("how long a broker asked to be left alone", () => {
    const { store, telemetry } = open();
    telemetry.throttled("b:9092", 250);
    const series = store.collect().find(({ name }) => name === "otelcol_kafka_broker_throttling_latency");
    strictEqual(series?.values.at(-1), 0.25);
  });

  await t.step("all of it is in the table", async () => {
    const { store, telemetry } = open();
    telemetry.throttled("b:9092", 250);
    await telemetry.watch("b:9092", BATCH, () => Promise.resolve(NO_ERROR));
    for (const { name, kind } of store.collect()) strictEqual(metricRow(name)?.kind, kind, name);
  });
});
