/**
 * The command line: which commands there are.
 *
 * They load what they need when they run, so that the process of a gateway holds nothing else.
 *
 * @module
 */

import { Command, CommanderError } from "commander";
import manifest from "../deno.json" with { type: "json" };
import { addTopCommand, createAdminCommand } from "./admin.ts";
import { createControllerCommand } from "./controller.ts";
import { forgetEmptyVariable } from "../pipeline/config/environment.ts";
import { explainFailure, writeLine } from "../gateway/console.ts";
import { addGatewayCommand, addInspectCommands } from "./gateway.ts";
import { createOttlCommand } from "./ottl.ts";

/** The exit code for a command line that cannot be understood. */
const EXIT_USAGE = 2;

/**
 * Runs a command line.
 *
 * @returns The exit code.
 */
export async function runCommand(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = createProgram((result) => code = result);
  try {
    forgetEmptyVariables(program);
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_USAGE; // it has told why
    writeLine(Deno.stderr, explainFailure(thrown));
    return 1;
  }
}

/** What an option is called in the environment may be there and empty. */
function forgetEmptyVariables(command: Command): void {
  for (const { envVar } of command.options) {
    if (envVar !== undefined) forgetEmptyVariable(envVar);
  }
  command.commands.forEach(forgetEmptyVariables);
}

/** Every command with its options: what runs, and what docs/commands.md is written from. */
export function createProgram(done: (code: number) => void): Command {
  const program = new Command("sluice")
    .description("Observability gateway: takes OTLP over HTTP, runs it through pipelines, delivers it.")
    .version(manifest.version)
    .exitOverride();

  addGatewayCommand(program, done);
  addInspectCommands(program, done);
  program.addCommand(createOttlCommand(done));
  program.addCommand(createAdminCommand(done));
  program.addCommand(createControllerCommand(done));
  addTopCommand(program, done);
  return program;
}
