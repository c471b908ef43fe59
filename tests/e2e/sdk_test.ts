/**
 * The official OpenTelemetry JavaScript SDK as sender: what it sends in its two encodings is in the file as it was meant.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { freePort, startGateway } from "../support/gateway_process.ts";
import { SENT_METRICS, SENT_RECORDS, SENT_SPANS } from "../support/sdk_sender.ts";

interface Attribute {
  readonly key: string;
  readonly value: unknown;
}
interface Item {
  readonly name: string;
  readonly attributes?: readonly Attribute[];
  readonly [key: string]: unknown;
}

async function runSdk(url: string, encoding: string): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("../support/sdk_sender.ts", import.meta.url).pathname, url, encoding],
    env: { NO_COLOR: "1" },
  }).output();
  strictEqual(code, 0, new TextDecoder().decode(stderr));
}

/** The resources' attributes and the items of a signal, from a file of one request a line. */
function readItems(path: string, resourceKey: string, scopeKey: string, itemKey: string) {
  type Scoped = { readonly scope: Item } & Readonly<Record<string, readonly Item[]>>;
  type Resource =
    & { readonly resource: { readonly attributes: readonly Attribute[] } }
    & Readonly<
      Record<string, readonly Scoped[]>
    >;
  const lines = Deno.readTextFileSync(path).trimEnd().split("\n");
  const resources = lines.flatMap((line) =>
    (JSON.parse(line) as Record<string, readonly Resource[]>)[resourceKey] ?? []
  );
  const scopes = resources.flatMap((resource) => resource[scopeKey] ?? []);
  return {
    service: resources[0]?.resource.attributes.find(({ key }) => key === "service.name")?.value,
    scope: scopes[0]?.scope,
    items: scopes.flatMap((scoped) => scoped[itemKey] ?? []),
  };
}

/** An upstream that closes every connection for so long, milliseconds from the first one, and then is the one at `port`. */
function downAtFirst(
  downMs: number,
  port: number,
): { readonly port: number; readonly refused: () => number } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let upAtMs: number | undefined;
  let refused = 0;
  const forward = async (conn: Deno.Conn) => {
    const upstream = await Deno.connect({ hostname: "127.0.0.1", port });
    await Promise.allSettled([conn.readable.pipeTo(upstream.writable), upstream.readable.pipeTo(conn.writable)]);
  };
  const serve = async () => {
    for await (const conn of listener) {
      upAtMs ??= performance.now() + downMs;
      if (performance.now() >= upAtMs) void forward(conn);
      else {
        refused++;
        conn.close();
      }
    }
  };
  void serve();
  return { port: listener.addr.port, refused: () => refused, [Symbol.dispose]: () => listener.close() };
}

const valueOf = (item: Item | undefined, key: string) =>
  item?.attributes?.find((attribute) => attribute.key === key)?.value;

for (const encoding of ["protobuf", "json"]) {
  Deno.test(`the JavaScript SDK over http/${encoding}`, async (t) => {
    const directory = Deno.makeTempDirSync({ prefix: "sluice-sdk-" });
    const port = freePort();
    const config = `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
exporters:
  file/traces: { path: "${directory}/traces" }
  file/metrics: { path: "${directory}/metrics" }
  file/logs: { path: "${directory}/logs" }
service:
  pipelines:
    traces: { receivers: [otlp], exporters: [file/traces] }
    metrics: { receivers: [otlp], exporters: [file/metrics] }
    logs: { receivers: [otlp], exporters: [file/logs] }
`;
    await using gateway = await startGateway(config);
    await runSdk(`http://127.0.0.1:${port}`, encoding);
    strictEqual((await gateway.stop()).code, 0);

    await t.step("traces", () => {
      const { service, scope, items } = readItems(`${directory}/traces`, "resourceSpans", "scopeSpans", "spans");
      deepStrictEqual(service, { stringValue: "checkout" });
      deepStrictEqual([scope?.name, scope?.["version"]], ["shop", "2.0.0"]);
      strictEqual(items.length, SENT_SPANS);
      const root = items.find(({ name }) => name === "GET /cart");
      deepStrictEqual(root?.["status"], { code: 2, message: "über 9000 €" });
      strictEqual(root?.["kind"], 2);
      deepStrictEqual(valueOf(root, "http.route"), { stringValue: "/cart" });
      deepStrictEqual(valueOf(root, "n"), { intValue: "7" });
      const children = items.filter(({ parentSpanId }) => parentSpanId === root?.["spanId"]);
      strictEqual(children.length, SENT_SPANS - 1);
      ok(children.every(({ traceId }) => traceId === root?.["traceId"] && /^[0-9a-f]{32}$/.test(String(traceId))));
      deepStrictEqual(valueOf(children.find(({ name }) => name === "query 1"), "ratio"), { doubleValue: 0.25 });
    });

    await t.step("metrics", () => {
      const { items } = readItems(`${directory}/metrics`, "resourceMetrics", "scopeMetrics", "metrics");
      const points = (name: string, kind: string) => {
        const data = items.find((item) => item.name === name)?.[kind] as { dataPoints: Record<string, unknown>[] };
        return data.dataPoints;
      };
      const [orders] = points("orders", "sum");
      ok(orders?.["asInt"] === "3" || orders?.["asDouble"] === 3);
      strictEqual(points("temperature", "gauge")[0]?.["asDouble"], 21.5);
      const [duration] = points("duration", "histogram");
      deepStrictEqual([duration?.["count"], duration?.["sum"], duration?.["min"]], ["3", 94.1, 0.1]);
    });

    await t.step("logs", () => {
      const { items } = readItems(`${directory}/logs`, "resourceLogs", "scopeLogs", "logRecords");
      strictEqual(items.length, SENT_RECORDS);
      const [first] = items;
      deepStrictEqual(first?.["body"], { stringValue: "order 0" });
      strictEqual(first?.["severityText"], "INFO");
      deepStrictEqual(valueOf(first, "nested"), {
        kvlistValue: {
          values: [{
            key: "list",
            value: { arrayValue: { values: [{ stringValue: "a" }, { intValue: "1" }, { boolValue: true }] } },
          }],
        },
      });
    });
    Deno.removeSync(directory, { recursive: true });
  });
}

Deno.test("the JavaScript SDK loses nothing when the upstream is down for 5 s", async () => {
  const directory = Deno.makeTempDirSync({ prefix: "sluice-sdk-" });
  const [port, sinkPort] = [freePort(), freePort()];
  await using sink = await startGateway(`
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${sinkPort}" } } } }
exporters:
  file/traces: { path: "${directory}/traces" }
  file/metrics: { path: "${directory}/metrics" }
  file/logs: { path: "${directory}/logs" }
service:
  pipelines:
    traces: { receivers: [otlp], exporters: [file/traces] }
    metrics: { receivers: [otlp], exporters: [file/metrics] }
    logs: { receivers: [otlp], exporters: [file/logs] }
`);
  using upstream = downAtFirst(5_000, sinkPort);
  await using gateway = await startGateway(`
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
exporters: { otlp_http: { endpoint: "http://127.0.0.1:${upstream.port}" } }
service:
  pipelines:
    traces: { receivers: [otlp], exporters: [otlp_http] }
    metrics: { receivers: [otlp], exporters: [otlp_http] }
    logs: { receivers: [otlp], exporters: [otlp_http] }
`);
  await Promise.all(["protobuf", "json"].map((encoding) => runSdk(`http://127.0.0.1:${port}`, encoding)));
  ok(upstream.refused() >= 6, "each of the requests has met the outage");
  strictEqual((await gateway.stop()).code, 0);
  strictEqual((await sink.stop()).code, 0);
  const count = (...of: Parameters<typeof readItems>) => readItems(...of).items.length;
  deepStrictEqual({
    spans: count(`${directory}/traces`, "resourceSpans", "scopeSpans", "spans"),
    metrics: count(`${directory}/metrics`, "resourceMetrics", "scopeMetrics", "metrics"),
    records: count(`${directory}/logs`, "resourceLogs", "scopeLogs", "logRecords"),
  }, { spans: 2 * SENT_SPANS, metrics: 2 * SENT_METRICS, records: 2 * SENT_RECORDS });
  Deno.removeSync(directory, { recursive: true });
});
