/**
 * What functions over maps, lists and texts may read and make: at each bound, and one past it.
 *
 * @module
 */

import { ok, throws } from "node:assert";
import type { OttlLimits } from "../../../ottl/limits.ts";
import { OttlError, StatementSequence } from "../../../ottl/mod.ts";
import type { OttlMap, Value } from "../../../ottl/values/value.ts";
import { MEMORY_TOOLS, memoryCompiler, memoryItem } from "../../support/ottl_context.ts";

/** Of text, in one set of limits. */
interface Case {
  readonly name: string;
  readonly limits: Partial<OttlLimits>;
  readonly given?: string;
  readonly atBound: string;
  readonly past: string;
}

function compilerWith(limits: Partial<OttlLimits>) {
  const tools = { ...MEMORY_TOOLS, limits: { ...MEMORY_TOOLS.limits, ...limits } };
  return memoryCompiler({ tools, gates: new Set(["ottl.functions.enableLambda"]) });
}

function run(text: string, { limits, given = "{}" }: Case): Value {
  const attributes = compilerWith({}).value(given).evaluate(memoryItem()) as OttlMap;
  const item = memoryItem({ "span.attributes": attributes });
  const compiler = compilerWith(limits);
  if (/^[A-Z]/.test(text)) return compiler.value(text).evaluate(item);
  new StatementSequence(compiler.statements([text]), "propagate").run(item);
  return item.get("span.attributes")!;
}

const isLimit = (error: unknown) => error instanceof OttlError && error.category === "limit";

Deno.test("bounds of functions", async (t) => {
  const given = '{"a": 1, "b": [1, 2], "json": "[[1]]", "xml": "<a><b>x</b></a>"}';
  const cases: Case[] = [
    {
      name: "append",
      limits: { maxEntries: 4 },
      given,
      atBound: 'append(attributes["b"], values=[3, 4])',
      past: 'append(attributes["b"], values=[3, 4, 5])',
    },
    {
      name: "merge_maps",
      limits: { maxEntries: 5 },
      given,
      atBound: 'merge_maps(attributes, {"z": 1}, "insert")',
      past: 'merge_maps(attributes, {"z": 1, "y": 2}, "insert")',
    },
    {
      name: "flatten",
      limits: { maxEntries: 3 },
      given: '{"m": {"l": [1, 2, 3]}, "n": {"l": [1, 2, 3, 4]}}',
      atBound: 'flatten(attributes["m"])',
      past: 'flatten(attributes["n"])',
    },
    {
      name: "ParseJSON, length",
      limits: { maxParseBytes: 5 },
      given,
      atBound: 'ParseJSON(attributes["json"])',
      past: 'ParseJSON("[[12]]")',
    },
    {
      name: "ParseJSON, depth",
      limits: { maxParseDepth: 2 },
      given,
      atBound: 'ParseJSON(attributes["json"])',
      past: 'ParseJSON("[[[]]]")',
    },
    {
      name: "ParseXML, depth",
      limits: { maxParseDepth: 2 },
      given,
      atBound: 'ParseXML(attributes["xml"])',
      past: 'ParseXML("<a><b><c/></b></a>")',
    },
    {
      name: "ParseSimplifiedXML, depth",
      limits: { maxParseDepth: 2 },
      given,
      atBound: 'ParseSimplifiedXML(attributes["xml"])',
      past: 'ParseSimplifiedXML("<a><b><c/></b></a>")',
    },
    {
      name: "GetXML, length of the result",
      limits: { maxValueBytes: 15 },
      given,
      atBound: 'GetXML(attributes["xml"], "/a")',
      past: 'GetXML(attributes["xml"], "//*")',
    },
    {
      name: "ParseCSV, length",
      limits: { maxParseBytes: 3 },
      atBound: 'ParseCSV("1,2", "a,b")',
      past: 'ParseCSV("1,22", "a,b")',
    },
    {
      name: "ParseKeyValue, length",
      limits: { maxParseBytes: 3 },
      atBound: 'ParseKeyValue("a=1")',
      past: 'ParseKeyValue("a=12")',
    },
    {
      name: "URL, length",
      limits: { maxParseBytes: 3 },
      atBound: 'URL("//h")',
      past: 'URL("//hh")',
    },
    {
      name: "ExtractPatterns, length of the pattern",
      limits: { maxPatternLength: 9 },
      atBound: 'ExtractPatterns("x", Concat(["(?P<k>.)", "."], ""))',
      past: 'ExtractPatterns("x", Concat(["(?P<k>.)", ".."], ""))',
    },
  ];
  for (const each of cases) {
    await t.step(each.name, () => {
      ok(run(each.atBound, each) !== undefined);
      throws(() => run(each.past, each), isLimit);
    });
  }
});
