import { match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { diffLines, MAX_DIFFERENCES } from "../../../pipeline/core/text_diff.ts";

const cases: { name: string; before: string; after: string; want: string }[] = [
  { name: "the same", before: "a\nb", after: "a\nb", want: "" },
  { name: "a line changed", before: "a\nb\nc", after: "a\nB\nc", want: "@@ -1 +1 @@\n a\n-b\n+B\n c" },
  { name: "a line added at the end", before: "a", after: "a\nb", want: "@@ -1 +1 @@\n a\n+b" },
  { name: "a line taken from the beginning", before: "a\nb", after: "b", want: "@@ -1 +1 @@\n-a\n b" },
  {
    name: "far apart: two hunks",
    before: "a\n1\n2\n3\n4\n5\n6\n7\nz",
    after: "A\n1\n2\n3\n4\n5\n6\n7\nZ",
    want: "@@ -1 +1 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6 +6 @@\n 5\n 6\n 7\n-z\n+Z",
  },
];

Deno.test("diffLines()", async (t) => {
  for (const { name, before, after, want } of cases) {
    await t.step(name, () => strictEqual(diffLines(before, after), want));
  }

  await t.step("what differs too much is one replacement", () => {
    const lines = (mark: string, count: number) => Array.from({ length: count }, (_, i) => `${mark}${i}`).join("\n");
    const diff = diffLines(lines("a", MAX_DIFFERENCES), lines("b", MAX_DIFFERENCES));
    match(diff, /^@@ -1 \+1 @@\n-a0\n-a1\n/);
    strictEqual(diff.split("\n").length, 1 + 2 * MAX_DIFFERENCES);
  });

  await t.step("lines of both, in their order, and no more changes than needed", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 30 });
    fc.assert(fc.property(text, text, (before, after) => {
      const lines = diffLines(before.join("\n"), after.join("\n")).split("\n").filter((line) => !line.startsWith("@@"));
      const kept = new Set(["-", "+"]);
      const removed = lines.filter((line) => line.startsWith("-")).length;
      const added = lines.filter((line) => line.startsWith("+")).length;
      strictEqual(before.length - removed, after.length - added);
      strictEqual(lines.filter((line) => kept.has(line[0] ?? "")).length, removed + added);
      strictEqual(removed + added, before.length + after.length - 2 * longestCommon(before, after));
      ok(isSubsequence(lines.filter((line) => line[0] !== "+").map((line) => line.slice(1)), before));
      ok(isSubsequence(lines.filter((line) => line[0] !== "-").map((line) => line.slice(1)), after));
    }));
  });
});

function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const left of a) {
    const next = [0];
    b.forEach((right, i) => next.push(left === right ? row[i]! + 1 : Math.max(row[i + 1]!, next[i]!)));
    row = next;
  }
  return row[b.length]!;
}

/** Context between hunks is left out. */
function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const line of whole) if (part[at] === line) at++;
  return at === part.length || part.join() === "";
}
