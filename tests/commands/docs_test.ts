/** The reference of the command line is what the commands say. */

import type { Command } from "commander";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createProgram } from "../../commands/program.ts";
import { readSetPath } from "../../pipeline/config/set_path.ts";
import { allCommands, commandReference } from "../tools/references/commands.ts";
import { COMMANDS_DOCS, withCommandReference } from "../tools/write_docs.ts";

Deno.test("docs/commands.md is up to date: `deno task docs` writes it", async () => {
  const text = await Deno.readTextFile(COMMANDS_DOCS);
  ok(text === withCommandReference(text), "docs/commands.md is older than the commands");
});

Deno.test("every command says what it does, every option what it means", () => {
  const commands = allCommands(createProgram(() => {}));
  ok(commands.length > 40, `${commands.length} commands`);
  deepStrictEqual(commands.filter(({ command }) => command.description() === "").map(({ path }) => path), []);
  const silent = commands.flatMap(({ path, command }) =>
    command.options.filter(({ description }) => description === "").map(({ flags }) => `${path} ${flags}`)
  );
  deepStrictEqual(silent, []);
});

Deno.test("commandReference() has defaults, variables and words", () => {
  const reference = commandReference(createProgram(() => {}));
  match(reference, /\| `--drain-timeout <duration>` \| 30s \| `SLUICE_DRAIN_TIMEOUT` \|/);
  match(reference, /\| `--state-dir <directory>` \| required \| `SLUICE_CONTROLLER_STATE_DIR` \|/);
  match(reference, /`sluice admin tenants set \[options\] <id> <settings\.\.\.>`/);
});

/** The table by hand stands for variables that no option has. */
Deno.test("docs/commands.md has every variable that the program reads by itself", async () => {
  const text = await Deno.readTextFile(COMMANDS_DOCS);
  const sources = [
    "gateway/admin/cli/run.ts",
    "controller/cli/run.ts",
    "deploy/deno_deploy.ts",
    "gateway/fetch_gateway.ts",
  ];
  const read = await Promise.all(
    sources.map((path) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url))),
  );
  const names = new Set(read.join("\n").match(/\b(?:SLUICE|UPSTREAM)_[A-Z_]*[A-Z]\b/g));
  ok(names.size > 2);
  for (const name of names) strictEqual(text.includes(`\`${name}\``), true, name);
});

Deno.test("docs/commands.md: each --set sets what stands beside it", async () => {
  const text = await Deno.readTextFile(COMMANDS_DOCS);
  const [, table = ""] = /## Values on the command line([\s\S]*?)\n## /.exec(text) ?? [];
  const rows = [...table.matchAll(/^\| (`--set.*) \| .*?`([^`]+)`.* \|$/gm)];
  strictEqual(rows.length, 3);
  for (const [, cell = "", wanted] of rows) {
    for (const [, argument = ""] of cell.matchAll(/`--set '?([^`]*?)'?`/g)) {
      ok(readSetPath(argument).keys.includes(wanted ?? ""), argument);
    }
  }
});

Deno.test("commands that the pages name are there", async () => {
  const groups = new Set(groupPaths(createProgram(() => {})));
  const unknown: string[] = [];
  let found = 0;
  for await (const { name } of Deno.readDir(new URL("../../docs/", import.meta.url))) {
    if (!name.endsWith(".md") || name === "commands.md") continue;
    const text = await Deno.readTextFile(new URL(`../../docs/${name}`, import.meta.url));
    for (const [, words = ""] of text.matchAll(/(?:^|`)\$?\(?sluice ((?:[a-z][a-z-]*(?: (?=[a-z])|(?=[ `\n])))+)/gm)) {
      found++;
      if (!isCommand(words.trim().split(" "), groups)) unknown.push(`${name}: sluice ${words.trim()}`);
    }
  }
  ok(found > 30, `${found} commands in the pages`);
  deepStrictEqual(unknown, []);
});

/** Paths of all commands, those that only group others too. */
function groupPaths(command: Command, before = ""): readonly string[] {
  const path = `${before} ${command.name()}`.trim();
  return [path, ...command.commands.flatMap((each) => groupPaths(each, path))];
}

/** Whether words begin with a command; behind one that groups no others they are its arguments. */
function isCommand(words: readonly string[], paths: ReadonlySet<string>): boolean {
  let path = "sluice";
  for (const word of words) {
    const hasBelow = [...paths].some((each) => each.startsWith(`${path} `));
    if (!hasBelow) return true;
    if (!paths.has(`${path} ${word}`)) return false;
    path = `${path} ${word}`;
  }
  return true;
}
