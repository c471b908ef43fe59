/**
 * One case of `ottl_conditions.ts`, in a thread of its own: what V8 has learnt of one is of no use to the next.
 *
 * Its name says which case and how many rounds; sent back are the nanoseconds of each round, ours and the engine's.
 *
 * @module
 */

import { encodeMessage } from "../support/otlp_proto.ts";
import { openSpans } from "../support/ottl_spans.ts";
import { peerBinary } from "../support/peers.ts";

const TURN_MS = 20;
const WARM_UP_ROUNDS = 10;
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
type Measure = (millis: number) => number;

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

/** Spans lie one behind the other as in a request, and nothing was asked of each. */
function unread(texts: readonly string[]): Measure {
  const { compiler, cursor } = openSpans();
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
  const { compiler, cursor } = openSpans();
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
  const { compiler } = openSpans();
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

/** The thread's name, as JSON. */
export interface Asked {
  readonly name: string;
  readonly rounds: number;
}

/** Sent back: nanoseconds of each round. */
export interface Answered {
  readonly ours: number[];
  readonly theirs: number[];
}

const STATEMENTS = [
  'set(attributes["gateway.name"], "edge-eu-1")',
  'set(status.code, STATUS_CODE_ERROR) where attributes["http.response.status_code"] >= 500',
  'replace_pattern(attributes["url.path"], "/[0-9a-f]{8}$", "/{id}")',
  'delete_key(attributes, "server.address")',
];

interface Case {
  readonly ours: (texts: readonly string[]) => Measure;
  readonly texts: readonly string[];
}

/** By name, in their order. */
const CASES: Readonly<Record<string, Case>> = {
  "unread span, its first attribute": { ours: unread, texts: FIRST },
  "unread span, the 8th of 10": { ours: unread, texts: EIGHTH },
  "unread span, an int, the 5th": { ours: unread, texts: INT },
  "unread span, an attribute that is not there": { ours: unread, texts: ABSENT },
  "unread span, five keys in one walk": { ours: unread, texts: FIVE },
  "fields found, a string": { ours: read, texts: EIGHTH },
  "fields found, an int": { ours: read, texts: INT },
  [`${STATEMENTS.length} statements compiled`]: { ours: compiled, texts: STATEMENTS },
};
export const CASE_NAMES: readonly string[] = Object.keys(CASES);

async function answer({ name, rounds }: Asked): Promise<Answered> {
  const { ours, texts } = CASES[name]!;
  await using engine = new Engine(await peerBinary("ottlengine"));
  await engine.send({
    request: encodeMessage("ExportTraceServiceRequest", {
      resource_spans: [{ resource: {}, scope_spans: [{ spans: [SPAN] }] }],
    }).toBase64(),
  });
  const measure = ours(texts);
  const asked = { [ours === compiled ? "statements" : "conditions"]: texts, millis: TURN_MS };
  const answered: Answered = { ours: [], theirs: [] };
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const [ourNs, theirNs] = [measure(TURN_MS), await engine.ask(asked)];
    if (round < 0) continue;
    answered.ours.push(ourNs);
    answered.theirs.push(theirNs);
  }
  return answered;
}

// A message would be lost that comes while the modules are still being loaded: what is asked is the thread's name.
if (typeof WorkerGlobalScope !== "undefined") {
  const thread = self as unknown as Worker & { readonly name: string };
  thread.postMessage(await answer(JSON.parse(thread.name)));
}
