/**
 * `sluice ottl`: OTTL without a gateway.
 *
 * @module
 */

import { Command, InvalidArgumentError, Option } from "commander";
import { writeLine } from "../gateway/console.ts";
import type { CheckFlags } from "../gateway/ottl/check.ts";
import type { ExplainFlags } from "../gateway/ottl/explain.ts";
import type { RunFlags } from "../gateway/ottl/run.ts";
import { SIGNAL_NAMES } from "../pipeline/otlp/signals.ts";
import { configOption, parseItemNumber, setOption, textsOption } from "./options.ts";

export function createOttlCommand(done: (code: number) => void): Command {
  const ottl = new Command("ottl").description("try OTTL without a gateway").exitOverride();

  withInput(withTexts(ottl.command("run")))
    .description("run statements over OTLP/JSON: prints what comes out, and on standard error what changed")
    .addOption(
      new Option("--error-mode <mode>", "what an error does").choices(["propagate", "ignore", "silent"])
        .default("propagate"),
    )
    .action(async (file: string | undefined, flags: RunFlags) => {
      const { runStatements } = await import("../gateway/ottl/run.ts");
      done(await runStatements({ ...flags, file }));
    });

  withTexts(ottl.command("check"))
    .description(
      "tell every problem of statements and conditions with its place, and what can never work; exit code 1 when they " +
        "do not load",
    )
    .option("--strict", "exit code 1 for warnings too", false)
    .action(async (file: string | undefined, flags: CheckFlags) => {
      const { checkTexts } = await import("../gateway/ottl/check.ts");
      done(await checkTexts({ ...flags, file }));
    });

  withInput(withTexts(ottl.command("explain")))
    .description("for one item of OTLP/JSON: what each statement read, matched and changed, and how long it took")
    .addOption(
      new Option("--item <number>", "which item of the context, from 1").argParser(parseItemNumber).default(1),
    )
    .action(async (file: string | undefined, flags: ExplainFlags) => {
      const { explainStatements } = await import("../gateway/ottl/explain.ts");
      done(await explainStatements({ ...flags, file }));
    });

  ottl.command("functions").description("print the table of functions (Markdown)").action(async () => {
    const { functionReference } = await import("../gateway/ottl/reference.ts");
    writeLine(Deno.stdout, functionReference());
  });

  ottl.command("paths").description("print the tables of paths and symbols by context (Markdown)").action(async () => {
    const { pathReference } = await import("../gateway/ottl/reference.ts");
    writeLine(Deno.stdout, pathReference());
  });
  return ottl;
}

/** Statements, and what they are for. */
function withTexts(command: Command): Command {
  return command
    .argument(
      "[file]",
      "statements, one a line; lines that begin with a space go on, lines that begin with # do not count",
    )
    .addOption(textsOption("statement", "a statement, or condition > editor(…)"))
    .addOption(textsOption("condition", "a condition, of which one must hold for the statements to run"))
    .addOption(new Option("--signal <signal>", "else the input or the context tells").choices([...SIGNAL_NAMES]))
    .option("--context <name>", "of the items, such as span; else the paths tell")
    .addOption(textsOption("feature-gates", "an OTTL feature gate to turn on"))
    .addOption(configOption().default([], "none"))
    .addOption(setOption().default([], "none"))
    .option(
      "--component <id>",
      "of the configuration: run the texts of this transform, filter or routing, like filter/x",
    );
}

function withInput(command: Command): Command {
  return command
    .option("--input <file>", "OTLP/JSON, a document or a request a line, or - for standard input", "-")
    .addOption(
      new Option("--metadata <key=value>", "what otelcol.client.metadata has; repeatable")
        .argParser((pair, before: readonly (readonly [string, string])[]) => [...before, parsePair(pair)])
        .default([], "none"),
    );
}

function parsePair(argument: string): readonly [string, string] {
  const at = argument.indexOf("=");
  if (at > 0) return [argument.slice(0, at), argument.slice(at + 1)];
  throw new InvalidArgumentError("Wanted key=value.");
}
