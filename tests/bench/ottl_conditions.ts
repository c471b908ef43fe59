/**
 * Conditions on a span beside the collector's own engine: `tests/peers/ottlengine` runs the same conditions over the same
 * span, by turns with ours, some milliseconds each, so that both have whatever the machine does meanwhile. Ours has the
 * span's bytes and looks into them anew each time; the engine has it decoded, which is not in its figures.
 *
 *   deno run -A --config deno.json tests/bench/ottl_conditions.ts [ROUNDS]
 *
 * Printed are medians with the best tenth in brackets, and the median of the ratios of turns one behind the other. Wanted,
 * where the engine takes 55 ns for a condition: 80 ns on an unread item, 30 ns where its fields are found, 150 ns for five
 * keys in one walk, 60 us to compile a statement.
 *
 * @module
 */

import { DEFAULT_OTTL_LIMITS, OttlCompiler } from "../../ottl/mod.ts";
import { functionsOf } from "../../pipeline/otlp/ottl/functions/table.ts";
import { openContext } from "../../pipeline/otlp/ottl/mod.ts";
import { encodeMessage } from "../support/otlp_proto.ts";
import { MEMORY_TOOLS } from "../support/ottl_context.ts";
import { peerBinary } from "../support/peers.ts";
import { median } from "./tenants_support.ts";

const [rounds = "60"] = Deno.args;
const TURN_MS = 20;
const SPANS = 1_000;

const KEYS = [
  "http.request.method",
  "http.route",
  "url.path",
  "server.address",
  "server.port",
  "user_agent.original",
  "client.address",
  "tenant.id",
  "http.response.status_code",
  "network.protocol.version",
];
const SPAN = {
  trace_id: new Uint8Array(16).fill(7),
  span_id: new Uint8Array(8).fill(7),
  parent_span_id: new Uint8Array(8).fill(7),
  name: "GET /cart/{id}",
  kind: 2,
  start_time_unix_nano: "1767225600000000000",
  end_time_unix_nano: "1767225600100000000",
  attributes: KEYS.map((key, at) => ({
    key,
    value: at % 5 === 4 ? { int_value: String(at * 100) } : { string_value: `value of ${at}` },
  })),
  status: { code: 1 },
};

const FIRST = ['attributes["http.request.method"] == "value of 0"'];
const EIGHTH = ['attributes["tenant.id"] == "value of 7"'];
const ABSENT = ['attributes["no.such.key"] == "value"'];
const INT = ['attributes["server.port"] >= 500'];
const FIVE = ["tenant.id", "http.route", "url.path", "server.address", "client.address"]
  .map((key) => `attributes["${key}"] == "other"`);

/** Nanoseconds of one round, measured for about this long. */
type Measure = (millis: number) => number | Promise<number>;

interface Case {
  readonly name: string;
  readonly ours: Measure;
  readonly theirs: Measure;
}

/** Runs `round` for so long. @returns Nanoseconds of one. */
function timed(millis: number, turns: number, round: (turns: number) => void): number {
  const startMs = performance.now();
  let done = 0;
  do {
    round(turns);
    done += turns;
  } while (performance.now() - startMs < millis);
  return (performance.now() - startMs) * 1e6 / done;
}

function open() {
  const { definition, resolver, cursor } = openContext("traces", "span");
  const compiler = new OttlCompiler({
    context: definition,
    resolver,
    functions: functionsOf("transform statement", "span"),
    tools: { ...MEMORY_TOOLS, limits: DEFAULT_OTTL_LIMITS },
    gates: new Set(),
    prefixMode: "explicit",
  });
  return { compiler, cursor };
}

/** Spans lie one behind the other as in a request, and nothing was asked of each. */
function unread(texts: readonly string[]): Measure {
  const { compiler, cursor } = open();
  const conditions = compiler.conditions(texts);
  const span = encodeMessage("Span", SPAN);
  const spans = new Uint8Array(span.length * SPANS);
  for (let at = 0; at < SPANS; at++) spans.set(span, at * span.length);
  return (millis) =>
    timed(millis, SPANS, () => {
      for (let at = 0; at < spans.length; at += span.length) {
        cursor.item.reset(spans, at, at + span.length);
        for (let i = 0; i < conditions.length; i++) conditions[i]!.test(cursor);
      }
    });
}

/** Always the same span, whose fields are known after the first time. */
function read(texts: readonly string[]): Measure {
  const { compiler, cursor } = open();
  const conditions = compiler.conditions(texts);
  const span = encodeMessage("Span", SPAN);
  cursor.item.reset(span, 0, span.length);
  return (millis) =>
    timed(millis, SPANS, (turns) => {
      for (let turn = 0; turn < turns; turn++) for (let i = 0; i < conditions.length; i++) conditions[i]!.test(cursor);
    });
}

/** A statement of `texts`, all of which are compiled as one group. */
function compiled(texts: readonly string[]): Measure {
  const { compiler } = open();
  return (millis) => timed(millis, 1, () => void compiler.statements(texts));
}

/** The engine's program, asked a line at a time. */
class Engine implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;

  constructor(binary: string) {
    this.#child = new Deno.Command(binary, { stdin: "piped", stdout: "piped", env: { GOMAXPROCS: "1" } }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async send(line: unknown): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  }

  /** An answer is one write of a few bytes. @throws {Error} It ended. */
  async ask(line: unknown): Promise<number> {
    await this.send(line);
    const { value } = await this.#reader.read();
    if (value === undefined) throw new Error("Cannot measure the engine: it has ended, wanted an answer");
    return Number(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
  }
}

await using engine = new Engine(await peerBinary("ottlengine"));
await engine.send({
  request: encodeMessage("ExportTraceServiceRequest", {
    resource_spans: [{ resource: {}, scope_spans: [{ spans: [SPAN] }] }],
  }).toBase64(),
});

const tested = (conditions: readonly string[]): Measure => (millis) => engine.ask({ conditions, millis });

const STATEMENTS = [
  'set(attributes["gateway.name"], "edge-eu-1")',
  'set(status.code, STATUS_CODE_ERROR) where attributes["http.response.status_code"] >= 500',
  'replace_pattern(attributes["url.path"], "/[0-9a-f]{8}$", "/{id}")',
  'delete_key(attributes, "server.address")',
];

const CASES: readonly Case[] = [
  { name: "unread span, its first attribute", ours: unread(FIRST), theirs: tested(FIRST) },
  { name: "unread span, the 8th of 10", ours: unread(EIGHTH), theirs: tested(EIGHTH) },
  { name: "unread span, an int, the 5th", ours: unread(INT), theirs: tested(INT) },
  { name: "unread span, an attribute that is not there", ours: unread(ABSENT), theirs: tested(ABSENT) },
  { name: "unread span, five keys in one walk", ours: unread(FIVE), theirs: tested(FIVE) },
  { name: "fields found, a string", ours: read(EIGHTH), theirs: tested(EIGHTH) },
  { name: "fields found, an int", ours: read(INT), theirs: tested(INT) },
  {
    name: `${STATEMENTS.length} statements compiled`,
    ours: compiled(STATEMENTS),
    theirs: (millis) => engine.ask({ statements: STATEMENTS, millis }),
  },
];

/** `120 (98)`: the median, and the best tenth. */
function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return `${median(values).toFixed(0)} (${sorted[Math.floor(values.length / 10)]!.toFixed(0)})`;
}

function print(line: string): void {
  // deno-lint-ignore no-console -- what a benchmark is for
  console.log(line);
}

const WARM_UP_ROUNDS = 10;
print("| ns | Sluice | Collector's engine | Ratio |\n| --- | --- | --- | --- |");
for (const { name, ours, theirs } of CASES) {
  const [our, their]: [number[], number[]] = [[], []];
  for (let round = -WARM_UP_ROUNDS; round < Number(rounds); round++) {
    const [ourNs, theirNs] = [await ours(TURN_MS), await theirs(TURN_MS)];
    if (round < 0) continue;
    our.push(ourNs);
    their.push(theirNs);
  }
  const ratios = their.map((ns, at) => ns / our[at]!);
  print(`| ${name} | ${spread(our)} | ${spread(their)} | ${median(ratios).toFixed(2)} |`);
}
