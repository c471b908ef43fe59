/** The reference of the command line is what the commands say. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createProgram } from "../../commands/program.ts";
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
