/**
 * JSON texts as values.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { parseJson } from "../../../ottl/data/json.ts";
import { DEFAULT_OTTL_LIMITS } from "../../../ottl/limits.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { OttlList, OttlMap, type Value } from "../../../ottl/values/value.ts";

/** As JSON has it. */
function plain(value: Value): unknown {
  if (value instanceof OttlMap) return Object.fromEntries(value.entries().map(([key, entry]) => [key, plain(entry)]));
  if (value instanceof OttlList) return value.items.map(plain);
  return value;
}

const parse = (text: string) => plain(parseJson(text, DEFAULT_OTTL_LIMITS));
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

Deno.test("parseJson() gives what the text says", async (t) => {
  const cases: { name: string; text: string; want: unknown }[] = [
    { name: "object", text: '{"a":1,"b":[1,2.5,"x",null,true]}', want: { a: 1, b: [1, 2.5, "x", null, true] } },
    { name: "spaces around", text: " {} ", want: {} },
    {
      name: "numbers past int64",
      text: '{"n":12345678901234567890,"z":-0.0}',
      want: { n: 12345678901234567890, z: -0 },
    },
    { name: "a key twice", text: '{"a":1,"a":2}', want: { a: 2 } },
    { name: "half a character escaped", text: '["\\udc80"]', want: ["\ufffd"] },
  ];
  for (const { name, text, want } of cases) await t.step(name, () => deepStrictEqual(parse(text), want));
  await t.step("keys in their order", () => {
    const map = parseJson('{"z":1,"a":2,"__proto__":3}', DEFAULT_OTTL_LIMITS);
    deepStrictEqual(map instanceof OttlMap && map.keys(), ["z", "a", "__proto__"]);
  });
});

Deno.test("parseJson() refuses", async (t) => {
  const cases: { name: string; text: string; category: string }[] = [
    { name: "nothing", text: "", category: "value" },
    { name: "a number alone", text: "1", category: "value" },
    { name: "null", text: "null", category: "value" },
    { name: "a trailing comma", text: "[1,]", category: "value" },
    { name: "a number past a double", text: '{"a":1e400}', category: "arg_value" },
    { name: "one level too deep", text: nested(129), category: "limit" },
    { name: "far too deep", text: nested(1_000_000), category: "limit" },
  ];
  for (const { name, text, category } of cases) {
    await t.step(
      name,
      () => throws(() => parse(text), (error) => error instanceof OttlError && error.category === category),
    );
  }
  await t.step("not what is at the bounds", () => {
    ok(parseJson(nested(128), DEFAULT_OTTL_LIMITS));
    ok(parseJson("[1]", { ...DEFAULT_OTTL_LIMITS, maxParseBytes: 3 }));
    throws(() => parseJson("[12]", { ...DEFAULT_OTTL_LIMITS, maxParseBytes: 3 }), OttlError);
  });
  await t.step("with no data in the message", () => {
    throws(() => parse("{secret"), (error) => error instanceof Error && !error.message.includes("secret"));
  });
});

Deno.test("parseJson() gives back any JSON", () => {
  fc.assert(fc.property(fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())), (value) => {
    const text = JSON.stringify(value);
    strictEqual(JSON.stringify(parse(text)), JSON.stringify(JSON.parse(text)));
  }));
});
