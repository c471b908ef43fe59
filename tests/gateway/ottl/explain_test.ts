/** What statements did, told for people. */

import { deepStrictEqual, match, throws } from "node:assert";
import { explain } from "../../../gateway/ottl/explain.ts";
import { openTexts } from "../../../gateway/ottl/asked.ts";
import { diffLines, flatten, showValue } from "../../../gateway/ottl/item_text.ts";
import { jsonOf, runOver } from "../../../gateway/ottl/run.ts";
import { UsageError } from "../../../gateway/ottl/usage_error.ts";
import { Duration, Id, Opaque, OttlList, PlainMap, Time, type Value } from "../../../ottl/values/value.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { ASKED, SPANS, spansPayload, textsOf } from "./support.ts";

Deno.test("runOver() changes every item, and tells what failed", async (t) => {
  const texts = textsOf(['set(span.attributes["m"], span.attributes["n"] + 1)', 'delete_key(span.attributes, "n")']);
  await t.step("ignore", () => {
    const payload = spansPayload();
    const { changed, failures } = runOver(payload, openTexts(texts, ASKED, "traces"), "ignore");
    const path = "resourceSpans[0].scopeSpans[0].spans[0]";
    deepStrictEqual(diffLines(flatten(jsonOf(payload)), flatten(jsonOf(changed))), [
      `- ${path}.attributes["n"] = 5`,
      `+ ${path}.attributes["m"] = 6`,
    ]);
    deepStrictEqual(failures.length, 1);
    match(failures[0]!, /^failed 1x: set\(span\.attributes\["m"\], span\.attributes\["n"\] \+ 1\): /);
  });
  await t.step("propagate", () => {
    throws(() => runOver(spansPayload(), openTexts(texts, ASKED, "traces"), "propagate"), OttlError);
  });
});

Deno.test("explain()", async (t) => {
  const told = (statements: string[], conditions: string[] = [], item = 1) =>
    explain(spansPayload(), textsOf(statements, conditions), { ...ASKED, item })
      .map((line) => line.replace(/\d+\.\d us/, "N us"));

  await t.step("each statement sees what those before it did, the cache too", () => {
    deepStrictEqual(
      told([
        'set(span.cache["x"], span.attributes["n"]) where span.kind == SPAN_KIND_SERVER',
        'set(span.attributes["y"], span.cache["x"])',
        'span.name == "no" > set(span.name, "yes")',
        'set(span.name, span.attributes["y"])',
      ]),
      [
        "item 1 of 2, context span",
        "",
        'set(span.cache["x"], span.attributes["n"]) where span.kind == SPAN_KIND_SERVER',
        "  read     span.kind = 2",
        '           span.attributes["n"] = 5',
        "  matched  yes",
        '  changed  + span.cache["x"] = 5',
        "  took     N us",
        "",
        'set(span.attributes["y"], span.cache["x"])',
        '  read     span.cache["x"] = 5',
        "  matched  yes",
        '  changed  + resourceSpans[0].scopeSpans[0].spans[0].attributes["y"] = 5',
        "  took     N us",
        "",
        'span.name == "no" > set(span.name, "yes")',
        '  read     span.name = "op1"',
        "  matched  no",
        "  changed  nothing",
        "  took     N us",
        "",
        'set(span.name, span.attributes["y"])',
        '  read     span.attributes["y"] = 5',
        "  changed  nothing",
        "  failed   expected string but got int",
        "  took     N us",
      ],
    );
  });
  await t.step("only the item that is asked for", () => {
    deepStrictEqual(told(['set(span.name, "z")'], [], 2).slice(0, 5), [
      "item 2 of 2, context span",
      "",
      'set(span.name, "z")',
      "  matched  yes",
      '  changed  ~ resourceSpans[0].scopeSpans[0].spans[1].name = "op2" -> "z"',
    ]);
  });
  await t.step("conditions that do not hold", () => {
    const lines = told(['set(span.name, "z")'], ['span.name == "a"', 'span.name == "b"']);
    deepStrictEqual([lines[2], lines.at(-1)], ['span.name == "a"', "no condition holds: no statement runs"]);
  });
  await t.step("an item that is not there", () => {
    throws(() => told(['set(span.name, "z")'], [], 3), UsageError);
  });
});

Deno.test("flatten() tells every value by its path", () => {
  const value = {
    kvlistValue: {
      values: [
        { key: "l", value: { arrayValue: { values: [{ doubleValue: 1 }, { bytesValue: "AP8=" }, {}] } } },
        { key: "e", value: { kvlistValue: {} } },
        { key: "b", value: { boolValue: false } },
      ],
    },
  };
  deepStrictEqual([...flatten({ resourceLogs: [{ logRecords: [{ body: value, severityNumber: 9 }] }] })], [
    ['resourceLogs[0].logRecords[0].body["l"][0]', "1.0"],
    ['resourceLogs[0].logRecords[0].body["l"][1]', "0x00ff"],
    ['resourceLogs[0].logRecords[0].body["l"][2]', "nil"],
    ['resourceLogs[0].logRecords[0].body["e"]', "{}"],
    ['resourceLogs[0].logRecords[0].body["b"]', "false"],
    ["resourceLogs[0].logRecords[0].severityNumber", "9"],
  ]);
  deepStrictEqual(flatten(SPANS).get('resourceSpans[0].resource.attributes["service.name"]'), '"pay"');
});

const SHOWN: { readonly value: Value; readonly want: string }[] = [
  { value: null, want: "nil" },
  { value: 'a"\n', want: '"a\\"\\n"' },
  { value: 5n, want: "5" },
  { value: 5, want: "5.0" },
  { value: -0, want: "-0.0" },
  { value: NaN, want: "NaN" },
  { value: new Uint8Array([1, 255]), want: "0x01ff" },
  { value: new OttlList([1n, "x"]), want: '[1, "x"]' },
  { value: new PlainMap([["k", true]]), want: '{"k": true}' },
  { value: new Time(1_500_000_000n), want: "1970-01-01T00:00:01.5Z" },
  { value: new Duration(5n), want: "5 ns" },
  { value: new Id("span_id", new Uint8Array(8)), want: "0000000000000000" },
  { value: new Opaque("span events", 2, undefined), want: "(span events, 2)" },
  { value: new Opaque("span status", undefined, undefined), want: "(span status)" },
];

Deno.test("showValue()", async (t) => {
  for (const { value, want } of SHOWN) await t.step(want, () => deepStrictEqual(showValue(value), want));
});
