import { strictEqual, throws } from "node:assert";
import type { ContextDefinition } from "../../../ottl/compile/context.ts";
import { converter, editor } from "../../../ottl/functions/definition.ts";
import {
  DEFAULT_OTTL_LIMITS,
  functionTable,
  inferContext,
  OttlSyntaxError,
  parseConditions,
  parseStatements,
} from "../../../ottl/mod.ts";

const set = editor({ name: "set", summary: "", parameters: {}, examples: [], compile: () => () => {} });
const copyMetric = { ...set, name: "copy_metric" };
const len = converter({ name: "Len", summary: "", parameters: {}, examples: [], compile: () => () => null });
const sha256 = { ...len, name: "SHA256" };
const standard = [set, len, sha256];

function context(name: string, prefixes: string[], enums: string[] = []): ContextDefinition {
  return {
    name,
    prefixes: [name, ...prefixes],
    enums: new Map(enums.map((symbol, i) => [symbol, BigInt(i)])),
    pathNames: [],
  };
}

const SCOPE = ["scope", "instrumentation_scope", "resource", "otelcol"];
const CANDIDATES = [
  { context: context("resource", ["otelcol"]), functions: functionTable(standard) },
  { context: context("scope", ["resource", "otelcol"]), functions: functionTable(standard) },
  { context: context("metric", SCOPE, ["TYPE_SUM"]), functions: functionTable(standard, [copyMetric]) },
  {
    context: context("datapoint", ["metric", ...SCOPE], ["TYPE_SUM", "FLAG_NONE"]),
    functions: functionTable(standard),
  },
];

const cases: { name: string; statements?: string[]; conditions?: string[]; want: string | undefined }[] = [
  { name: "one path", statements: ["set(resource.attributes, 1)"], want: "resource" },
  { name: "the most specific", statements: ["set(resource.attributes, metric.unit)"], want: "metric" },
  {
    name: "of all texts",
    statements: ["set(resource.attributes, 1)"],
    conditions: ['datapoint.attributes["a"] == 1'],
    want: "datapoint",
  },
  { name: "in a key", statements: ["set(resource.attributes[metric.name], 1)"], want: "metric" },
  { name: "in a condition", statements: ["set(resource.attributes, 1) where not (scope.name == nil)"], want: "scope" },
  { name: "in a list, a map and math", conditions: ['Len([{"a": -(1 + metric.type)}]) == 1'], want: "metric" },
  { name: "a symbol of a lower context", statements: ["set(scope.attributes, FLAG_NONE)"], want: "datapoint" },
  {
    name: "a symbol that two have: the most specific",
    statements: ["set(scope.attributes, TYPE_SUM)"],
    want: "datapoint",
  },
  { name: "a function of a lower context", statements: ["copy_metric(scope.name)"], want: "metric" },
  { name: "a function that a lower one lacks", statements: ["copy_metric(datapoint.attributes)"], want: undefined },
  { name: "a function reference is no symbol", statements: ["set(resource.attributes, SHA256)"], want: "resource" },
  { name: "a symbol that nobody has", conditions: ["metric.type == NOPE"], want: undefined },
  { name: "a function that nobody has", conditions: ["Nope(metric.type)"], want: undefined },
  { name: "a context that is not on offer", statements: ["set(log.body, 1)"], want: undefined },
  { name: "the synonym of scope alone", statements: ["set(instrumentation_scope.name, 1)"], want: undefined },
  { name: "the synonym beside others", statements: ["set(instrumentation_scope.name, metric.name)"], want: "metric" },
  { name: "only the request, with a function", statements: ["set(otelcol.client.addr, 1)"], want: "datapoint" },
  { name: "only the request", conditions: ["otelcol.client.addr == nil"], want: undefined },
  {
    name: "the request beside others",
    statements: ["set(resource.attributes, otelcol.client.addr)"],
    want: "resource",
  },
  { name: "no path", statements: ["set()"], want: undefined },
  { name: "a path without a context", statements: ["set(attributes, 1)"], want: undefined },
  { name: "no text", want: undefined },
  {
    name: "parameters of lambdas are no contexts",
    conditions: ["Len((metric, _) => metric.name) == scope.name"],
    want: "scope",
  },
];

Deno.test("inferContext()", async (t) => {
  for (const { name, statements = [], conditions = [], want } of cases) {
    await t.step(name, () => {
      const texts = [
        ...parseStatements(statements, DEFAULT_OTTL_LIMITS),
        ...parseConditions(conditions, DEFAULT_OTTL_LIMITS),
      ];
      if (want !== undefined) return strictEqual(inferContext(texts, CANDIDATES), want);
      throws(
        () => inferContext(texts, CANDIDATES),
        (error) => error instanceof OttlSyntaxError && error.problems[0]?.category === "inference",
      );
    });
  }
});

Deno.test("inferContext() points at what does not fit", () => {
  const texts = parseConditions(['metric.name == "x"', "metric.type == NOPE"], DEFAULT_OTTL_LIMITS);
  throws(() => inferContext(texts, CANDIDATES), (error) => {
    const { text, span, message } = (error as OttlSyntaxError).problems[0]!;
    strictEqual(text.slice(span.start, span.end), "NOPE");
    strictEqual(message, 'inferred context "metric" does not support the enum symbol "NOPE"');
    return true;
  });
});
