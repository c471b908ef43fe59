/**
 * Attributes that were found without the places of the others being noted: edits of all kinds behind that.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert";
import { DEFAULT_OTTL_LIMITS, OttlCompiler, StatementSequence } from "../../../../ottl/mod.ts";
import { functionsOf } from "../../../../pipeline/otlp/ottl/functions/table.ts";
import { openContext, walk } from "../../../../pipeline/otlp/ottl/mod.ts";
import { payloadBytes } from "../../../../pipeline/otlp/payload.ts";
import { read } from "../../../support/otlp_levels.ts";
import { decodeRequest, encodeMessage } from "../../../support/otlp_proto.ts";
import { MEMORY_TOOLS } from "../../../support/ottl_context.ts";

const LONG = "l".repeat(200);

/** Key and value of each attribute, in their order. */
type Pairs = [string, string][];

/** What the attributes of a span become; a span that is asked for nothing else comes before it. */
function run(attributes: Pairs, statements: readonly string[]): Pairs {
  const { definition, resolver, cursor } = openContext("traces", "span");
  const functions = functionsOf("transform statement", "span");
  const tools = { ...MEMORY_TOOLS, limits: DEFAULT_OTTL_LIMITS };
  const options = { context: definition, resolver, functions, tools, gates: new Set<string>() };
  const compiler = new OttlCompiler({ ...options, prefixMode: "explicit" });
  const sequence = new StatementSequence(compiler.statements(statements), "propagate");
  const spans = [{ attributes: attributes.map(([key, string_value]) => ({ key, value: { string_value } })) }];
  const payload = read(
    "traces",
    encodeMessage("ExportTraceServiceRequest", { resource_spans: [{ scope_spans: [{ spans }] }] }),
  );
  const visit = { span: (item: object) => (sequence.run(item), true) };
  const request = decodeRequest("traces", payloadBytes(walk(payload, cursor, { visit }))) as unknown as Request;
  const [span] = request.resource_spans[0]!.scope_spans[0]!.spans;
  return (span!.attributes ?? []).map(({ key, value }) => [key, value.string_value ?? ""]);
}

interface Request {
  readonly resource_spans: {
    readonly scope_spans: {
      readonly spans: { readonly attributes?: { readonly key: string; readonly value: { string_value?: string } }[] }[];
    }[];
  }[];
}

const cases: { name: string; attributes: Pairs; statements: string[]; want: Pairs }[] = [
  {
    name: "a map-wide edit, and then a set by key",
    attributes: [["x", "1"], ["a", "old"], ["y", "2"]],
    statements: [
      'set(attributes["seen"], "yes") where attributes["a"] == "old"',
      'replace_all_patterns(attributes, "value", "^old$", "new")',
      'set(attributes["also"], "yes") where attributes["a"] == "new"',
    ],
    want: [["x", "1"], ["a", "new"], ["y", "2"], ["seen", "yes"], ["also", "yes"]],
  },
  {
    name: "the second of a key counts once the first is gone",
    attributes: [["a", "1"], ["b", "x"], ["a", "2"]],
    statements: [
      'delete_key(attributes, "a") where attributes["a"] == "1"',
      'set(attributes["left"], attributes["a"])',
    ],
    want: [["b", "x"], ["a", "2"], ["left", "2"]],
  },
  {
    name: "one that is not there, and then is",
    attributes: [["b", "x"]],
    statements: [
      'set(attributes["a"], "1") where attributes["a"] == nil',
      'set(attributes["a"], "2") where attributes["a"] == "1"',
      'set(attributes["b"], "y") where attributes["a"] == "2"',
    ],
    want: [["b", "y"], ["a", "2"]],
  },
  {
    name: "an edited one is compared as it is now, and as long as it is",
    attributes: [["a", "1"], ["b", "x"]],
    statements: [
      `set(attributes["a"], "${LONG}") where attributes["a"] == "1"`,
      `set(attributes["b"], "${LONG}") where attributes["a"] == "${LONG}"`,
      'set(attributes["c"], "no") where attributes["a"] == "1"',
    ],
    want: [["a", LONG], ["b", LONG]],
  },
  {
    name: "a long one among short ones",
    attributes: [["x", "1"], ["a", LONG], ["b", "2"]],
    statements: [
      `set(attributes["x"], "3") where attributes["a"] == "${LONG}"`,
      'set(attributes["b"], "4") where attributes["b"] == "2"',
    ],
    want: [["x", "3"], ["a", LONG], ["b", "4"]],
  },
  {
    name: "all are gone, and one comes again",
    attributes: [["a", "1"], ["b", "2"]],
    statements: [
      'keep_keys(attributes, ["none"]) where attributes["a"] == "1"',
      'set(attributes["c"], "no") where attributes["a"] == "1"',
      'set(attributes["a"], "3") where attributes["a"] == nil',
    ],
    want: [["a", "3"]],
  },
];

Deno.test("attributes that were sought and then edited", async (t) => {
  for (const { name, attributes, statements, want } of cases) {
    await t.step(name, () => deepStrictEqual(run(attributes, statements), want));
  }
});
