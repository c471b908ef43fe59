/**
 * Edits of attributes where they are many, where their field depends on the item, and where lengths need another byte.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert";
import { DEFAULT_OTTL_LIMITS, OttlCompiler, StatementSequence } from "../../../../ottl/mod.ts";
import { functionsOf } from "../../../../pipeline/otlp/ottl/functions/table.ts";
import { type ContextName, openContext, walk } from "../../../../pipeline/otlp/ottl/mod.ts";
import { payloadBytes } from "../../../../pipeline/otlp/payload.ts";
import { read } from "../../../support/otlp_levels.ts";
import { decodeRequest, encodeMessage, type Plain } from "../../../support/otlp_proto.ts";
import { MEMORY_TOOLS } from "../../../support/ottl_context.ts";

/** What statements of a context make of a request. */
function run(signal: "traces" | "metrics", context: ContextName, request: Plain, statements: readonly string[]): Plain {
  const { definition, resolver, cursor } = openContext(signal, context);
  const compiler = new OttlCompiler({
    context: definition,
    resolver,
    functions: functionsOf("transform statement", context),
    tools: { ...MEMORY_TOOLS, limits: DEFAULT_OTTL_LIMITS },
    gates: new Set(),
    prefixMode: "explicit",
  });
  const sequence = new StatementSequence(compiler.statements(statements), "propagate");
  const visitor = (item: object) => {
    sequence.run(item);
    return true;
  };
  const name = signal === "traces" ? "ExportTraceServiceRequest" : "ExportMetricsServiceRequest";
  const changed = walk(read(signal, encodeMessage(name, request)), cursor, { visit: { [context]: visitor } });
  return decodeRequest(signal, payloadBytes(changed));
}

const text = (key: string, value: string) => ({ key, value: { string_value: value } });

/** Runs statements on one span with these attributes. */
function attributesAfter(attributes: readonly Plain[], statements: readonly string[]): unknown {
  const after = run("traces", "span", requestOf(attributes), statements);
  return decodedSpan(after)["attributes"];
}

function requestOf(attributes: readonly Plain[]): Plain {
  return { resource_spans: [{ scope_spans: [{ spans: [{ name: "one", attributes }] }] }] };
}

// deno-lint-ignore no-explicit-any
function decodedSpan(request: any): Plain {
  return request.resource_spans[0].scope_spans[0].spans[0];
}

/** As a decoder tells attributes. */
function decoded(attributes: readonly Plain[]): unknown {
  return attributes.length === 0 ? undefined : decodedSpan(decodeRequest(
    "traces",
    encodeMessage("ExportTraceServiceRequest", requestOf(attributes)),
  ))["attributes"];
}

Deno.test("attributes edited out of their order come out in it", async (t) => {
  for (const count of [2, 31, 32, 33, 70]) {
    await t.step(`${count} of ${count + 1}`, () => {
      const attributes = Array.from({ length: count + 1 }, (_, i) => text(`key.${i}`, `value ${i}`));
      const statements = attributes.slice(1).reverse().map(({ key }) => `set(attributes["${key}"], "new ${key}")`);
      const want = attributes.map(({ key }, i) => i === 0 ? text(key, "value 0") : text(key, `new ${key}`));
      deepStrictEqual(attributesAfter(attributes, statements), decoded(want));
    });
  }
});

Deno.test("a value copied, replaced or set has its lengths right whatever they are", async (t) => {
  for (const length of [0, 1, 7, 8, 9, 90, 100, 106, 107, 108, 109, 110, 111, 112, 113, 114, 120, 127, 128, 129, 300]) {
    await t.step(`${length} bytes`, () => {
      const value = "v".repeat(length);
      const attributes = [text("from", value), text("url", `/${value}`), text("last", "x")];
      const statements = [
        'set(attributes["copy"], attributes["from"])',
        'set(attributes["name"], name)',
        'replace_pattern(attributes["url"], "^/", "//")',
        `set(attributes["constant"], "${value}")`,
        'set(attributes["last"], attributes["copy"])',
        'set(attributes["again"], attributes["url"])',
      ];
      const want = [
        text("from", value),
        text("url", `//${value}`),
        text("last", value),
        text("copy", value),
        text("name", "one"),
        text("constant", value),
        text("again", `//${value}`),
      ];
      deepStrictEqual(attributesAfter(attributes, statements), decoded(want));
    });
  }
});

Deno.test("truncate_all() finds the one attribute that is long", async (t) => {
  const limit = 130;
  const cut = [`truncate_all(attributes, ${limit})`];
  for (const length of [limit - 1, limit, limit + 1, 400]) {
    const value = "v".repeat(length);
    const want = [text("short", "s"), text("long", value.slice(0, limit)), text("end", "e")];
    await t.step(`of ${length} bytes, as it came`, () => {
      deepStrictEqual(attributesAfter([text("short", "s"), text("long", value), text("end", "e")], cut), decoded(want));
    });
    await t.step(`of ${length} bytes, set before`, () => {
      const before = [text("short", "s"), text("long", "l"), text("end", "e")];
      deepStrictEqual(attributesAfter(before, [`set(attributes["long"], "${value}")`, ...cut]), decoded(want));
    });
    await t.step(`of ${length} bytes, added before`, () => {
      const order = [want[0]!, want[2]!, want[1]!];
      const before = [text("short", "s"), text("end", "e")];
      deepStrictEqual(attributesAfter(before, [`set(attributes["long"], "${value}")`, ...cut]), decoded(order));
    });
  }
});

Deno.test("data points of every kind get the attributes that one statement sets", () => {
  const point = { attributes: [text("old", "o"), text("gone", "g")] };
  const wanted = { attributes: [text("old", "n"), text("new", "constant"), text("copy", "n")] };
  const metrics = (points: Plain) => ({
    resource_metrics: [{
      scope_metrics: [{
        metrics: [
          { name: "a", gauge: { data_points: [points, points] } },
          { name: "b", histogram: { data_points: [points] } },
          { name: "c", exponential_histogram: { data_points: [points] } },
          { name: "d", summary: { data_points: [points] } },
          { name: "e", sum: { data_points: [points] } },
        ],
      }],
    }],
  });
  const got = run("metrics", "datapoint", metrics(point), [
    'set(attributes["old"], "n")',
    'set(attributes["new"], "constant")',
    'set(attributes["copy"], attributes["old"])',
    'delete_key(attributes, "gone")',
  ]);
  deepStrictEqual(got, decodeRequest("metrics", encodeMessage("ExportMetricsServiceRequest", metrics(wanted))));
});
