/**
 * What is changed, copied and compared on bytes is what comes of taking values out and putting them in.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { DEFAULT_OTTL_LIMITS, OttlCompiler, type PathResolver, StatementSequence } from "../../../../ottl/mod.ts";
import { functionsOf } from "../../../../pipeline/otlp/ottl/functions/table.ts";
import { openContext, walk } from "../../../../pipeline/otlp/ottl/mod.ts";
import type { Payload } from "../../../../pipeline/otlp/payload.ts";
import { payloadBytes } from "../../../../pipeline/otlp/payload.ts";
import { read } from "../../../support/otlp_levels.ts";
import { decodeRequest, encodeMessage, type Plain } from "../../../support/otlp_proto.ts";
import { MEMORY_TOOLS } from "../../../support/ottl_context.ts";

/** Paths that are read and written, and nothing else. */
function plain(inner: PathResolver): PathResolver {
  return {
    resolve(path) {
      const access = inner.resolve(path);
      return { get: (item) => access.get(item), set: (item, value) => access.set(item, value) };
    },
  };
}

const same = (resolver: PathResolver) => resolver;

function open(wrap: (resolver: PathResolver) => PathResolver) {
  const { definition, resolver, cursor } = openContext("traces", "span");
  const compiler = new OttlCompiler({
    context: definition,
    resolver: wrap(resolver),
    functions: functionsOf("transform statement", "span"),
    tools: { ...MEMORY_TOOLS, limits: DEFAULT_OTTL_LIMITS },
    gates: new Set(),
    prefixMode: "explicit",
  });
  return { compiler, cursor };
}

/** What statements make of a request, and how often one failed. */
function run(payload: Payload, statements: readonly string[], wrap: (resolver: PathResolver) => PathResolver) {
  const { compiler, cursor } = open(wrap);
  const sequence = new StatementSequence(compiler.statements(statements), "ignore");
  const span = (item: object) => {
    sequence.run(item);
    return true;
  };
  const changed = walk(payload, cursor, { visit: { span } });
  const failures = sequence.drainFailures().map(({ text, count, error }) => ({ text, count, message: error.message }));
  return { request: decodeRequest("traces", payloadBytes(changed)), failures };
}

function requestOf(spans: readonly Plain[]): Payload {
  return read("traces", encodeMessage("ExportTraceServiceRequest", { resource_spans: [{ scope_spans: [{ spans }] }] }));
}

const STATEMENTS = [
  'replace_pattern(attributes["a"], "b+", "<>")',
  'replace_pattern(attributes["a"], "^[^@]*@", "***@")',
  'replace_pattern(attributes["a"], "b*$", "é")',
  'replace_pattern(attributes["a"], "", "-")',
  'replace_pattern(attributes["a"], "b", "b")',
  'replace_pattern(attributes["a"], "(b)", "$1$1")',
  'replace_pattern(name, "[a-c]", "long enough to make the field grow by more than it has")',
  'set(attributes["a"], ToLowerCase(attributes["a"]))',
  'set(attributes["b"], ToUpperCase(attributes["a"]))',
  'set(attributes["a"], ConvertCase(name, "upper"))',
  'set(attributes["a"], attributes["a"])',
  'set(attributes["a"], attributes["none"])',
  "set(name, ToUpperCase(name))",
  'set(name, ConvertCase(attributes["a"], "lower"))',
  'set(attributes["lower"], true) where ToLowerCase(attributes["a"]) == "ab"',
  'set(attributes["other"], true) where ConvertCase(name, "upper") != "AB"',
  'set(attributes["nil"], true) where attributes["a"] == nil',
  'set(attributes["some"], true) where attributes["a"] != nil',
  'set(attributes["less"], true) where attributes["a"] <= nil',
  'delete_key(attributes, "a")',
  'set(attributes["slow"], true) where end_time - start_time > Duration("1s")',
  'set(attributes["quick"], true) where Duration("1s") >= end_time - start_time',
];

const text = fc.oneof(
  fc.constantFrom("ab", "AB", "", "a@b", "abb"),
  fc.array(fc.constantFrom("a", "b", "B", "@", "é", "😀", "ſ", "İ"), { maxLength: 8 }).map((parts) => parts.join("")),
);
const anyValue = fc.oneof(
  { weight: 8, arbitrary: text.map((string_value) => ({ string_value })) },
  fc.constantFrom<Plain>(
    {},
    { int_value: "7" },
    { bool_value: false },
    { double_value: 0 },
    { bytes_value: new Uint8Array(0) },
    { bytes_value: Uint8Array.of(0xff) },
    { array_value: {} },
    { kvlist_value: { values: [{ key: "k", value: { string_value: "b" } }] } },
  ),
);
const attribute = fc.record({ key: fc.constantFrom("a", "b", "c"), value: anyValue });
const nanos = fc.constantFrom(
  "0",
  "1",
  "1000000000",
  "1000000001",
  "4294967296",
  "9223372036854775807",
  "18446744073709551615",
);
const span = fc.record({
  name: text,
  start_time_unix_nano: nanos,
  end_time_unix_nano: nanos,
  attributes: fc.array(attribute, { maxLength: 4 }),
});

Deno.test("statements do on bytes what they do on values", () => {
  fc.assert(
    fc.property(
      fc.array(span, { minLength: 1, maxLength: 3 }),
      fc.array(fc.constantFrom(...STATEMENTS), { minLength: 1, maxLength: 4 }),
      (spans, statements) => {
        deepStrictEqual(run(requestOf(spans), statements, same), run(requestOf(spans), statements, plain));
      },
    ),
    { numRuns: 2_000 },
  );
});

Deno.test("what stays as it is leaves the bytes as they were", () => {
  const payload = requestOf([{ name: "ab", attributes: [{ key: "a", value: { string_value: "ab" } }] }]);
  const { compiler, cursor } = open(same);
  const texts = [
    'set(attributes["a"], ToLowerCase(attributes["a"]))',
    'replace_pattern(attributes["a"], "x+$", "y")',
    'replace_pattern(attributes["a"], "a", "a")',
    'replace_pattern(name, "/x", "")',
    'set(attributes["a"], attributes["a"])',
  ];
  const statements = compiler.statements(texts);
  let visits = 0;
  walk(payload, cursor, {
    visit: {
      span: (item) => {
        for (const { text, execute } of statements) {
          execute(item);
          ok(!cursor.item.isEdited, text);
          visits++;
        }
        return true;
      },
    },
  });
  strictEqual(visits, texts.length);
});

Deno.test("a string of bytes that are no UTF-8 is changed as text", () => {
  const broken = Uint8Array.of(0x62, 0xff, 0x62);
  const payload = requestOf([{ name: "", attributes: [{ key: "a", value: { bytes_value: broken } }] }]);
  // Bytes and string have one form on the wire, but for the tag.
  const bytes = payloadBytes(payload).slice();
  const at = bytes.findIndex((byte, i) => byte === 0x3a && bytes[i + 2] === 0x62 && bytes[i + 3] === 0xff);
  bytes[at] = 0x0a;
  const { compiler, cursor } = open(same);
  const [statement] = compiler.statements(['replace_pattern(attributes["a"], "b", "c")']);
  const span = (item: object) => {
    statement!.execute(item);
    return true;
  };
  const changed = walk(read("traces", bytes), cursor, { visit: { span } });
  ok(payloadBytes(changed).toHex().includes("63ff63"));
});
