import { deepStrictEqual, ok, throws } from "node:assert";
import { OttlError } from "../../../../../ottl/values/errors.ts";
import type { ErrorMode } from "../../../../../ottl/mod.ts";
import { requestToJson } from "../../../../../pipeline/otlp/json_encode.ts";
import { withoutDefaults } from "../../../../support/otlp_json.ts";
import { encodeMessage } from "../../../../support/otlp_proto.ts";
import { readVectorInput, readVectors, type Vector } from "../../../../support/ottl_vectors.ts";
import { transform } from "./support.ts";

type Json = Parameters<typeof withoutDefaults>[0];

/** Attributes have no order; `unordered` lists have none either. */
function comparable(value: Json, unordered = false): Json {
  if (Array.isArray(value)) {
    const elements = value.map((element) => comparable(element, unordered));
    const sorted = unordered || elements.some((element) => isKeyValue(element));
    return sorted ? elements.sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1) : elements;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, comparable(inner, unordered)]));
}

function isKeyValue(value: Json): boolean {
  return typeof value === "object" && value !== null && "key" in value;
}

const vectors = readVectors("transform_functions").filter(({ about, statements, context }) =>
  !about.startsWith("Parse") && statements !== undefined && context !== "log"
);

type Context = Parameters<typeof transform>[1];

function run({ input = "", context, statements = [], error_mode = "ignore" }: Vector): Json {
  const mode = error_mode as ErrorMode;
  const output = transform(readVectorInput(input), context as Context, statements, mode);
  const signal = context === "span" ? "traces" : "metrics";
  return withoutDefaults(JSON.parse(new TextDecoder().decode(requestToJson(signal, output))));
}

Deno.test("the recorded answers of the engine's transform functions", async (t) => {
  for (const vector of vectors) {
    await t.step(`${vector.id} ${vector.statements?.join("; ")} on ${vector.input}`, () => {
      const { want, unordered } = vector;
      if (want.error !== undefined) {
        throws(() => run(vector), OttlError);
      } else {
        const wanted = withoutDefaults(want.outputJson as Json);
        deepStrictEqual(comparable(run(vector), unordered), comparable(wanted, unordered));
      }
    });
  }
});

Deno.test("what functions add to a batch is bounded", async (t) => {
  const summary = encodeMessage("ExportMetricsServiceRequest", {
    resource_metrics: [{ scope_metrics: [{ metrics: [{ name: "s", summary: { data_points: [{}, {}, {}] } }] }] }],
  });
  const run = (context: Context, text: string, options: Parameters<typeof transform>[4]) =>
    transform(summary, context, [text], "propagate", options);
  const each = 'convert_summary_count_val_to_sum("delta", true)';
  await t.step("so many metrics", () => {
    ok(run("datapoint", each, { maxAppendedMetrics: 3 }));
    throws(() => run("datapoint", each, { maxAppendedMetrics: 2 }), { category: "limit" });
  });
  await t.step("so many bytes", () => {
    ok(run("datapoint", each, { maxOutputBytes: 1_000 }));
    throws(() => run("datapoint", each, { maxOutputBytes: 50 }), { category: "limit" });
  });
  await t.step("copies of copies", () => {
    throws(() => run("metric", "copy_metric()", {}), { category: "limit" });
  });
});
