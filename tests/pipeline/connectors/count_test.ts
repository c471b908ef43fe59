import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { countConnectorFactory } from "../../../pipeline/connectors/count.ts";
import { MAX_SERIES, Tally } from "../../../pipeline/connectors/count/tally.ts";
import { KEPT } from "../../../pipeline/contract/consumer.ts";
import { RejectedError } from "../../../pipeline/core/errors.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { NO_ORIGIN } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import { jsonOfPayload, Keeper, payloadOfJson } from "../../support/json_payload.ts";
import { testDeps } from "../../support/component_deps.ts";

const NEVER = new AbortController().signal;
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

const TRACES = {
  resourceSpans: [
    {
      resource: { attributes: [text("env", "prod")] },
      scopeSpans: [{
        scope: { name: "s", attributes: [text("lib", "x")] },
        spans: [
          { name: "a", attributes: [text("route", "/a")], events: [{ name: "e1" }, { name: "e2" }] },
          { name: "b", attributes: [text("route", "/b")] },
          { name: "c", attributes: [text("route", "/a")] },
        ],
      }],
    },
    { resource: { attributes: [text("env", "dev")] }, scopeSpans: [{ spans: [{ name: "d" }] }] },
  ],
};

const METRICS = {
  resourceMetrics: [{
    scopeMetrics: [{
      metrics: [
        { name: "m", gauge: { dataPoints: [{ asInt: "1", timeUnixNano: "1" }, { asInt: "2", timeUnixNano: "1" }] } },
        { name: "n", sum: { dataPoints: [{ asInt: "3", timeUnixNano: "1" }] } },
      ],
    }],
  }],
};

interface Counted {
  readonly env: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** What a batch gives: counts by resource, by metric and attribute values. */
async function count(from: Signal, data: unknown, section: unknown): Promise<readonly Counted[]> {
  const sink = new Keeper();
  const config = countConnectorFactory.schema.parse(section);
  const deps = { ...testDeps(), from, to: "metrics" as const };
  const connector = countConnectorFactory.create(config, deps, new Map([["metrics", sink]]));
  strictEqual(await connector.consume(payloadOfJson(from, data), NEVER), KEPT);
  const [sent] = sink.payloads;
  if (sent === undefined) return [];
  const checked = readPayload("metrics", sent.chunks[0]!, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
  strictEqual(checked.itemCount, sent.itemCount);
  return countsIn(jsonOfPayload(sent));
}

// deno-lint-ignore no-explicit-any -- plain JSON of a request
function countsIn(request: any): Counted[] {
  return request.resourceMetrics.map((entry: typeof request) => ({
    env: entry.resource.attributes?.[0].value.stringValue ?? "",
    counts: Object.fromEntries(
      entry.scopeMetrics[0].metrics.flatMap(({ name, sum }: typeof request) =>
        sum.dataPoints.map((point: typeof request) => {
          deepStrictEqual([sum.aggregationTemporality, sum.isMonotonic], [1, true]);
          const values = (point.attributes ?? []).map((each: typeof request) => Object.values(each.value)[0]);
          return [[name, ...values].join(" "), Number(point.asInt)];
        })
      ),
    ),
  }));
}

Deno.test("count", async (t) => {
  const cases: { name: string; from?: Signal; data?: unknown; section: unknown; want: readonly Counted[] }[] = [
    {
      name: "everything, when nothing is said",
      section: {},
      want: [
        { env: "prod", counts: { "trace.span.count": 3, "trace.span.event.count": 2 } },
        { env: "dev", counts: { "trace.span.count": 1 } },
      ],
    },
    {
      name: "by a condition, by an attribute of the record, of its scope and of its resource",
      section: {
        spanevents: {},
        spans: {
          by_route: { attributes: [{ key: "route" }] },
          by_lib: { attributes: [{ key: "lib", default_value: "none" }] },
          by_env: { attributes: [{ key: "env" }], conditions: ['name == "a"', 'name == "d"'] },
        },
      },
      want: [
        { env: "prod", counts: { "by_route /a": 2, "by_route /b": 1, "by_lib x": 3, "by_env prod": 1 } },
        { env: "dev", counts: { "by_lib none": 1, "by_env dev": 1 } },
      ],
    },
    {
      name: "metrics and data points",
      from: "metrics",
      data: METRICS,
      section: {},
      want: [{ env: "", counts: { "metric.count": 2, "metric.datapoint.count": 3 } }],
    },
    {
      name: "nothing is sent when nothing was counted",
      section: { spanevents: {}, spans: { none: { conditions: ['name == "zzz"'] } } },
      want: [],
    },
  ];
  for (const { name, from = "traces", data = TRACES, section, want } of cases) {
    await t.step(name, async () => deepStrictEqual(await count(from, data, section), want));
  }

  await t.step("a condition that fails refuses the batch", async () => {
    const section = { spans: { x: { conditions: ['attributes["route"]["deep"] == 1'] } } };
    await rejects(count("traces", TRACES, section), RejectedError);
  });

  await t.step("a condition that does not load is told with its place", () => {
    const checked = countConnectorFactory.schema.safeParse({ logs: { x: { conditions: ["true", "bodyy == 1"] } } });
    const [issue] = checked.error?.issues ?? [];
    deepStrictEqual(issue?.path, ["logs", "x", "conditions", 1]);
    match(issue.message, /does not load: 1:1: /);
  });
});

Deno.test("Tally bounds the series of a batch", () => {
  const tally = new Tally(1n);
  const metric = { name: "m", description: "" };
  for (let i = 0; i < MAX_SERIES; i++) tally.add(metric, [Uint8Array.of(i & 255, i >> 8)]);
  tally.add(metric, [Uint8Array.of(0, 0)]);
  let message = "";
  try {
    tally.add(metric, [Uint8Array.of(1, 2, 3)]);
  } catch (error) {
    message = String(error);
  }
  match(message, /more than 10000 different attributes/);
});
