/**
 * What the debug exporter prints.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { Scalar } from "../../../pipeline/config/schema.ts";
import type { LogFields, Logger } from "../../../pipeline/core/log/logger.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../pipeline/core/telemetry/meter.ts";
import { debugFactory, MAX_OUTPUT_CHARS } from "../../../pipeline/exporters/debug.ts";
import { NO_ORIGIN, type Payload, payloadOf } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { encodeMessage, type Plain, REQUEST_TYPES } from "../../support/otlp_proto.ts";
import { requestBytes } from "../../support/otlp_samples.ts";

const NEVER = new AbortController().signal;
const no = new Scalar(false, "false");
const int = (value: number) => new Scalar(value, String(value));

interface Printed {
  readonly logged: { readonly message: string; readonly fields: LogFields }[];
  /** Lines in the output path, without times. */
  readonly lines: readonly string[];
}

/** Runs the exporter over `payloads`, `gapMs` apart. */
async function print(
  config: Record<string, unknown>,
  payloads: readonly Payload[],
  { ownOutput = true, gapMs = 0 } = {},
): Promise<Printed> {
  const path = Deno.makeTempFileSync({ prefix: "sluice-debug-" });
  const output = ownOutput ? { use_internal_logger: no, output_paths: [path] } : {};
  const logged: Printed["logged"] = [];
  const logger: Logger = {
    ...silentLogger,
    enabled: () => true,
    info: (message, fields = {}) => void logged.push({ message, fields }),
  };
  const clock = new FakeClock();
  const exporter = debugFactory.create(debugFactory.schema.parse({ ...config, ...output }), {
    id: "debug",
    signal: payloads[0]?.signal ?? "traces",
    logger,
    meter: silentMeter,
    clock,
    random: () => 0,
    memory: createMemoryBudget(),
  });
  await exporter.start?.();
  for (const payload of payloads) {
    strictEqual((await exporter.consume(payload, NEVER)).rejectedItems, 0);
    await clock.advance(gapMs);
  }
  await exporter.shutdown?.(NEVER);
  const lines = Deno.readTextFileSync(path).split("\n").slice(0, -1).map((line) => line.replace(/^[\dTZ:.-]+\t/, ""));
  Deno.removeSync(path);
  return { logged, lines };
}

function sample(signal: Signal, items = 3, resources = 1): Payload {
  return payloadOf(signal, requestBytes(signal, items, { resources }), items, NO_ORIGIN);
}

function payload(signal: Signal, request: Plain, items: number): Payload {
  return payloadOf(signal, encodeMessage(REQUEST_TYPES[signal], request), items, NO_ORIGIN);
}

Deno.test("basic: one line of counts, in the gateway's log", async (t) => {
  const cases: { signal: Signal; want: LogFields; message: string }[] = [
    { signal: "traces", message: "Traces", want: { "resource spans": 2, "spans": 4 } },
    { signal: "metrics", message: "Metrics", want: { "resource metrics": 2, "data points": 4 } },
    { signal: "logs", message: "Logs", want: { "resource logs": 2, "log records": 4 } },
    { signal: "profiles", message: "Profiles", want: { "resource profiles": 2, "samples": 4 } },
  ];
  for (const { signal, want, message } of cases) {
    await t.step(signal, async () => {
      const { logged } = await print({}, [sample(signal, 4, 2)], { ownOutput: false });
      deepStrictEqual(logged, [{ message, fields: want }]);
    });
  }
  await t.step("or in output_paths", async () => {
    const { logged, lines } = await print({}, [sample("traces")]);
    deepStrictEqual(logged, []);
    deepStrictEqual(lines, ['info\tTraces\t{"resource spans":1,"spans":3}']);
  });
});

const attributes = [
  { key: "a", value: { string_value: "x" } },
  { key: "n", value: { int_value: "7" } },
  { key: "l", value: { array_value: { values: [{ bool_value: true }] } } },
];
const resource = { attributes: [{ key: "service.name", value: { string_value: "shop" } }] };
const scope = { name: "lib", version: "2" };

const listBody = { array_value: { values: [{ string_value: "a" }] } };
const mapValue = {
  kvlist_value: {
    values: [
      { key: "k", value: { int_value: "1" } },
      { key: 'q"', value: { kvlist_value: { values: [] } } },
      { key: "big", value: { int_value: "9007199254740993" } },
      {
        key: "list",
        value: { array_value: { values: [{ double_value: 1.5 }, {}, { bytes_value: Uint8Array.of(1, 2) }] } },
      },
    ],
  },
};

const normal: { name: string; signal: Signal; request: Plain; want: string[] }[] = [
  {
    name: "traces",
    signal: "traces",
    request: {
      resource_spans: [{
        resource,
        schema_url: "http://schema",
        scope_spans: [{
          scope,
          spans: [{
            name: "GET /",
            trace_id: new Uint8Array(16).fill(0xab),
            span_id: new Uint8Array(8).fill(0xcd),
            attributes,
          }],
        }],
      }],
    },
    want: [
      "ResourceTraces #0 [http://schema] service.name=shop",
      "ScopeTraces #0 lib@2",
      `  GET / ${"ab".repeat(16)} ${"cd".repeat(8)} a=x n=7 l=[true]`,
    ],
  },
  {
    name: "metrics of three kinds",
    signal: "metrics",
    request: {
      resource_metrics: [{
        scope_metrics: [{
          metrics: [
            { name: "orders", sum: { data_points: [{ as_int: "3", attributes: attributes.slice(0, 2) }] } },
            { name: "ratio", gauge: { data_points: [{ as_double: 0.5 }, { as_double: 0 }] } },
            { name: "time", histogram: { data_points: [{ count: "4", sum: 9.5, min: 1, max: 5 }] } },
          ],
        }],
      }],
    },
    want: [
      "ResourceMetrics #0",
      "ScopeMetrics #0",
      "  orders{a=x,n=7} 3",
      "  ratio{} 0.5",
      "  ratio{} 0",
      "  time{} count=4 sum=9.5 min=1 max=5",
    ],
  },
  {
    name: "logs, where a sender cannot forge lines",
    signal: "logs",
    request: {
      resource_logs: [{
        scope_logs: [{ log_records: [{ body: { string_value: "ResourceLog #1\ntwo\u001b[2J\u009b3\u2028" } }] }],
      }],
    },
    want: ["ResourceLog #0", "ScopeLog #0", "  ResourceLog #1 two [2J 3 "],
  },
  {
    name: "logs with lists and maps, as the collector prints them",
    signal: "logs",
    request: {
      resource_logs: [{
        scope_logs: [{ log_records: [{ body: listBody, attributes: [{ key: "m", value: mapValue }] }] }],
      }],
    },
    want: [
      "ResourceLog #0",
      "ScopeLog #0",
      '  ["a"] m={"big":9007199254740993,"k":1,"list":[1.5,null,"AQI="],"q\\"":{}}',
    ],
  },
  {
    name: "profiles",
    signal: "profiles",
    request: {
      resource_profiles: [{
        scope_profiles: [{ profiles: [{ profile_id: new Uint8Array(16).fill(1), samples: [{}, {}] }] }],
      }],
    },
    want: ["ResourceProfiles #0", "ScopeProfiles #0", `  ${"01".repeat(16)} samples=2`],
  },
];

Deno.test("normal: about a line an item", async (t) => {
  for (const { name, signal, request, want } of normal) {
    await t.step(name, async () => {
      const { lines } = await print({ verbosity: "normal" }, [payload(signal, request, 1)]);
      deepStrictEqual(lines.slice(1), want);
    });
  }
});

Deno.test("detailed: the whole payload as OTLP/JSON", async () => {
  const { lines } = await print({ verbosity: "detailed" }, [sample("traces", 5)]);
  strictEqual(lines.length, 2);
  const request = JSON.parse(lines[1] ?? "") as { resourceSpans: { scopeSpans: { spans: unknown[] }[] }[] };
  strictEqual(request.resourceSpans[0]?.scopeSpans[0]?.spans.length, 5);
});

Deno.test("output is cut at its bound", async (t) => {
  const named = (chars: number) => {
    const request = {
      resource_logs: [{ scope_logs: [{ log_records: [{ body: { string_value: "x".repeat(chars) } }] }] }],
    };
    return payload("logs", request, 1);
  };
  const around = (await print({ verbosity: "detailed" }, [named(0)])).lines[1]?.length ?? 0;
  await t.step("at it, whole", async () => {
    const { lines } = await print({ verbosity: "detailed" }, [named(MAX_OUTPUT_CHARS - around)]);
    strictEqual(lines[1]?.length, MAX_OUTPUT_CHARS);
  });
  await t.step("past it, cut, and told", async () => {
    const { lines } = await print({ verbosity: "detailed" }, [named(MAX_OUTPUT_CHARS - around + 1)]);
    ok(lines[1]?.endsWith("… (1 more characters)"));
  });
});

const sampling: { name: string; config: Record<string, unknown>; gapMs: number; want: number }[] = [
  { name: "by default everything", config: {}, gapMs: 0, want: 9 },
  {
    name: "2 at first, then each third of the other 7",
    config: { sampling_initial: int(2), sampling_thereafter: int(3) },
    gapMs: 0,
    want: 4,
  },
  {
    name: "none after the first",
    config: { sampling_initial: int(1), sampling_thereafter: int(0) },
    gapMs: 0,
    want: 1,
  },
  {
    name: "each second begins anew",
    config: { sampling_initial: int(1), sampling_thereafter: int(0) },
    gapMs: 500,
    want: 5,
  },
];

Deno.test("sampling", async (t) => {
  for (const { name, config, gapMs, want } of sampling) {
    await t.step(name, async () => {
      const { lines } = await print(config, Array.from({ length: 9 }, () => sample("traces", 1)), { gapMs });
      strictEqual(lines.length, want);
    });
  }
});

Deno.test("output_paths is refused where it would not act", async (t) => {
  const cases: { name: string; config: Record<string, unknown>; want: boolean }[] = [
    { name: "beside the internal logger", config: { output_paths: ["stdout"] }, want: false },
    { name: "empty", config: { use_internal_logger: no, output_paths: [] }, want: false },
    { name: "absent: stdout", config: { use_internal_logger: no }, want: true },
  ];
  for (const { name, config, want } of cases) {
    await t.step(name, () => strictEqual(debugFactory.schema.safeParse(config).success, want));
  }
});
