/**
 * The line that closes a test run.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import { checkArguments, closingLine, readCounts, streamAndKeepTail, testArguments } from "./run.ts";

const cases: { name: string; output: string; want: ReturnType<typeof readCounts> }[] = [
  {
    name: "tests alone",
    output: "\nok | 3 passed | 0 failed (12ms)\n",
    want: { passed: 3, failed: 0, skipped: 0 },
  },
  {
    name: "steps count as tests do",
    output: "\nFAILED | 1 passed (1 step) | 2 failed (3 steps) | 4 ignored (5 steps) (1m2s)\n",
    want: { passed: 2, failed: 5, skipped: 9 },
  },
  {
    name: "filtered",
    output: "ok | 1 passed | 0 failed | 9 filtered out (8ms)\n",
    want: { passed: 1, failed: 0, skipped: 0 },
  },
  {
    name: "the last summary counts, since a test may print one",
    output: "ok | 9 passed | 0 failed (1s)\nok | 2 passed | 0 failed (1s)\n",
    want: { passed: 2, failed: 0, skipped: 0 },
  },
  { name: "a module that is not there has none", output: "error: Module not found.\n", want: undefined },
];

Deno.test("readCounts()", async (t) => {
  for (const { name, output, want } of cases) {
    await t.step(name, () => deepStrictEqual(readCounts(output), want));
  }
});

Deno.test("types are checked once, of what runs, before it runs", async (t) => {
  const cases = [
    { name: "all", args: [], check: ["check", "."], runs: ["--parallel", "tests/"] },
    { name: "all, with an option", args: ["--filter", "x"], check: ["check", "."], runs: ["--parallel", "tests/"] },
    { name: "a path", args: ["./tests/e2e", "--trace-leaks"], check: ["check", "./tests/e2e"], runs: ["./tests/e2e"] },
    { name: "left out", args: ["--no-check", "tests/e2e"], check: undefined, runs: ["tests/e2e"] },
  ];
  for (const { name, args, check, runs } of cases) {
    await t.step(name, () => {
      deepStrictEqual(checkArguments(args), check);
      const made = testArguments(args);
      strictEqual(made.filter((argument) => argument === "--no-check").length, 1);
      deepStrictEqual(made.filter((argument) => /^--parallel|^\.?\/?tests/.test(argument)), runs);
    });
  }
});

Deno.test("closingLine()", () => {
  strictEqual(closingLine({ passed: 2, failed: 0, skipped: 0 }), "2 passed, 0 failed");
  strictEqual(closingLine({ passed: 2, failed: 1, skipped: 3 }), "2 passed, 1 failed, 3 skipped");
});

Deno.test("streamAndKeepTail() tells of a run that has fallen silent, and of no other", async (t) => {
  for (const isSilent of [true, false]) {
    await t.step(isSilent ? "silent" : "ended", async () => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      const told = Promise.withResolvers<void>();
      const quietLimitMs = isSilent ? 1 : 60_000;
      const options = { maxTailChars: 3, quietLimitMs, onQuiet: told.resolve, print: () => Promise.resolve() };
      const tail = streamAndKeepTail(readable, options);
      await writer.write(new TextEncoder().encode("one two"));
      if (isSilent) await told.promise;
      await writer.close();
      strictEqual(await tail, "two");
    });
  }
});
