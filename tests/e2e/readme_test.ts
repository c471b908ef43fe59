/**
 * The README's first request, word for word, against the gateway as it starts without a configuration.
 *
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { freePort, startGateway } from "../support/gateway_process.ts";
import { missingProgram, skipWithout } from "../support/real_parts.ts";

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
const missing = await missingProgram("bash", "curl");

/** The first shell block with a curl in it. */
function firstRequest(): string {
  const blocks = Array.from(README.matchAll(/```sh\n([\s\S]*?)```/g), ([, text = ""]) => text);
  const block = blocks.find((text) => text.includes("curl"));
  ok(block, "the README shows a first request");
  return block;
}

/** The README's gateway has a worker a core, so its line names one. */
function shownLogLine(): string {
  return (/```text\n(.*\tTraces\t.*)\n```/.exec(README)?.[1] ?? "").replace('"thread":"worker-1",', "");
}

const withoutTime = (line: string) => line.replace(/^[\d-]+T[\d:.]+Z/, "");

Deno.test({ name: "the README's first request", ignore: skipWithout("curl", missing) }, async () => {
  const directory = Deno.makeTempDirSync({ prefix: "sluice-readme-" });
  const port = freePort();
  await using gateway = await startGateway(undefined, {
    cwd: directory,
    args: [
      "--set",
      `receivers.otlp.protocols.http.endpoint=127.0.0.1:${port}`,
      "--set",
      `extensions.health_check.endpoint=127.0.0.1:${freePort()}`,
    ],
  });
  const { stdout, stderr, success } = await new Deno.Command("bash", {
    args: ["-ec", firstRequest().replaceAll("localhost:4318", `127.0.0.1:${port}`)],
    cwd: directory,
  }).output();
  ok(success, new TextDecoder().decode(stderr));
  match(new TextDecoder().decode(stdout), /HTTP\/1\.1 200/);
  const line = Deno.readTextFileSync(`${directory}/data/otlp.jsonl`).trimEnd();
  const told = /```json\n([\s\S]*?)```/.exec(README)?.[1] ?? "";
  deepStrictEqual(JSON.parse(line), JSON.parse(told));
  strictEqual(withoutTime(await gateway.waitForLine("\tTraces\t")), withoutTime(shownLogLine()));
  strictEqual((await gateway.stop()).code, 0);
  Deno.removeSync(directory, { recursive: true });
});

Deno.test("the README's commands are tasks that exist", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("../../deno.json", import.meta.url))) as {
    tasks: Record<string, string>;
  };
  const named = Array.from(README.matchAll(/deno@[\d.]+ task ([\w-]+)/g), ([, name = ""]) => name);
  ok(named.length > 0);
  for (const name of named) ok(tasks[name], name);
});

Deno.test("the README's table names every package, with its version", () => {
  const { imports } = JSON.parse(Deno.readTextFileSync(new URL("../../deno.json", import.meta.url))) as {
    imports: Record<string, string>;
  };
  const rows = README.split("\n").filter((line) => line.startsWith("| `"));
  for (const source of Object.values(imports)) {
    const [, name = "", version = ""] = /^npm:\/?((?:@[^/]+\/)?[^/@]+)@([\d.]+)/.exec(source) ?? [];
    if (name.startsWith("@opentelemetry/")) continue; // One row for the family.
    ok(rows.some((row) => row.includes(`\`${name}\``) && row.includes(version)), `${name} ${version}`);
  }
});

Deno.test("the README's links lead somewhere", () => {
  for (const [, target = ""] of README.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
    ok(Deno.statSync(new URL(`../../${target}`, import.meta.url)), target);
  }
});
