/** Sources: what the command line takes, how several become one, and where their problems are. */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { resolve } from "node:path";
import { processEnvironment, UnreadableFileError } from "../../../pipeline/config/environment.ts";
import { ConfigError, formatProblem } from "../../../pipeline/config/problem.ts";
import { type ConfigSource, loadConfig, parseConfigSource, parseSetSource } from "../../../pipeline/config/source.ts";
import { nearestNode } from "../../../pipeline/config/tree/node.ts";
import { allProblems, environmentOf, load } from "./support.ts";
import { plainValue } from "./tree/plain_value.ts";

const sources: { argument: string; want: ConfigSource }[] = [
  { argument: "gateway.yaml", want: { kind: "file", path: "gateway.yaml" } },
  { argument: "./a:b.yaml", want: { kind: "file", path: "./a:b.yaml" } },
  { argument: "C:\\gateway.yaml", want: { kind: "file", path: "C:\\gateway.yaml" } },
  { argument: "file:/etc/gateway.yaml", want: { kind: "file", path: "/etc/gateway.yaml" } },
  { argument: "env:CONFIG", want: { kind: "env", name: "CONFIG" } },
  { argument: "yaml:a::b: 1", want: { kind: "text", name: "yaml:", text: "a::b: 1" } },
];

Deno.test("parseConfigSource()", async (t) => {
  for (const { argument, want } of sources) {
    await t.step(argument, () => deepStrictEqual(parseConfigSource(argument), want));
  }
  for (const argument of ["http://h/c.yaml", "https://h/c.yaml", "s3:x"]) {
    await t.step(argument, () => throws(() => parseConfigSource(argument), ConfigError));
  }
});

Deno.test("parseSetSource()", async (t) => {
  deepStrictEqual(parseSetSource("a.b/x.c=d=e"), { kind: "set", path: ["a", "b/x", "c"], text: "d=e" });
  deepStrictEqual(parseSetSource("a="), { kind: "set", path: ["a"], text: "" });
  for (const argument of ["a", "", "=1", "a..b=1", `${"a.".repeat(100)}a=1`]) {
    await t.step(argument.slice(0, 20), () => throws(() => parseSetSource(argument), ConfigError));
  }
});

const files = {
  "a.yaml": "processors: {batch: {timeout: 1s, x: [1, 2]}, old: }\nservice: {}",
  "b.yaml": "processors: {batch: {x: [3]}}",
};

const merges: { name: string; arguments: string[]; set?: string[]; want: unknown }[] = [
  {
    name: "several, the last wins",
    arguments: ["a.yaml", "b.yaml"],
    want: { processors: { batch: { timeout: "1s", x: [3] }, old: null }, service: {} },
  },
  {
    name: "yaml: with a path",
    arguments: ["b.yaml", "yaml:processors::batch::timeout: 2s"],
    want: { processors: { batch: { x: [3], timeout: "2s" } } },
  },
  { name: "env:", arguments: ["b.yaml", "env:EXTRA"], want: { processors: null } },
  {
    name: "--set",
    arguments: ["b.yaml"],
    set: ["processors.batch.timeout=${env:WAIT}", "processors.batch.x=[4, 5]", "service.on=true"],
    want: { processors: { batch: { x: [4, 5], timeout: "3s" } }, service: { on: true } },
  },
  { name: "nothing", arguments: [], want: {} },
];

Deno.test("loadConfig() merges and expands", async (t) => {
  const environment = environmentOf({ EXTRA: "processors:", WAIT: "3s" }, files);
  for (const { name, arguments: configs, set = [], want } of merges) {
    await t.step(name, async () => {
      const resolved = await loadConfig([...configs.map(parseConfigSource), ...set.map(parseSetSource)], environment);
      deepStrictEqual(resolved.problems, []);
      ok(resolved.complete);
      deepStrictEqual(plainValue(resolved.tree), want);
    });
  }
});

Deno.test("loadConfig() keeps places through merging, expansion and postMessage", async () => {
  const environment = environmentOf({ T: "5s" }, {
    "a.yaml": "x:\n  y: 1\n",
    "b.yaml": "\n\nx:\n  z: ${env:T}\n",
  });
  const resolved = await loadConfig([
    { kind: "file", path: "a.yaml" },
    { kind: "file", path: "b.yaml" },
    { kind: "set", path: ["x", "w"], text: "1" },
  ], environment);
  const copy = structuredClone(resolved);
  deepStrictEqual(copy, resolved);
  deepStrictEqual(nearestNode(copy.tree, ["x", "y"]).place, { file: "a.yaml", line: 2, column: 6 });
  deepStrictEqual(nearestNode(copy.tree, ["x", "z"]).place, { file: "b.yaml", line: 4, column: 6 });
  deepStrictEqual(nearestNode(copy.tree, ["x", "w"]).place, { file: "--set x.w", line: 1, column: 1 });
});

Deno.test("loadConfig() reports every source that cannot be read, and nothing that follows from it", async () => {
  const resolved = await loadConfig([
    { kind: "file", path: "none.yaml" },
    { kind: "env", name: "NONE" },
    { kind: "text", name: "yaml:", text: "a: [" },
    { kind: "text", name: "list", text: "[]" },
  ], environmentOf({}));
  strictEqual(resolved.complete, false);
  deepStrictEqual(
    allProblems(resolved).map(formatProblem),
    [
      "none.yaml: cannot be read: no such file",
      "env:NONE: warning: is not set: it is empty",
      "yaml:1:5: is not YAML: flow sequence in block collection must be sufficiently indented and end with a ]",
      "list:1:1: is no map, wanted one with receivers, exporters and service",
    ].map((line) => line.replace("yaml:1:5", "yaml::1:5")),
  );
});

Deno.test("a configuration past the number of values is that problem only", async () => {
  const limits = { maxSourceBytes: 1000, maxNodes: 3, maxDepth: 10, maxExpansions: 10 };
  const resolved = await loadConfig(
    [{ kind: "text", name: "a", text: "{a: 1, b: 2}" }, {
      kind: "text",
      name: "b",
      text: "{c: 3}",
    }],
    environmentOf({}),
    limits,
  );
  deepStrictEqual(resolved.problems.map(formatProblem), ["b:1:5: c: is past 3 values in all"]);
});

Deno.test("processEnvironment reads the process's own variables and files", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "\ufeffa: é");
    strictEqual(await processEnvironment.readFile(path), "a: é");
    strictEqual(processEnvironment.env("SLUICE_IS_NOT_SET"), undefined);
    await Deno.writeFile(path, new Uint8Array([0xff, 0xfe]));
    await rejects(processEnvironment.readFile(path), UnreadableFileError);
  } finally {
    await Deno.remove(path);
  }
  const message = `there is no file ${resolve("none.yaml")}`;
  await rejects(processEnvironment.readFile("none.yaml"), { name: "UnreadableFileError", message });
});

Deno.test("only a descriptor that the process was given may be a device", {
  ignore: Deno.build.os !== "linux",
}, async (t) => {
  await t.step("a device by its name", async () => {
    const message = "/dev/zero is a device, wanted a regular file";
    await rejects(processEnvironment.readFile("/dev/zero"), { name: "UnreadableFileError", message });
  });
  for (const folder of ["/dev/fd", "/proc/self/fd"]) {
    await t.step(`one below ${folder}, to the bound`, async () => {
      const out = await runScript(
        ["-A"],
        `import { openSync } from "node:fs";
        import { processEnvironment } from ${ENVIRONMENT};
        const [zero, end] = [openSync("/dev/zero", "r"), openSync("/dev/null", "r")];
        console.log(JSON.stringify(await processEnvironment.readFile("${folder}/" + end)));
        console.log(await processEnvironment.readFile("${folder}/" + zero).catch((error) => error.message));`,
      );
      strictEqual(out, '""\nlarger than 4194304 bytes');
    });
  }
});

Deno.test("a file that the process may not read names the permission that it lacks", async () => {
  for (const [path, permission] of [["/etc/passwd", "--allow-read"], ["/dev/fd/0", "--allow-all"]]) {
    const out = await runScript(
      permission === "--allow-all" ? ["--allow-read"] : [],
      `import { whyUnreadableFile } from ${ENVIRONMENT};
      console.log(whyUnreadableFile("${path}"));`,
    );
    strictEqual(out, `the process may not read ${path} (${permission})`);
  }
});

const ENVIRONMENT = JSON.stringify(import.meta.resolve("../../../pipeline/config/environment.ts"));

/** What a program prints that has other permissions than the tests. */
async function runScript(permissions: readonly string[], script: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--ext=ts", ...permissions, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("a text source is the file of its problems", async () => {
  const [problem] = allProblems(await load("nope: 1"));
  deepStrictEqual([problem?.file, problem?.line, problem?.column, problem?.path, problem?.severity], [
    "gateway.yaml",
    1,
    1,
    "nope",
    "error",
  ]);
});
