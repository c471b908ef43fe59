/** `ottl run`, `check`, `explain`, `functions` and `paths` as people run them. */

import { deepStrictEqual, match, strictEqual } from "node:assert";
import { runMain } from "../support/gateway_process.ts";
import { SPANS } from "../gateway/ottl/support.ts";

Deno.test("ottl", async (t) => {
  const folder = await Deno.makeTempDir();
  const input = `${folder}/spans.json`;
  const statements = `${folder}/statements.ottl`;
  await Deno.writeTextFile(input, JSON.stringify(SPANS));

  await t.step("run: OTLP/JSON out, and what changed", async () => {
    await Deno.writeTextFile(statements, 'set(span.name, "one")\n  where span.kind == SPAN_KIND_SERVER\n');
    const { code, stdout, stderr } = await runMain(["ottl", "run", "--input", input, statements]);
    deepStrictEqual({ code, stderr }, {
      code: 0,
      stderr: '~ resourceSpans[0].scopeSpans[0].spans[0].name = "op1" -> "one"\n',
    });
    const [first, second] = JSON.parse(stdout).resourceSpans[0].scopeSpans[0].spans;
    deepStrictEqual([first.name, second.name], ["one", "op2"]);
  });

  await t.step("check: every problem with its file, line and column", async () => {
    await Deno.writeTextFile(statements, '# none\nset(span.nam, 1)\nset(span.name,\n  concat([], ""))\nset(\n');
    const { code, stdout, stderr } = await runMain(["ottl", "check", statements]);
    deepStrictEqual({ code, stdout }, { code: 1, stdout: "" });
    const places = stderr.split("\n").filter((line) => line.startsWith(statements));
    deepStrictEqual(places.map((line) => line.slice(statements.length).split(" ")[0]), [":4:3:", ":5:5:"]);
  });

  await t.step("check: the problem is that of the signal whose paths are named", async () => {
    const { code, stderr } = await runMain(["ottl", "check", "--statement", "set(log.boddy, 1)"]);
    strictEqual(code, 1);
    match(stderr, /^--statement:1:\d+: .*boddy/);
  });

  await t.step("check: what loads", async () => {
    const args = ["--signal", "logs", "--context", "log", "--statement", "set(severity_number, SEVERITY_NUMBER_INFO)"];
    const { code, stdout } = await runMain(["ottl", "check", ...args]);
    deepStrictEqual({ code, stdout }, { code: 0, stdout: "valid: 1 statement for the context log of logs\n" });
  });

  await t.step("explain", async () => {
    const args = ["--input", input, "--item", "2", "--statement", 'span.name == "op2" > set(span.name, "two")'];
    const { code, stdout } = await runMain(["ottl", "explain", ...args]);
    strictEqual(code, 0);
    match(stdout, /^item 2 of 2, context span\n\nspan\.name == "op2" > /);
    match(stdout, /changed {2}~ resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[1\]\.name = "op2" -> "two"\n/);
  });

  await t.step("functions and paths", async () => {
    const [functions, paths] = await Promise.all([runMain(["ottl", "functions"]), runMain(["ottl", "paths"])]);
    match(functions.stdout, /^### Editors\n/);
    match(paths.stdout, /\| `span\.attributes\[…\]` \| map \|/);
  });

  await t.step("nothing to do", async () => {
    const { code, stderr } = await runMain(["ottl", "check"]);
    strictEqual(code, 1);
    match(stderr, /there are no statements, wanted a file of them or --statement/);
  });
  await Deno.remove(folder, { recursive: true });
});
