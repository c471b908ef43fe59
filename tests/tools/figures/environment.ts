/**
 * Where figures come from: the state of the code and the machine.
 *
 * @module
 */

import { peerBinary } from "../../support/peers.ts";
import type { Environment } from "./results.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** What is not measured: a change of it leaves figures valid. */
const NOT_MEASURED = [":!*.md", ":!docs", ":!.ci", ":!deploy", ":!tests/tools", ":(exclude,glob)tests/**/*_test.ts"];

/** The last commit that changed what is measured, with `-dirty` when the tree has changes of it that are not committed. */
export async function measuredCommit(): Promise<string> {
  const commit = await outputOf("git", "log", "-1", "--format=%h", "--abbrev=7", "--", ".", ...NOT_MEASURED);
  const changes = await outputOf("git", "status", "--porcelain", "--untracked-files=no", "--", ".", ...NOT_MEASURED);
  return changes === "" ? commit : `${commit}-dirty`;
}

export async function environmentNow(): Promise<Environment> {
  const [, cpu = "unknown"] = /^model name\s*: (.*)$/m.exec(await Deno.readTextFile("/proc/cpuinfo")) ?? [];
  const version = await outputOf(await peerBinary("otelcol"), "--version");
  return {
    date: new Date().toISOString().slice(0, "2026-01-01".length),
    cores: navigator.hardwareConcurrency,
    cpu,
    kernel: Deno.osRelease(),
    deno: Deno.version.deno,
    collector: version.split(" ").at(-1) ?? "unknown",
  };
}

async function outputOf(program: string, ...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(program, { args, cwd: ROOT, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot tell what is measured: ${program} ${args[0]} failed, wanted it to run`);
  return new TextDecoder().decode(stdout).trim();
}
