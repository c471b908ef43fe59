/**
 * Hostile data through a gateway whose pipelines read and grow values: each request is answered with the truth, nothing
 * that was acknowledged is lost, memory stays bounded, and others are served.
 *
 * @module
 */

import { ok, strictEqual } from "node:assert/strict";
import { traceRequestBytes } from "../support/otlp_samples.ts";
import { freePort, spawnGateway, startGateway } from "../support/gateway_process.ts";
import { encodeMessage, REQUEST_TYPES } from "../support/otlp_proto.ts";

const MIB = 1024 * 1024;

/** Statements of every kind that reads a whole value, or makes a larger one of it. */
const STATEMENTS = [
  'replace_pattern(log.attributes["v"], "(a+)+b", "x")',
  'replace_pattern(log.attributes["v"], "([0-9])([0-9]+)", "$$2$$1")',
  'replace_all_patterns(log.attributes, "value", "(?i)secret", "***")',
  'replace_match(log.attributes["v"], "*a*a*a*b", "x")',
  'set(log.attributes["json"], ParseJSON(log.attributes["v"]))',
  'set(log.attributes["xml"], GetXML(log.attributes["v"], "//b[count(preceding-sibling::b) = 5]"))',
  'set(log.attributes["kv"], ParseKeyValue(log.attributes["v"]))',
  'set(log.attributes["csv"], ParseCSV(log.attributes["v"], log.attributes["v"]))',
  'set(log.attributes["grok"], ExtractGrokPatterns(log.attributes["v"], "%{GREEDYDATA:a} %{URI:b} %{IP:c}"))',
  'set(log.attributes["hex"], Format("%x", [log.attributes["v"]]))',
  'set(log.attributes["sum"], SHA256(log.attributes["v"]))',
  'set(log.attributes["n"], Int(log.attributes["v"]))',
  'set(log.attributes["pattern"], IsMatch("aaaaaaaaaaaaaaaaaaaaaaaaaaaa", log.attributes["v"]))',
  'set(log.attributes["sorted"], Sort(log.attributes["l"]))',
  'set(log.attributes["twice"], Concat([log.attributes["v"], log.attributes["v"]], ""))',
  'set(log.attributes["four"], Concat([log.attributes["twice"], log.attributes["twice"]], ""))',
  'set(log.attributes["text"], log.body.string)',
  "flatten(log.attributes)",
  "limit(log.attributes, 128, [])",
  "truncate_all(log.attributes, 4096)",
];

const configOf = (port: number, file: string, statements: readonly string[] = STATEMENTS) => `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
processors:
  transform: {log_statements: ${JSON.stringify(statements)}}
  filter: {error_mode: ignore, log_conditions: ['IsMatch(log.attributes["drop"], "^(a|aa)+$$")']}
  attributes: {actions: [{key: v, action: hash}, {key: l, action: convert, converted_type: string}]}
  redaction: {allow_all_keys: true, blocked_values: ["4[0-9]{12}(?:[0-9]{3})?"]}
connectors:
  routing:
    default_pipelines: [logs/kept]
    table: [{context: log, statement: 'route() where IsMatch(log.attributes["v"], "(x+x+)+y")', pipelines: [logs/kept]}]
  count: {logs: {records: {attributes: [{key: v, default_value: none}]}}}
exporters:
  file: {path: "${file}"}
  nop:
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [nop]}
    logs: {receivers: [otlp], processors: [filter, transform, attributes, redaction], exporters: [routing]}
    logs/kept: {receivers: [routing], exporters: [file, count]}
    metrics: {receivers: [count], exporters: [nop]}
`;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const textOf = (value: string): Json => ({ stringValue: value });
const listOf = (values: readonly Json[]): Json => ({ arrayValue: { values } });

/** One log record. */
function recordOf(attributes: Readonly<Record<string, Json>>, body: Json = textOf("b")): Json {
  const pairs = Object.entries(attributes).map(([key, value]) => ({ key, value }));
  return { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body, attributes: pairs }] }] }] };
}

function nested(levels: number): Json {
  let value: Json = textOf("x");
  for (let i = 0; i < levels; i++) value = { kvlistValue: { values: [{ key: "k", value }] } };
  return value;
}

const JSON_CASES: Readonly<Record<string, Json>> = {
  "a string of 10 MB": recordOf({ v: textOf("a".repeat(10 * MIB)) }),
  "digits, 4 MB": recordOf({ v: textOf("1234567890".repeat(MIB * 0.4)) }),
  "XML of many siblings": recordOf({ v: textOf(`<a>${"<b/>".repeat(90_000)}</a>`) }),
  "XML nested deep": recordOf({ v: textOf("<a>".repeat(200_000)) }),
  "JSON nested deep": recordOf({ v: textOf("[".repeat(MIB)) }),
  "JSON of many objects": recordOf({ v: textOf(`[${"{},".repeat(2 * MIB)}{}]`) }),
  "CSV of many fields": recordOf({ v: textOf("a,".repeat(MIB)) }),
  "10,000 attributes": recordOf(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, textOf("v")]))),
  "a list of 100,000": recordOf({
    l: listOf(Array.from({ length: 100_000 }, (_, i) => textOf(String(i * 7919 % 99_991)))),
  }),
  "a body nested 60 deep": recordOf({}, nested(60)),
  "NaN and huge ints": recordOf({ v: { doubleValue: "NaN" }, l: listOf([{ intValue: "9223372036854775807" }]) }),
  "a hostile pattern": recordOf({ v: textOf("(((a{1,30}){1,30}){1,30}){1,30}") }),
  "a pattern nested deep": recordOf({ v: textOf("(".repeat(100_000)) }),
};

/** Bytes of a list of `count` empty maps, as a record's body: four bytes each. */
function emptyMaps(count: number): Uint8Array {
  const field = (tag: number, content: Uint8Array) => {
    const head = [tag];
    let length = content.length;
    for (; length > 0x7f; length = Math.floor(length / 128)) head.push(length % 128 | 0x80);
    const bytes = new Uint8Array(head.length + 1 + content.length);
    bytes.set([...head, length]);
    bytes.set(content, head.length + 1);
    return bytes;
  };
  const elements = new Uint8Array(count * 4);
  for (let i = 0; i < elements.length; i += 4) elements.set([0x0a, 0x02, 0x32, 0x00], i);
  const record = field(0x2a, field(0x2a, elements));
  return field(0x0a, field(0x12, field(0x12, record)));
}

interface Answer {
  readonly status: number;
  readonly rejected: number;
}

async function post(port: number, path: string, type: string, body: BodyInit): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    headers: { "content-type": type },
    body,
  });
  const answer = new Uint8Array(await response.arrayBuffer());
  const isPartial = response.status === 200 && answer.length > 0 && type.endsWith("json") &&
    new TextDecoder().decode(answer).includes("rejected");
  return { status: response.status, rejected: isPartial ? 1 : 0 };
}

/** Read by a program: a file of /proc wants every permission there is. */
function peakMib(pid: number): number {
  const { stdout } = new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).outputSync();
  const [, kib = ""] = /VmHWM:\s+(\d+)/.exec(new TextDecoder().decode(stdout)) ?? [];
  strictEqual(kib === "", false, "no peak is known");
  return Number(kib) / 1024;
}

function recordsIn(file: string): number {
  return Deno.readTextFileSync(file).split("\n").filter(Boolean).reduce(
    (sum, line) => sum + [...line.matchAll(/"logRecords":\[\{/g)].length,
    0,
  );
}

Deno.test("hostile data: a truthful answer, no loss, bounded memory, others are served", async (t) => {
  const port = freePort();
  const file = await Deno.makeTempFile({ suffix: ".json" });
  await using gateway = await startGateway(configOf(port, file), { workers: 2 });
  const span = traceRequestBytes({ spans: 1 }) as Uint8Array<ArrayBuffer>;
  let kept = 0;

  async function send(type: string, body: BodyInit): Promise<void> {
    const hostile = post(port, "/v1/logs", type, body);
    strictEqual((await post(port, "/v1/traces", "application/x-protobuf", span)).status, 200, "another request");
    const { status, rejected } = await hostile;
    ok([200, 400, 413, 503, 504].includes(status), `status ${status}`);
    if (status === 200 && rejected === 0) kept++;
    strictEqual(recordsIn(file), kept, "records that were acknowledged");
    ok(peakMib(gateway.pid) < 1_536, `${peakMib(gateway.pid)} MiB`);
  }

  for (const [name, request] of Object.entries(JSON_CASES)) {
    await t.step(`${name}, JSON`, () => send("application/json", JSON.stringify(request)));
  }
  for (const count of [900_000, 8_000_000]) {
    await t.step(
      `a body of ${count} empty maps, protobuf`,
      () => send("application/x-protobuf", emptyMaps(count) as Uint8Array<ArrayBuffer>),
    );
  }
  await t.step("text that is no UTF-8, protobuf", () => {
    const record = {
      body: { bytes_value: Uint8Array.of(0xff, 0xfe) },
      attributes: [{ key: "v", value: { string_value: "\u0000\ufffd" } }],
    };
    const request = { resource_logs: [{ scope_logs: [{ log_records: [record] }] }] };
    const bytes = encodeMessage(REQUEST_TYPES.logs, request, { order: "sdk", packed: true, extra: new Uint8Array(0) });
    return send("application/x-protobuf", bytes as Uint8Array<ArrayBuffer>);
  });
  await t.step("it ends in order", async () => {
    strictEqual((await gateway.stop()).code, 0);
    ok(kept >= 8, `${kept} kept`);
  });
  await Deno.remove(file);
});

Deno.test("wrong statements start nothing, and all that is wrong is told", async () => {
  const wrong = [
    "set(log.nam, 1)",
    "nope()",
    "set(",
    'replace_pattern(log.body, "(", "x")',
    `set(log.body, ${"(".repeat(200)}1${")".repeat(200)})`,
  ];
  const { code, stderr } = await spawnGateway(configOf(freePort(), "x.json", wrong)).ended();
  strictEqual(code, 1);
  for (let i = 0; i < wrong.length; i++) ok(stderr.includes(`log_statements::${i}`), `statement ${i} in:\n${stderr}`);
});
