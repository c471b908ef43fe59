/** Several sources into one tree. */

import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { mergeMaps, splitTopLevelKeys } from "../../../../pipeline/config/tree/merge.ts";
import { DEFAULT_TREE_LIMITS, type MapNode } from "../../../../pipeline/config/tree/node.ts";
import { parseYaml } from "../../../../pipeline/config/tree/yaml.ts";
import { plainValue } from "./plain_value.ts";

const parse = (text: string): MapNode => parseYaml(text, "f.yaml", DEFAULT_TREE_LIMITS).node as MapNode;

const cases: { name: string; earlier: string; later: string; want: unknown }[] = [
  { name: "deep", earlier: "{a: {b: 1, c: 2}}", later: "{a: {c: 3, d: 4}}", want: { a: { b: 1, c: 3, d: 4 } } },
  { name: "a list replaces a list", earlier: "{a: [1, 2]}", later: "{a: [3]}", want: { a: [3] } },
  { name: "null wipes a section", earlier: "{a: {b: 1}, c: 2}", later: "{a: }", want: { a: null, c: 2 } },
  { name: "an empty map wipes nothing", earlier: "{a: {b: 1}}", later: "{a: {}}", want: { a: { b: 1 } } },
  { name: "a scalar replaces a map", earlier: "{a: {b: 1}}", later: "{a: 5}", want: { a: 5 } },
  { name: "a map replaces a scalar", earlier: "{a: 5}", later: "{a: {b: 1}}", want: { a: { b: 1 } } },
];

Deno.test("mergeMaps()", async (t) => {
  for (const { name, earlier, later, want } of cases) {
    await t.step(name, () => deepStrictEqual(plainValue(mergeMaps(parse(earlier), parse(later))), want));
  }
});

const tree = fc.letrec<{ value: unknown; map: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.constant(null),
    fc.array(fc.integer(), { maxLength: 2 }),
    tie("map"),
  ),
  map: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { maxKeys: 3 }),
})).map;

Deno.test("mergeMaps() of maps all the way down is associative", () => {
  const onlyMaps = fc.letrec<{ map: Record<string, unknown> }>((tie) => ({
    map: fc.dictionary(
      fc.constantFrom("a", "b", "c"),
      fc.oneof({ maxDepth: 4 }, fc.constant({}), tie("map")),
      { maxKeys: 3 },
    ),
  })).map;
  fc.assert(fc.property(onlyMaps, onlyMaps, onlyMaps, (a, b, c) => {
    const [x, y, z] = [a, b, c].map((each) => parse(JSON.stringify(each))) as [MapNode, MapNode, MapNode];
    deepStrictEqual(plainValue(mergeMaps(mergeMaps(x, y), z)), plainValue(mergeMaps(x, mergeMaps(y, z))));
  }));
});

Deno.test("mergeMaps() with itself, or with nothing, changes nothing", () => {
  fc.assert(fc.property(tree, (value) => {
    const node = parse(JSON.stringify(value));
    const empty = parse("{}");
    deepStrictEqual(plainValue(mergeMaps(node, node)), plainValue(node));
    deepStrictEqual(plainValue(mergeMaps(empty, node)), plainValue(node));
    deepStrictEqual(plainValue(mergeMaps(node, empty)), plainValue(node));
  }));
});

Deno.test("splitTopLevelKeys()", () => {
  const root = parse("{a::b::c: 1, a: {b: {d: 2}}, 'e': {f::g: 3}, a::b::c: 4}".replace(", a::b::c: 4", ""));
  deepStrictEqual(plainValue(splitTopLevelKeys(root, 3)), { a: { b: { c: 1, d: 2 } }, e: { "f::g": 3 } });
  deepStrictEqual(plainValue(splitTopLevelKeys(parse("{a::b::c: 1}"), 2)), { "a::b::c": 1 });
});

Deno.test("splitTopLevelKeys() puts each key once or twice, however many there are", async (t) => {
  const count = 3_000;
  const numbers = Array.from({ length: count }, (_, index) => index);
  const texts = {
    "keys of their own": numbers.map((index) => `k${index}: 1`),
    "keys of one map": numbers.map((index) => `a::b::k${index}: 1`),
    "keys over a map that is there": [
      `a: {b: {${numbers.map((index) => `k${index}: 1`)}}}`,
      "a::b: {x: 1}",
      "a::b::y: 1",
    ],
  };
  for (const [name, lines] of Object.entries(texts)) {
    await t.step(name, () => {
      const root = parse(lines.join("\n"));
      const puts = putsOf(() => void splitTopLevelKeys(root, 100));
      ok(puts <= 8 * count, `${puts} puts of ${count} keys`);
    });
  }
});

Deno.test("mergeMaps() and splitTopLevelKeys() leave what they are given as it was", () => {
  const [earlier, later] = [parse("{a: {b: {c: 1}}, a::b::d: 2}"), parse("{a: {b: {e: 3}}}")];
  const before = structuredClone([earlier, later]);
  mergeMaps(splitTopLevelKeys(earlier, 100), later);
  mergeMaps(earlier, later);
  deepStrictEqual([earlier, later], before);
});

/** How many entries are put into maps meanwhile, those that a copy takes over included. */
function putsOf(run: () => void): number {
  const { set } = Map.prototype;
  let puts = 0;
  Map.prototype.set = function (key, value) {
    puts += 1;
    return set.call(this, key, value);
  };
  try {
    run();
  } finally {
    Map.prototype.set = set;
  }
  return puts;
}
