import { deepStrictEqual, throws } from "node:assert/strict";
import { readAgentReports } from "../../controller/own_metrics.ts";
import { InvalidPayloadError } from "../../pipeline/core/errors.ts";

const UID = "0192f0c1-2345-7abc-8def-0123456789ab";

function field(number: number, content: Uint8Array | string): Uint8Array {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const length = bytes.length < 128 ? [bytes.length] : [bytes.length & 0x7f | 0x80, bytes.length >> 7];
  return Uint8Array.of(number << 3 | 2, ...length, ...bytes);
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function eight(number: number, write: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  write(view);
  return Uint8Array.of(number << 3 | 1, ...new Uint8Array(view.buffer));
}

const int = (value: bigint) => field(1, eight(6, (view) => view.setBigInt64(0, value, true)));
const double = (value: number) => field(1, eight(4, (view) => view.setFloat64(0, value, true)));
const CUMULATIVE = Uint8Array.of(2 << 3, 2);
const DELTA = Uint8Array.of(2 << 3, 1);

function metric(name: string, ...sum: Uint8Array[]): Uint8Array {
  return field(2, join(field(1, name), field(7, join(...sum))));
}

function request(id: string | undefined, ...metrics: Uint8Array[]): Uint8Array {
  const attributes = id === undefined ? [] : [field(1, join(field(1, "service.instance.id"), field(2, field(1, id))))];
  return field(1, join(field(1, join(...attributes)), field(2, join(...metrics))));
}

const cases: { name: string; bytes: Uint8Array; want: ReturnType<typeof readAgentReports> }[] = [
  { name: "nothing", bytes: new Uint8Array(), want: [] },
  {
    name: "sent and failed of every signal and exporter",
    bytes: request(
      UID,
      metric("otelcol_exporter_sent_spans", int(700n), int(200n), CUMULATIVE),
      metric("otelcol_exporter_sent_log_records_total", double(50), CUMULATIVE),
      metric("otelcol_exporter_send_failed_spans", int(30n), CUMULATIVE),
      metric("otelcol_exporter_enqueue_failed_metric_points", int(15n), CUMULATIVE),
      metric("otelcol_receiver_refused_spans", int(5n), CUMULATIVE),
    ),
    want: [{ instanceId: UID, traffic: { items: 1_000, errors: 50 } }],
  },
  {
    name: "any id, as it is written",
    bytes: request("Edge 7", metric("otelcol_exporter_sent_spans", int(1n), CUMULATIVE)),
    want: [{ instanceId: "Edge 7", traffic: { items: 1, errors: 0 } }],
  },
  {
    name: "several agents in one request",
    bytes: join(
      request(UID, metric("otelcol_exporter_sent_spans", int(1n), CUMULATIVE)),
      request("f".repeat(32), metric("otelcol_exporter_sent_spans", int(2n), CUMULATIVE)),
    ),
    want: [
      { instanceId: UID, traffic: { items: 1, errors: 0 } },
      { instanceId: "f".repeat(32), traffic: { items: 2, errors: 0 } },
    ],
  },
  {
    name: "nobody's",
    bytes: request(undefined, metric("otelcol_exporter_sent_spans", int(1n), CUMULATIVE)),
    want: [{ instanceId: "", traffic: { items: 1, errors: 0 } }],
  },
  {
    name: "what says nothing about errors",
    bytes: request(UID, metric("otelcol_process_uptime", int(1n), CUMULATIVE)),
    want: [{ instanceId: UID, traffic: undefined }],
  },
  {
    name: "counts from one report to the next",
    bytes: request(UID, metric("otelcol_exporter_sent_spans", int(1n), DELTA)),
    want: [{ instanceId: UID, traffic: undefined }],
  },
  {
    name: "values that no count has",
    bytes: request(UID, metric("otelcol_exporter_sent_spans", double(NaN), double(-5), int(7n), CUMULATIVE)),
    want: [{ instanceId: UID, traffic: { items: 7, errors: 0 } }],
  },
];

Deno.test("readAgentReports()", async (t) => {
  for (const { name, bytes, want } of cases) {
    await t.step(name, () => deepStrictEqual(readAgentReports(bytes), want));
  }

  await t.step("what is cut short is refused", () => {
    const bytes = request(UID, metric("otelcol_exporter_sent_spans", int(1n), CUMULATIVE));
    throws(() => readAgentReports(bytes.subarray(0, bytes.length - 1)), InvalidPayloadError);
  });
});
