/** Paths of `--set`: keys with dots, and where one goes wrong. */

import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { ConfigError, formatProblem } from "../../../pipeline/config/problem.ts";
import { formatSetPath, readSetPath } from "../../../pipeline/config/set_path.ts";
import { loadConfig, parseSetSource } from "../../../pipeline/config/source.ts";
import { DEFAULT_TREE_LIMITS, nearestNode } from "../../../pipeline/config/tree/node.ts";
import { environmentOf } from "./support.ts";

const paths: { text: string; keys: string[] }[] = [
  { text: "a=", keys: ["a"] },
  { text: "processors.batch/x.timeout=2s", keys: ["processors", "batch/x", "timeout"] },
  { text: " a . b =1", keys: ["a", "b"] },
  { text: "processors::batch::timeout=2s", keys: ["processors", "batch", "timeout"] },
  { text: 'resource."service.name"=edge', keys: ["resource", "service.name"] },
  { text: "resource.'service.name'=edge", keys: ["resource", "service.name"] },
  { text: 'resource["service.name"]=edge', keys: ["resource", "service.name"] },
  { text: "resource['a.b'].c=1", keys: ["resource", "a.b", "c"] },
  { text: 'a["b"]["c"]=1', keys: ["a", "b", "c"] },
  { text: '"a.b"::c=1', keys: ["a.b", "c"] },
  { text: '"a.b" .c ["d"] =1', keys: ["a.b", "c", "d"] },
  { text: 'a."x=y"=1', keys: ["a", "x=y"] },
  { text: 'a."\\"\\\\"=1', keys: ["a", '"\\'] },
  { text: "a.'it''s'=1", keys: ["a", "it's"] },
  { text: "a.b:c.it's=1", keys: ["a", "b:c", "it's"] },
  { text: "é.\u{1f600}=1", keys: ["é", "\u{1f600}"] },
];

Deno.test("readSetPath()", async (t) => {
  for (const { text, keys } of paths) {
    await t.step(text, () => deepStrictEqual(readSetPath(text), { keys, end: text.lastIndexOf("=") }));
  }
});

const EMPTY = "has an empty key, wanted a name, or one in quotes";
const broken: { text: string; want: string }[] = [
  { text: "", want: "1: ends without a key, wanted key.key=value" },
  { text: "=1", want: `1: ${EMPTY}` },
  { text: "a", want: '2: ends without a value, wanted "=" and one, behind "a"' },
  { text: "a.", want: '3: ends without a key, wanted key.key=value, behind "a."' },
  { text: "a..b=s3cret", want: `3: ${EMPTY}, behind "a."` },
  { text: "a::::b=s3cret", want: `4: ${EMPTY}, behind "a::"` },
  {
    text: 'a."b=s3cret',
    want: '3: has a quote that is not closed, wanted another " at the end of the key, behind "a."',
  },
  {
    text: "a.'b''=s3cret",
    want: '3: has a quote that is not closed, wanted another \' at the end of the key, behind "a."',
  },
  { text: 'a.""=1', want: '3: has an empty key, wanted a name, behind "a."' },
  { text: 'a."b\\n"=1', want: '5: has a \\ before another character, wanted \\" or \\\\, behind "a.\\"b"' },
  { text: 'a."b"c=1', want: '6: goes on after a key, wanted ".", "[" or "=", behind "a.\\"b\\""' },
  { text: "a]=1", want: '2: goes on after a key, wanted ".", "[" or "=", behind "a"' },
  {
    text: "a[0]=1",
    want: '3: has no quoted key in its brackets, wanted ["key"]; a list is set as a whole: key=[a, b], behind "a["',
  },
  { text: 'a["b"=1', want: '6: has no end of its brackets, wanted "]", behind "a[\\"b\\""' },
];

Deno.test("parseSetSource() tells the column, and nothing of the value", async (t) => {
  for (const { text, want } of broken) {
    await t.step(JSON.stringify(text), () => {
      const [line] = problemsOf(() => parseSetSource(text));
      strictEqual(line, `--set:1:${want}`);
      strictEqual(line?.includes("s3cret"), false);
    });
  }
});

Deno.test("parseSetSource() takes so many keys", () => {
  const keys = (count: number) => `${Array(count).fill("a").join(".")}=1`;
  const { maxDepth } = DEFAULT_TREE_LIMITS;
  strictEqual(parseSetSource(keys(maxDepth)).kind, "set");
  deepStrictEqual(problemsOf(() => parseSetSource(keys(maxDepth + 1))), [
    `--set:1:1: has ${maxDepth + 1} keys, wanted ${maxDepth} at the most`,
  ]);
});

Deno.test("formatSetPath() is read as what it was made of, whatever the keys", () => {
  const key = fc.string({ unit: fc.constantFrom("a", ".", ":", "=", "[", "]", "'", " ", "é"), minLength: 1 });
  fc.assert(fc.property(fc.array(key, { minLength: 1 }), (keys) => {
    deepStrictEqual(readSetPath(`${formatSetPath(keys)}=x`).keys, keys);
  }));
});

Deno.test("a value that is set has its path for a place", async () => {
  const set = parseSetSource('service.telemetry.resource["service.name"]=edge');
  const { tree } = await loadConfig([{ kind: "text", name: "f", text: "service:" }, set], environmentOf({}));
  const node = nearestNode(tree, ["service", "telemetry", "resource", "service.name"]);
  deepStrictEqual(node, {
    kind: "scalar",
    place: { file: '--set service.telemetry.resource."service.name"', line: 1, column: 1 },
    value: "edge",
    text: "edge",
  });
});

function problemsOf(run: () => unknown): readonly string[] {
  let found: readonly string[] = [];
  throws(run, (thrown) => {
    if (thrown instanceof ConfigError) found = thrown.problems.map(formatProblem);
    return thrown instanceof ConfigError;
  });
  return found;
}
