/** How long batches behind each other keep a sender waiting. */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { parseConfig } from "../../../../pipeline/config/parse.ts";
import { ConfigError } from "../../../../pipeline/config/problem.ts";
import { loadConfig } from "../../../../pipeline/config/source.ts";
import { waitConsequence } from "../../../../pipeline/config/checks/waits.ts";
import { loadComponents, REGISTRY } from "../../../../pipeline/graph/registry.ts";
import { environmentOf } from "../support.ts";

const BASE = `
receivers: { otlp: { protocols: { http: } } }
processors:
  batch/a: { timeout: 600ms }
  batch/b: { timeout: 399ms }
  batch/c: { timeout: 400ms }
  batch/d: { timeout: 3s }
  batch/e: { timeout: 2001ms }
  batch/none: { timeout: 0s }
  memory_limiter: { check_interval: 1s, limit_mib: 100 }
  batch/early: { timeout: 400ms, wait_for_result: false }
exporters:
  nop:
  otlp_http: { endpoint: "http://h", sending_queue: { batch: { flush_timeout: 400ms } } }
  otlp_http/early: { endpoint: "http://h", sending_queue: { wait_for_result: false, batch: { flush_timeout: 9s } } }
  otlp_http/none: { endpoint: "http://h", sending_queue: { enabled: false } }
connectors: { forward: , forward/2: , count: }
service: { pipelines: { `;

interface Case {
  readonly name: string;
  readonly pipelines: string;
  /** Of each warning: its path, and the waits that it names. */
  readonly want: readonly string[];
}

const head = "receivers: [otlp], ";
const cases: readonly Case[] = [
  {
    name: "just below what is told",
    pipelines: `traces: {${head} processors: [batch/a, batch/b], exporters: [nop]}`,
    want: [],
  },
  {
    name: "two processors",
    pipelines: `traces: {${head} processors: [batch/a, batch/c], exporters: [nop]}`,
    want: ["traces: 1000 ms: 600 ms at processors::batch/a, 400 ms at processors::batch/c"],
  },
  {
    name: "a processor and an exporter's queue",
    pipelines: `logs: {${head} processors: [batch/a], exporters: [otlp_http, otlp_http/none]}`,
    want: ["logs: 1000 ms: 600 ms at processors::batch/a, 400 ms at exporters::otlp_http"],
  },
  {
    name: "the longest way, through connectors, told where data comes in",
    pipelines: `traces: {${head} processors: [batch/a], exporters: [forward, nop]},
      traces/2: {receivers: [forward], exporters: [forward/2, otlp_http]},
      traces/3: {receivers: [forward/2], processors: [batch/a, batch/c], exporters: [nop]}`,
    want: [
      "traces: 1600 ms: 600 ms at processors::batch/a, 600 ms at processors::batch/a, 400 ms at processors::batch/c",
    ],
  },
  {
    name: "what does not keep a sender waiting is not named",
    pipelines: `traces: {${head} processors: [memory_limiter, batch/a, batch/none, batch/c], exporters: [nop]}`,
    want: ["traces: 1000 ms: 600 ms at processors::batch/a, 400 ms at processors::batch/c"],
  },
  {
    name: "pipelines of other connectors are not behind it",
    pipelines: `traces: {${head} processors: [batch/a], exporters: [forward]},
      traces/in: {${head} exporters: [forward/2]},
      traces/2: {receivers: [forward], exporters: [nop]},
      traces/3: {receivers: [forward/2], processors: [batch/c], exporters: [nop]}`,
    want: [],
  },
  {
    name: "nor are those of other signals",
    pipelines: `traces: {${head} processors: [batch/a], exporters: [forward]},
      metrics/in: {${head} exporters: [forward]},
      traces/2: {receivers: [forward], exporters: [nop]},
      metrics: {receivers: [forward], processors: [batch/c], exporters: [nop]}`,
    want: [],
  },
  {
    name: "a connector of one signal to another, and one to its own",
    pipelines: `traces: {${head} processors: [batch/a], exporters: [count, forward]},
      traces/2: {receivers: [forward], exporters: [nop]},
      metrics: {receivers: [count, forward], processors: [batch/c], exporters: [nop]},
      metrics/in: {${head} exporters: [forward]}`,
    want: ["traces: 1000 ms: 600 ms at processors::batch/a, 400 ms at processors::batch/c"],
  },
  {
    name: "one that is as bad alone is told alone",
    pipelines: `traces: {${head} processors: [batch/d, batch/a], exporters: [nop]}`,
    want: [],
  },
  {
    name: "several long ones that are too long together",
    pipelines: `traces: {${head} processors: [batch/d, batch/e], exporters: [nop]}`,
    want: ["traces: 5001 ms: 3000 ms at processors::batch/d, 2001 ms at processors::batch/e"],
  },
  {
    name: "nobody waits behind one that answers early",
    pipelines: `traces: {${head} processors: [batch/a, batch/early, batch/c], exporters: [otlp_http]}`,
    want: [],
  },
  {
    name: "nor at an exporter that does",
    pipelines: `traces: {${head} processors: [batch/a], exporters: [otlp_http/early]}`,
    want: [],
  },
];

Deno.test("waits of batches behind each other are added up", async (t) => {
  for (const { name, pipelines, want } of cases) {
    await t.step(name, async () => {
      const text = `${BASE}${pipelines} } }`;
      const resolved = await loadConfig([{ kind: "text", name: "f", text }], environmentOf({}));
      await loadComponents(resolved.tree);
      const { warnings } = parseConfig(resolved, REGISTRY);
      const found = warnings.flatMap(({ path, message }) => {
        const [, total, waits] = /^has a sender wait (\d+ ms) .* before: (.*); /.exec(message) ?? [];
        return total === undefined ? [] : [`${path.replace("service::pipelines::", "")}: ${total}: ${waits}`];
      });
      deepStrictEqual(found, want);
    });
  }
});

Deno.test("waits round a cycle end, and the cycle is told", async () => {
  const pipelines = `traces: {${head} processors: [batch/a], exporters: [forward]},
    traces/2: {receivers: [forward], exporters: [forward/2, nop]},
    traces/3: {receivers: [forward/2], exporters: [forward]}`;
  const text = `${BASE}${pipelines} } }`;
  const resolved = await loadConfig([{ kind: "text", name: "f", text }], environmentOf({}));
  await loadComponents(resolved.tree);
  throws(() => parseConfig(resolved, REGISTRY), (thrown) => {
    ok(thrown instanceof ConfigError);
    return thrown.problems.some(({ message }) => message.startsWith("is in a cycle"));
  });
});

Deno.test("waitConsequence() at its bounds", () => {
  strictEqual(waitConsequence(999), undefined);
  strictEqual(waitConsequence(1_000)?.split(",")[0], "one request after the other it sends one in that time");
  strictEqual(waitConsequence(5_000), waitConsequence(1_000));
  strictEqual(waitConsequence(5_001)?.split(",")[0], "it will give up and send again");
});
