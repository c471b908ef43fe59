import { deepStrictEqual } from "node:assert/strict";
import { stringify } from "yaml";
import { parseConfig } from "../../../pipeline/config/parse.ts";
import { loadConfig } from "../../../pipeline/config/source.ts";
import { loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";

interface Sketch {
  readonly http?: unknown;
  readonly processor?: readonly [type: string, section: unknown];
  readonly exporter?: unknown;
}

/** Paths and first words of the warnings of a configuration that is good otherwise. */
async function warningsOf({ http = {}, processor: [type, section] = ["batch", {}], exporter }: Sketch) {
  const text = stringify({
    receivers: { otlp: { protocols: { http } } },
    processors: { [type]: section },
    exporters: { otlp_http: { endpoint: "http://up:4318", ...exporter as object } },
    service: { pipelines: { traces: { receivers: ["otlp"], processors: [type], exporters: ["otlp_http"] } } },
  });
  const environment = { env: () => undefined, readFile: () => Promise.reject(new Error("no files")) };
  const resolved = await loadConfig([{ kind: "text", name: "test", text }], environment);
  return parseConfig(resolved, REGISTRY).warnings.map(({ path, message }) => `${path}: ${message.slice(0, 29)}`);
}

await loadComponents();

Deno.test("what loads and does not do what it seems to is told", async (t) => {
  const METADATA = "asks for client metadata, and";
  const statements = ['set(span.attributes["t"], otelcol.client.metadata["x-tenant"][0])'];
  const cases: { name: string; sketch: Sketch; want: readonly string[] }[] = [
    { name: "nothing", sketch: {}, want: [] },
    {
      name: "a batch that a lone sender waits for too long",
      sketch: { processor: ["batch", { timeout: "5001ms" }] },
      want: ["processors::batch::timeout: is 5001 ms, and with wait_for"],
    },
    {
      name: "one that slows a lone sender",
      sketch: { processor: ["batch", { timeout: "1s" }] },
      want: ["processors::batch::timeout: is 1000 ms, and with wait_for"],
    },
    {
      name: "one that it does not wait for",
      sketch: { processor: ["batch", { timeout: "1m", wait_for_result: false }] },
      want: [],
    },
    { name: "one below the bound", sketch: { processor: ["batch", { timeout: "999ms" }] }, want: [] },
    {
      name: "an exporter's batch",
      sketch: { exporter: { sending_queue: { batch: { min_size: 10, flush_timeout: "6s" } } } },
      want: ["exporters::otlp_http::sending_queue::batch::flush_timeout: is 6000 ms, and with wait_for"],
    },
    {
      name: "metadata in a statement that no receiver keeps",
      sketch: { processor: ["transform", { trace_statements: statements }] },
      want: [`processors::transform: ${METADATA}`],
    },
    {
      name: "metadata that a batch is to be parted by",
      sketch: { processor: ["batch", { metadata_keys: ["x-tenant"] }] },
      want: [`processors::batch: ${METADATA}`],
    },
    {
      name: "metadata that a receiver keeps",
      sketch: { http: { include_metadata: true }, processor: ["transform", { trace_statements: statements }] },
      want: [],
    },
  ];
  for (const { name, sketch, want } of cases) {
    await t.step(name, async () => deepStrictEqual(await warningsOf(sketch), want));
  }
});
