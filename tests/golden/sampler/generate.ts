/**
 * Asks the Go collector what its probabilistic_sampler keeps and writes, and keeps the answers beside this file.
 *
 * Run: deno run -A tests/golden/sampler/generate.ts
 *
 * @module
 */

import { freePort } from "../../support/gateway_process.ts";
import { startPeer } from "../../support/peers.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Map = { readonly [key: string]: Json };

/** Keys of the processor; one pipeline of the collector each. */
const TRACE_CONFIGS: readonly Map[] = [
  {},
  { sampling_percentage: 100 },
  { sampling_percentage: 250 },
  { sampling_percentage: 50 },
  { sampling_percentage: 15.3 },
  { sampling_percentage: 50, hash_seed: 22 },
  { sampling_percentage: 33.3, hash_seed: 4_294_967_295, fail_closed: false },
  { sampling_percentage: 0.001 },
  { sampling_percentage: 0.001, mode: "proportional" },
  { sampling_percentage: 0, mode: "equalizing" },
  { sampling_percentage: 100, mode: "proportional" },
  { sampling_percentage: 50, mode: "proportional" },
  { sampling_percentage: 50, mode: "proportional", fail_closed: false },
  { sampling_percentage: 33.3, mode: "proportional" },
  { sampling_percentage: 33.3, mode: "proportional", sampling_precision: 1 },
  { sampling_percentage: 99.9, mode: "proportional", sampling_precision: 2 },
  { sampling_percentage: 66.6, mode: "proportional", sampling_precision: 14, hash_seed: 7 },
  { sampling_percentage: 100, mode: "equalizing" },
  { sampling_percentage: 50, mode: "equalizing" },
  { sampling_percentage: 50, mode: "equalizing", fail_closed: false },
  { sampling_percentage: 33.3, mode: "equalizing", sampling_precision: 14 },
  { sampling_percentage: 90, mode: "equalizing", sampling_precision: 3 },
];

const LOG_CONFIGS: readonly Map[] = [
  {},
  { sampling_percentage: 50 },
  { sampling_percentage: 50, fail_closed: false },
  { sampling_percentage: 50, from_attribute: "id" },
  { sampling_percentage: 50, attribute_source: "record", from_attribute: "id" },
  { sampling_percentage: 50, attribute_source: "record", from_attribute: "id", hash_seed: 9 },
  { sampling_percentage: 20, attribute_source: "record", from_attribute: "id", fail_closed: false },
  { sampling_percentage: 10, sampling_priority: "priority" },
  { sampling_percentage: 0, sampling_priority: "priority" },
  { sampling_percentage: 50, from_attribute: "id", sampling_priority: "id" },
  { sampling_percentage: 50, mode: "proportional" },
  { sampling_percentage: 50, mode: "proportional", fail_closed: false, sampling_priority: "priority" },
  { sampling_percentage: 33.3, mode: "proportional", sampling_precision: 14 },
  { sampling_percentage: 50, mode: "equalizing" },
  { sampling_percentage: 50, mode: "equalizing", fail_closed: false },
];

/** Xorshift: the same ids in every run. */
function* hexIds(digits: number): Generator<string, never> {
  for (let state = 0x9e3779b9;;) {
    let id = "";
    while (id.length < digits) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      id += (state >>> 0).toString(16).padStart(8, "0");
    }
    yield id.slice(0, digits);
  }
}

const members = (count: number) => Array.from({ length: count }, (_, place) => `k${place}=v`).join(",");

const TRACE_STATES: readonly string[] = [
  "ot=th:8",
  "ot=th:c",
  "ot=th:C0",
  "ot=th:0",
  "ot=th:8000",
  "ot=th:fd70a",
  "ot=th:ffffffffffffff",
  "ot=rv:ffffffffffffff",
  "ot=rv:00000000000000",
  "ot=rv:00000000000000;th:0",
  "ot=rv:80000000000000;th:8",
  "ot=rv:7fffffffffffff;th:8",
  "ot=rv:FEDCBA98765432;th:4;x:y.Z_-",
  "vendor=a b c,ot=th:4;foo:bar, other=y",
  " , tenant@sys=1 ,ot=th:4 ,",
  "ot=th:8,ot=th:4",
  "ot=p:8;r:62",
  "a=1,b=2",
  members(31),
  `ot=th:8,${members(30)}`,
];

const MALFORMED: readonly string[] = [
  "ot=th:xyz",
  "ot=th:",
  "ot=th:123456789abcdef",
  "ot=rv:1234",
  "ot=th:8;",
  "ot=",
  "ot=th:8;;rv:00000000000000",
  "OT=th:8",
  "no equals",
  "a=b=c",
  "a=",
  members(32),
  `a=${"v".repeat(1_100)}`,
  `ot=${"x".repeat(200)}:${"y".repeat(100)}`,
];

const PRIORITIES: readonly Map[] = [
  { intValue: "0" },
  { intValue: "1" },
  { intValue: "-1" },
  { doubleValue: 0 },
  { doubleValue: 0.5 },
  { stringValue: "0" },
  { stringValue: "2.5e-1" },
  { stringValue: "yes" },
  { boolValue: true },
];

function traceRequest(): Map {
  const ids = hexIds(32);
  const spans: Map[] = [];
  const add = (fields: Map, traceId = ids.next().value) =>
    spans.push({ traceId, spanId: (spans.length + 1).toString(16).padStart(16, "0"), name: `${spans.length}`, ...fields });
  for (let plain = 0; plain < 64; plain++) add({});
  for (const traceState of [...TRACE_STATES, ...MALFORMED]) for (let round = 0; round < 2; round++) add({ traceState });
  for (const value of PRIORITIES) {
    for (const traceState of ["", "ot=th:8"]) {
      add({ traceState, attributes: [{ key: "a", value: { stringValue: "b" } }, { key: "sampling.priority", value }] });
    }
  }
  add({}, "");
  add({ traceState: "ot=th:8" }, "");
  add({ traceState: "ot=rv:f0000000000000" }, "");
  add({}, "0".repeat(32));
  add({}, `${"f".repeat(18)}${"0".repeat(14)}`);
  add({}, `${"0".repeat(18)}${"f".repeat(14)}`);
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] };
}

function logRequest(): Map {
  const ids = hexIds(32);
  const logRecords: Map[] = [];
  const add = (attributes: Map, traceId = ids.next().value) =>
    logRecords.push({
      traceId,
      body: { stringValue: `${logRecords.length}` },
      attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
    });
  const text = (stringValue: string) => ({ stringValue });
  for (let plain = 0; plain < 24; plain++) add({});
  for (let plain = 0; plain < 12; plain++) add({ id: text(`record-${plain}`), other: text("x") }, "");
  for (const id of [{ intValue: "42" }, { intValue: "-9007199254740993" }, { boolValue: true }, { bytesValue: "AQID" }]) {
    add({ id }, "");
  }
  for (const doubleValue of [1.5, 100, 1e21, 1e-7, 123456789012345680000, -2.5e-9]) add({ id: { doubleValue } }, "");
  add({ id: text("") }, "");
  for (const th of ["8", "c", "0", "ffffffffffffff", "4000", "xyz", "123456789abcdef", ""]) {
    add({ "sampling.threshold": text(th) });
    add({ "sampling.threshold": text(th), "sampling.randomness": text("7fffffffffffff") });
  }
  for (const rv of ["00000000000000", "ffffffffffffff", "1234", "zzzzzzzzzzzzzz"]) add({ "sampling.randomness": text(rv) });
  add({ "sampling.threshold": { intValue: "8" }, z: text("after") });
  for (const priority of [{ intValue: "0" }, { intValue: "100" }, { intValue: "50" }, { intValue: "150" }]) add({ priority });
  for (const doubleValue of [33.3, 0.001, -1, 99.99]) add({ priority: { doubleValue } });
  add({ priority: text("100") });
  add({ priority: { intValue: "30" }, "sampling.threshold": text("8") });
  add({ priority: { intValue: "100" }, "sampling.threshold": text("8"), "sampling.randomness": text("00000000000000") });
  return { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
}

const files = Deno.makeTempDirSync();
const port = freePort();
const each = (prefix: string, configs: readonly Map[]) => configs.map((config, place) => ({ id: `${prefix}${place}`, config }));
const pipelines = [
  ...each("t", TRACE_CONFIGS).map((one) => ({ ...one, signal: "traces" })),
  ...each("l", LOG_CONFIGS).map((one) => ({ ...one, signal: "logs" })),
];
const config = {
  receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
  processors: Object.fromEntries(pipelines.map(({ id, config }) => [`probabilistic_sampler/${id}`, config])),
  exporters: Object.fromEntries(pipelines.map(({ id }) => [`file/${id}`, { path: `${files}/${id}.json` }])),
  service: {
    telemetry: { metrics: { level: "none" } },
    pipelines: Object.fromEntries(pipelines.map(({ id, signal }) => [
      `${signal}/${id}`,
      { receivers: ["otlp"], processors: [`probabilistic_sampler/${id}`], exporters: [`file/${id}`] },
    ])),
  },
};

async function send(path: string, request: Map): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(request),
  });
  if (!response.ok) throw new Error(`The collector answers ${response.status}: ${await response.text()}`);
  await response.body?.cancel();
}

/** All requests that a pipeline exported; none when it kept nothing. */
function exported(id: string): Map[] {
  return Deno.readTextFileSync(`${files}/${id}.json`).split("\n").filter((line) => line !== "").map((line) =>
    JSON.parse(line)
  );
}

const list = (value: Json | undefined): readonly Map[] => (value ?? []) as readonly Map[];

const spansOf = (requests: readonly Map[]) =>
  requests.flatMap((request) => list(request["resourceSpans"])).flatMap((resource) => list(resource["scopeSpans"]))
    .flatMap((scope) => list(scope["spans"]));

const recordsOf = (requests: readonly Map[]) =>
  requests.flatMap((request) => list(request["resourceLogs"])).flatMap((resource) => list(resource["scopeLogs"]))
    .flatMap((scope) => list(scope["logRecords"]));

/** Name of each span that is kept, and its tracestate. */
const keptSpans = (id: string) =>
  Object.fromEntries(spansOf(exported(id)).map(({ name, traceState }) => [String(name), traceState ?? ""]));

/** Body of each record that is kept, and its two attributes of sampling, "" when absent. */
const keptRecords = (id: string) =>
  Object.fromEntries(
    recordsOf(exported(id)).map(({ body, attributes }) => {
      const textOf = (wanted: string) => {
        const found = list(attributes).find(({ key }) => key === wanted);
        return (found?.["value"] as Map | undefined)?.["stringValue"] ?? "";
      };
      return [String((body as Map)["stringValue"]), [textOf("sampling.threshold"), textOf("sampling.randomness")]];
    }),
  );

function write(name: string, request: Map, cases: readonly Map[]): void {
  const lines = cases.map((one) => `    ${JSON.stringify(one)}`).join(",\n");
  const text = `{\n  "request": ${JSON.stringify(request)},\n  "cases": [\n${lines}\n  ]\n}\n`;
  Deno.writeTextFileSync(new URL(`${name}.json`, import.meta.url), text);
}

const traces = traceRequest();
const logs = logRequest();
{
  await using collector = await startPeer("otelcol", ["--config", `yaml:${JSON.stringify(config)}`], port);
  await send("/v1/traces", traces);
  await send("/v1/logs", logs);
  await collector.stop();
}
write("traces", traces, each("t", TRACE_CONFIGS).map(({ id, config }) => ({ config, kept: keptSpans(id) })));
write("logs", logs, each("l", LOG_CONFIGS).map(({ id, config }) => ({ config, kept: keptRecords(id) })));
Deno.removeSync(files, { recursive: true });
