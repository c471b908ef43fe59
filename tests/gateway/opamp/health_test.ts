import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { gatewayHealth, type HealthFacts, StatusTimes, UNHEALTHY_MS } from "../../../gateway/opamp/health.ts";
import { sketchConfig } from "../../support/gateway_config.ts";

const config = sketchConfig({
  receivers: ["otlp"],
  processors: ["batch"],
  exporters: ["otlp_http", "debug"],
  connectors: ["routing"],
  extensions: ["opamp"],
  pipelines: {
    traces: [["otlp"], ["batch"], ["routing"]],
    "traces/eu": [["routing"], [], ["otlp_http"]],
    logs: [["otlp"], [], ["debug"]],
  },
});

const NOW_MS = 1_000_000;

interface Told {
  readonly isReady?: boolean;
  readonly failing?: Readonly<Record<string, number>>;
}

function healthWith(
  errors: Readonly<Record<string, { agoMs: number; level?: "warn" | "error" }>>,
  { isReady = true, failing = {} }: Told = {},
) {
  const entries = Object.entries(errors).map(([name, { agoMs, level = "error" }]) =>
    [name, [{ atMs: NOW_MS - agoMs, level, message: "no answer" }]] as const
  );
  const facts: HealthFacts = {
    config,
    isReady,
    startedAtMs: 5,
    nowMs: NOW_MS,
    errors: new Map(entries),
    failing: new Map(Object.entries(failing)),
  };
  return gatewayHealth(facts);
}

Deno.test("gatewayHealth()", async (t) => {
  await t.step("is a tree of pipelines and components", () => {
    const { healthy, status, startTimeUnixNano, componentHealthMap: parts } = healthWith({});
    deepStrictEqual([healthy, status, startTimeUnixNano], [true, "StatusOK", 5_000_000n]);
    deepStrictEqual([...parts?.keys() ?? []], ["pipeline:traces", "pipeline:traces/eu", "pipeline:logs", "extensions"]);
    const components = [...parts?.get("pipeline:traces")?.componentHealthMap?.keys() ?? []];
    deepStrictEqual(components, ["receiver:otlp", "processor:batch", "connector:routing"]);
  });
  await t.step("what has an unhealthy part is unhealthy, and says which", () => {
    const { healthy, lastError, componentHealthMap: parts } = healthWith({ "exporter:otlp_http": { agoMs: 10 } });
    deepStrictEqual([healthy, lastError], [false, "pipeline:traces/eu: exporter:otlp_http: no answer"]);
    deepStrictEqual([parts?.get("pipeline:logs")?.healthy, parts?.get("pipeline:traces/eu")?.healthy], [true, false]);
  });
  await t.step("an error counts for a minute, a warning not at all", () => {
    strictEqual(healthWith({ "exporter:debug": { agoMs: UNHEALTHY_MS - 1 } }).healthy, false);
    strictEqual(healthWith({ "exporter:debug": { agoMs: UNHEALTHY_MS } }).healthy, true);
    strictEqual(healthWith({ "exporter:debug": { agoMs: 1, level: "warn" } }).healthy, true);
  });
  await t.step("an exporter that delivers nothing is unhealthy, whatever it logged", () => {
    const failing = { "exporter:otlp_http": 40 };
    strictEqual(
      healthWith({}, { failing }).lastError,
      "pipeline:traces/eu: exporter:otlp_http: nothing is delivered, 40 items failed",
    );
    const warned = healthWith({ "exporter:otlp_http": { agoMs: 9, level: "warn" } }, { failing });
    match(warned.lastError ?? "", /40 items failed: no answer$/);
    strictEqual(warned.componentHealthMap?.get("pipeline:logs")?.healthy, true);
  });
  await t.step("a gateway that takes no data is not healthy, and says so", () => {
    const { healthy, lastError } = healthWith({}, { isReady: false });
    strictEqual(healthy, false);
    match(lastError ?? "", /takes no data/);
  });
});

Deno.test("StatusTimes keeps the time of a status that stays", () => {
  const times = new StatusTimes();
  const since = (errors: Parameters<typeof healthWith>[0], nowMs: number) =>
    times.stamp(healthWith(errors), nowMs).statusTimeUnixNano;
  strictEqual(since({}, 1), 1_000_000n);
  strictEqual(since({}, 2), 1_000_000n);
  strictEqual(since({ "exporter:debug": { agoMs: 1 } }, 3), 3_000_000n);
  strictEqual(since({}, 4), 4_000_000n);
});
