/**
 * The gateway's own spans, log records and metrics, from a process, in a sink: and that the trace of a request goes on
 * through it.
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { metricRow } from "../../pipeline/core/telemetry/table.ts";
import { freePort, startGateway } from "../support/gateway_process.ts";

interface Received {
  readonly path: string;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/** Keeps what it is sent; answers as it is told. */
class Sink implements AsyncDisposable {
  readonly received: Received[] = [];
  status = 200;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #changed = Promise.withResolvers<void>();

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const bytes = await request.bytes();
      this.received.push({ path: new URL(request.url).pathname, headers: request.headers, bytes });
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
      return new Response(null, { status: this.status });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** What `read` finds in all that came, once it finds something. */
  async find<Found>(read: (received: readonly Received[]) => Found | undefined): Promise<Found> {
    for (;;) {
      const found = read(this.received);
      if (found !== undefined) return found;
      await this.#changed.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number };
  readonly attributes: readonly KeyValue[];
  readonly links?: readonly { readonly traceId: string }[];
}

interface JsonRecord {
  readonly body: { readonly stringValue: string };
  readonly severityNumber: number;
  readonly traceId?: string;
  readonly spanId?: string;
}

interface JsonMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: unknown;
}

// deno-lint-ignore no-explicit-any -- a whole OTLP/JSON document, of which the helpers below take parts
const documents = (received: readonly Received[], path: string): any[] =>
  received.filter((one) => one.path === path).map(({ bytes }) => JSON.parse(new TextDecoder().decode(bytes)));

const spansIn = (received: readonly Received[]): JsonSpan[] =>
  documents(received, "/v1/traces").flatMap(({ resourceSpans }) => resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans);
const recordsIn = (received: readonly Received[]): JsonRecord[] =>
  documents(received, "/v1/logs").flatMap(({ resourceLogs }) => resourceLogs)
    .flatMap(({ scopeLogs }) => scopeLogs).flatMap(({ logRecords }) => logRecords);
const metricsIn = (received: readonly Received[]): JsonMetric[] =>
  documents(received, "/v1/metrics").flatMap(({ resourceMetrics }) => resourceMetrics)
    .flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics }) => metrics);

const attribute = ({ attributes }: JsonSpan, key: string) =>
  Object.values(attributes.find((one) => one.key === key)?.value ?? {})[0];

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const OTHER_TRACE = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const SPAN = "00f067aa0ba902b7";

interface Setup {
  readonly port: number;
  readonly own: { readonly url: string };
  readonly upstream: Sink;
  readonly exporter?: string;
  readonly traces?: string;
  readonly logs?: string;
  readonly metrics?: string;
}

function yaml({ port, own, upstream, exporter = "", traces = "", logs = "", metrics = "" }: Setup): string {
  const otlp = `{exporter: {otlp: {protocol: http/json, endpoint: "${own.url}"}}, schedule_delay: 50}`;
  return `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {otlp_http: {endpoint: "${upstream.url}", compression: none ${exporter}}}
service:
  telemetry:
    traces: {processors: [{batch: ${otlp}}] ${traces}}
    logs: {encoding: json, processors: [{batch: ${otlp}}] ${logs}}
    ${metrics}
  pipelines:
    traces: {receivers: [otlp], exporters: [otlp_http]}
`;
}

const span = { traceId: "5".repeat(32), spanId: "5".repeat(16), name: "work", kind: 1 };
const REQUEST = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span, span, span] }] }] });

async function send(port: number, headers: Readonly<Record<string, string>>): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: REQUEST,
  });
  await response.body?.cancel();
  return response.status;
}

const traceparent = (traceId: string, flags = "01") => ({ traceparent: `00-${traceId}-${SPAN}-${flags}` });

for (const workers of [1, 2]) {
  Deno.test(`a request's trace goes through the gateway, ${workers} worker(s)`, async () => {
    await using own = new Sink();
    await using upstream = new Sink();
    const port = freePort();
    await using gateway = await startGateway(yaml({ port, own, upstream }), { workers });
    strictEqual(await send(port, { ...traceparent(TRACE), tracestate: "vendor=1" }), 200);
    const spans = await own.find((received) => {
      const ours = spansIn(received).filter(({ traceId }) => traceId === TRACE);
      return ours.length >= 4 ? ours : undefined;
    });
    const named = (name: string) => spans.find((span) => span.name === name) ?? { name: "missing" } as JsonSpan;
    const [server, client] = [named("POST /v1/traces"), named("exporter/otlp_http/traces")];
    deepStrictEqual([server.parentSpanId, server.kind], [SPAN, 2]);
    deepStrictEqual([client.parentSpanId, client.kind], [server.spanId, 3]);
    deepStrictEqual([attribute(server, "http.response.status_code"), attribute(client, "sluice.items")], ["200", "3"]);
    for (const stage of ["read", "validate"]) strictEqual(named(stage).parentSpanId, server.spanId);
    const { headers } = upstream.received[0]!;
    strictEqual(headers.get("traceparent"), `00-${TRACE}-${client.spanId}-01`);
    strictEqual(headers.get("tracestate"), "vendor=1");
    match(own.received[0]!.headers.get("traceparent") ?? "", /-00$/);
    strictEqual((await gateway.stop()).code, 0);
  });
}

Deno.test("a request that is not sampled has no spans, and its context goes on as it came", async () => {
  await using own = new Sink();
  await using upstream = new Sink();
  const port = freePort();
  await using gateway = await startGateway(yaml({ port, own, upstream }));
  await send(port, traceparent(OTHER_TRACE, "00"));
  await send(port, traceparent(TRACE));
  await own.find((received) => spansIn(received).find(({ name }) => name.startsWith("exporter/")));
  strictEqual((await gateway.stop()).code, 0);
  strictEqual(upstream.received[0]!.headers.get("traceparent"), `00-${OTHER_TRACE}-${SPAN}-00`);
  deepStrictEqual(new Set(spansIn(own.received).map(({ traceId }) => traceId)), new Set([TRACE]));
});

Deno.test("B3 is taken and written; a ratio of 0 samples nothing of its own", async () => {
  await using own = new Sink();
  await using upstream = new Sink();
  const port = freePort();
  const sampler = "{parent_based: {root: {trace_id_ratio_based: {ratio: 0}}}}";
  const traces = `, propagators: [b3], sampler: ${sampler}`;
  await using gateway = await startGateway(yaml({ port, own, upstream, traces }));
  await send(port, {});
  await send(port, { b3: `${TRACE}-${SPAN}-1` });
  await own.find((received) => spansIn(received).find(({ name }) => name.startsWith("exporter/")));
  strictEqual((await gateway.stop()).code, 0);
  deepStrictEqual(upstream.received.map(({ headers }) => headers.get("x-b3-traceid")), [null, TRACE]);
  deepStrictEqual(new Set(spansIn(own.received).map(({ traceId }) => traceId)), new Set([TRACE]));
});

Deno.test("a batch belongs to the first trace in it and is linked to the others", async () => {
  await using own = new Sink();
  await using upstream = new Sink();
  const port = freePort();
  const exporter = ", sending_queue: {batch: {min_size: 6, flush_timeout: 20s}}";
  await using gateway = await startGateway(yaml({ port, own, upstream, exporter }));
  await Promise.all([send(port, traceparent(TRACE)), send(port, traceparent(OTHER_TRACE))]);
  const span = await own.find((received) => spansIn(received).find(({ name }) => name.startsWith("exporter/")));
  strictEqual((await gateway.stop()).code, 0);
  const linked = span.links?.map(({ traceId }) => traceId) ?? [];
  deepStrictEqual([span.traceId, ...linked].sort(), [TRACE, OTHER_TRACE].sort());
  strictEqual(attribute(span, "sluice.items"), "6");
});

Deno.test("log lines and records of a request that fails carry its trace", async () => {
  await using own = new Sink();
  await using upstream = new Sink();
  upstream.status = 400;
  const port = freePort();
  await using gateway = await startGateway(yaml({ port, own, upstream }));
  strictEqual(await send(port, traceparent(TRACE)), 400);
  const line = JSON.parse(await gateway.waitForLine("export failed, the senders are told"));
  strictEqual(line.trace_id, TRACE);
  match(line.span_id, /^[0-9a-f]{16}$/);
  const record = await own.find((received) =>
    recordsIn(received).find(({ body }) => body.stringValue === "export failed, the senders are told")
  );
  deepStrictEqual([record.traceId, record.spanId, record.severityNumber], [TRACE, line.span_id, 13]);
  const span = await own.find((received) => spansIn(received).find(({ name }) => name.startsWith("exporter/")));
  strictEqual(span.status.code, 2);
});

Deno.test("every metric that is made is in the table, on the page and by OTLP", async () => {
  await using own = new Sink();
  await using upstream = new Sink();
  const [port, metricsPort] = [freePort(), freePort()];
  const reader = `{periodic: {interval: 100, exporter: {otlp: {protocol: http/json, endpoint: "${own.url}"}}}}`;
  const pull = `{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metricsPort}}}}}`;
  const processors = `
processors:
  batch: {timeout: 10ms}
  memory_limiter: {check_interval: 1s, limit_mib: 4000}
  filter: {traces: {span: ['name == "nobody"']}}
  transform: {trace_statements: ['set(span.attributes["a"], 1)']}
  probabilistic_sampler: {sampling_percentage: 100}
`;
  const config = yaml({ port, own, upstream, exporter: ", encoding: json, sending_queue: {}" })
    .replace(
      "exporters: [otlp_http]",
      "processors: [memory_limiter, filter, transform, probabilistic_sampler, batch], exporters: [otlp_http]",
    );
  const readers = ["--set", `service.telemetry.metrics={level: detailed, readers: [${pull}, ${reader}]}`];
  await using gateway = await startGateway(config + processors, { args: readers, metricsPort });
  for (let request = 0; request < 9; request++) strictEqual(await send(port, {}), 200);
  const accepted = await own.find((received) =>
    metricsIn(received).find(({ name }) => name === "otelcol_receiver_accepted_spans")
  );
  deepStrictEqual([accepted.unit, accepted.sum !== undefined], ["{span}", true]);
  const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const names = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", kind]) => [name, kind] as const);
  for (const [name, kind] of names) strictEqual(metricRow(name)?.kind, kind, `${name} is not in the table as it is`);
  for (const stage of ["read", "validate", "queue_wait", "encode", "send"]) {
    ok(page.includes(`stage="${stage}"`), `nothing is told of ${stage}`);
  }
  match(page, /^otelcol_processor_incoming_items\{processor="filter",otel_signal="traces"\} 27$/m);
  match(page, /^otelcol_receiver_requests\{receiver="otlp",transport="http",outcome="success"\} 9$/m);
  for (const { name } of metricsIn(own.received)) ok(metricRow(name) !== undefined, name);
  strictEqual((await gateway.stop()).code, 0);
});

Deno.test("where own telemetry cannot go, data goes on all the same, and so does a stop", async () => {
  await using upstream = new Sink();
  const port = freePort();
  const own = { url: `http://127.0.0.1:${freePort()}` };
  await using gateway = await startGateway(yaml({ port, own, upstream }));
  strictEqual(await send(port, traceparent(TRACE)), 200);
  await gateway.waitForLine("Cannot send own telemetry");
  strictEqual((await gateway.stop()).code, 0);
});
