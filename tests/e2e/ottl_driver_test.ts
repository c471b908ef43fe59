/** `deno task ottl-driver`: one line of JSON for each request, in any order, until the input ends. */

import { deepStrictEqual, strictEqual } from "node:assert";
import { SPANS } from "../gateway/ottl/support.ts";
import { readVectorInput } from "../support/ottl_vectors.ts";

const INPUT = `base64:${readVectorInput("span_small").toBase64()}`;

/** What is asked, and the reply without its id. */
const CASES: readonly { readonly name: string; readonly request: object; readonly want: object }[] = [
  {
    name: "a condition, once per item, over OTLP/JSON",
    request: { op: "condition", context: "span", expr: "kind == SPAN_KIND_SERVER", input: SPANS },
    want: { results: [true, false] },
  },
  {
    name: "a value, over protobuf",
    request: { op: "value", context: "span", expr: 'Concat([name, "x"], "-")', input: INPUT },
    want: { results: [{ type: "string", value: "op-x" }] },
  },
  {
    name: "an error of one item",
    request: { op: "value", context: "span", expr: 'attributes["n"] + 1', input: SPANS },
    want: { results: [{ type: "int", value: "6" }, { error: { category: "type" } }] },
  },
  {
    name: "a resource, whose signal is told",
    request: { op: "value", context: "resource", signal: "traces", expr: 'attributes["service.name"]', input: SPANS },
    want: { results: [{ type: "string", value: "pay" }] },
  },
  {
    name: "request metadata",
    request: {
      op: "value",
      context: "span",
      expr: 'otelcol.client.metadata["x-tenant"][0]',
      client: { metadata: { "X-Tenant": ["acme"] } },
      input: INPUT,
    },
    want: { results: [{ type: "string", value: "acme" }] },
  },
  {
    name: "a text that loads",
    request: { op: "parse", context: "log", statement: "set(body, 1)" },
    want: { ok: true },
  },
  {
    name: "one that does not",
    request: { op: "parse", context: "log", statement: "set(body, 1" },
    want: { error: { stage: "config", category: "syntax" } },
  },
  {
    name: "nothing is left",
    request: { op: "filter", signal: "traces", conditions: ["span.kind > 0"], input: SPANS },
    want: { output: null },
  },
  {
    name: "a batch that is refused",
    request: {
      op: "transform",
      signal: "traces",
      context: "span",
      error_mode: "propagate",
      statements: ["set(name, 5)"],
      input: INPUT,
    },
    want: { error: { stage: "run", category: "type" } },
  },
  {
    name: "a section that is none",
    request: { op: "filter", signal: "traces", config: { error_mode: "never" }, input: INPUT },
    want: { error: { stage: "config", category: "config" } },
  },
  {
    name: "no pipeline gets it",
    request: {
      op: "route",
      signal: "traces",
      config: { table: [{ context: "span", condition: "false", pipelines: ["traces/a"] }] },
      input: INPUT,
    },
    want: { outputs: {} },
  },
  { name: "an unknown op", request: { op: "guess" }, want: { error: { stage: "request", category: "unsupported" } } },
];

Deno.test("deno task ottl-driver", async (t) => {
  const requests = CASES.map(({ request }, i) => JSON.stringify({ id: `case-${i}`, ...request }));
  const { code, stdout } = await drive(`${requests.join("\n")}\n\nno JSON\n${requests[0]}`);
  strictEqual(code, 0);
  const replies = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  strictEqual(replies.length, CASES.length + 2);
  for (const [i, { name, want }] of CASES.entries()) {
    await t.step(name, () => {
      deepStrictEqual(replies.find(({ id }) => id === `case-${i}`), { id: `case-${i}`, ...want });
    });
  }
  await t.step("a line that is no JSON", () => {
    deepStrictEqual(replies.at(-2), { id: "", error: { stage: "request", category: "unsupported" } });
  });
  await t.step("the last line needs no line break", () => deepStrictEqual(replies.at(-1), replies[0]));
});

async function drive(input: string): Promise<{ readonly code: number; readonly stdout: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "ottl-driver"],
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}
