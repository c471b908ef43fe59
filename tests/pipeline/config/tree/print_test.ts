/** What is printed reads back as the same tree. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { expandTree } from "../../../../pipeline/config/tree/expand.ts";
import { DEFAULT_TREE_LIMITS } from "../../../../pipeline/config/tree/node.ts";
import { printYaml } from "../../../../pipeline/config/tree/print.ts";
import { parseYaml } from "../../../../pipeline/config/tree/yaml.ts";
import { environmentOf } from "../support.ts";
import { plainValue } from "./plain_value.ts";

const parse = (text: string) => parseYaml(text, "f.yaml", DEFAULT_TREE_LIMITS);

Deno.test("printYaml() is block style, and plain where it may be", () => {
  const { node } = parse(
    "{a: {b: [1, {c: x, d: [y]}], e: {}}, f: [], g: 0123, h: '0123', i: null, j: 'a: b', k: http://h:1/p, l: ~, 'm n': 5s}",
  );
  strictEqual(
    printYaml(node),
    `a:
  b:
    - 1
    - c: x
      d:
        - y
  e: {}
f: []
g: 0123
h: "0123"
i: null
j: "a: b"
k: http://h:1/p
l: null
m n: 5s
`,
  );
  strictEqual(printYaml(parse("{}").node), "{}\n");
});

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("$", "{", "}", "a", ":", " ", "#", "-", "\n", "'", '"', "1", ".") }),
);

Deno.test("printYaml() reads back as the same tree", async () => {
  const tree = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, text, fc.double(), fc.boolean(), fc.constant(null), tie("list"), tie("map")),
    list: fc.array(tie("value"), { maxLength: 4 }),
    map: fc.dictionary(text.filter((key) => key !== ""), tie("value"), { maxKeys: 4 }),
  })).value;
  await fc.assert(
    fc.asyncProperty(tree, async (value) => {
      const { node } = parse(JSON.stringify(value).replaceAll("\u007f", "\\u007f"));
      const again = parse(printYaml(node));
      deepStrictEqual(again.problems, []);
      const expanded = await expandTree(again.node, environmentOf({}), DEFAULT_TREE_LIMITS);
      deepStrictEqual(plainValue(expanded.node), plainValue(node));
    }),
    { numRuns: 300 },
  );
});
