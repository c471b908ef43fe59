import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  children,
  type ConfigNode,
  nearestNode,
  type NodePath,
  toPlain,
} from "../../../../pipeline/config/tree/node.ts";
import { pruned } from "../../../../pipeline/config/tree/prune.ts";

const PLACE = { file: "f", line: 1, column: 1 };

function treeOf(plain: unknown): ConfigNode {
  if (Array.isArray(plain)) return { kind: "list", place: PLACE, items: plain.map(treeOf) };
  if (plain instanceof Object) {
    const entries = Object.entries(plain).map(([key, value]) =>
      [key, { keyPlace: PLACE, node: treeOf(value) }] as const
    );
    return { kind: "map", place: PLACE, entries: new Map(entries) };
  }
  return { kind: "scalar", place: PLACE, value: String(plain), text: String(plain) };
}

/** Every path of a tree, with what stands there. */
function* pathsOf(node: ConfigNode, above: NodePath = []): Generator<readonly [NodePath, ConfigNode]> {
  yield [above, node];
  for (const [key, child] of children(node)) yield* pathsOf(child, [...above, key]);
}

const cases: { name: string; paths: NodePath[]; want: unknown }[] = [
  { name: "nothing", paths: [], want: { a: { b: "1" }, list: ["x", "y", { z: "2" }] } },
  { name: "a key", paths: [["a", "b"]], want: { a: {}, list: ["x", "y", { z: "2" }] } },
  {
    name: "items, and a key below another",
    paths: [["list", 0], ["list", 2, "z"]],
    want: { a: { b: "1" }, list: ["y", {}] },
  },
  { name: "what stands above one that is not there", paths: [["a", "c", "d"]], want: { list: ["x", "y", { z: "2" }] } },
  { name: "all of it", paths: [[]], want: undefined },
  { name: "all, since there is nothing below", paths: [["absent"]], want: undefined },
];

Deno.test("pruned()", async (t) => {
  const tree = treeOf({ a: { b: 1 }, list: ["x", "y", { z: 2 }] });
  for (const { name, paths, want } of cases) {
    await t.step(name, () => {
      const rest = pruned(tree, paths);
      deepStrictEqual(rest && toPlain(rest.node), want);
    });
  }

  await t.step("tells where an item was", () => {
    const rest = pruned(tree, [["list", 0]]);
    deepStrictEqual(rest?.pathInWhole(["list", 1, "z"]), ["list", 2, "z"]);
    deepStrictEqual(rest?.pathInWhole(["list", 9, "absent"]), ["list", 9, "absent"]);
  });
});

Deno.test("what is left by pruned() stands in the whole at the path that it tells", () => {
  const { plain } = fc.letrec<{ plain: unknown }>((tie) => ({
    plain: fc.oneof(
      { maxDepth: 4 },
      fc.nat({ max: 9 }),
      fc.array(tie("plain"), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom("a", "b", "c"), tie("plain"), { noNullPrototype: true }),
    ),
  }));
  fc.assert(fc.property(plain, fc.array(fc.nat()), (given, picks) => {
    const tree = treeOf(given);
    const all = [...pathsOf(tree)];
    const rest = pruned(tree, picks.map((pick) => all[pick % all.length]![0]));
    if (rest === undefined) return;
    for (const [path, node] of pathsOf(rest.node)) {
      const found = nearestNode(tree, rest.pathInWhole(path));
      strictEqual(found.kind, node.kind);
      if (node.kind === "scalar") strictEqual(found, node);
    }
  }));
});
