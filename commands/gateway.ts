/**
 * `sluice gateway`: runs it; and what looks at a configuration without running it.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import manifest from "../deno.json" with { type: "json" };
import { DEFAULT_DRAIN_TIMEOUT_MS, DEFAULT_HEALTH_WINDOW_MS, MAX_WORKERS } from "../gateway/limits.ts";
import { suggestion } from "../pipeline/config/suggest.ts";
import { parseDuration, type SourceFlags, withSources } from "./options.ts";

interface GatewayFlags extends SourceFlags {
  readonly workers: number;
  /** Milliseconds. */
  readonly drainTimeout: number;
  readonly watch: boolean;
  /** Milliseconds. */
  readonly healthWindow: number;
  readonly stateDir?: string;
  readonly useLastGood: boolean;
  readonly adminListen?: string;
  readonly adminTokens?: string;
  readonly adminTlsCert?: string;
  readonly adminTlsKey?: string;
}

export function addGatewayCommand(program: Command, done: (code: number) => void): void {
  withSources(program.command("gateway", { isDefault: true }))
    .description("run the gateway (the default)")
    .addOption(workersOption())
    .addOption(drainTimeoutOption())
    .option("--watch", "go over to the configuration when its files change (SIGHUP does so at any time)", false)
    .addOption(healthWindowOption())
    .addOption(
      new Option("--state-dir <directory>", "keep the history of configurations there").env("SLUICE_STATE_DIR"),
    )
    .option("--use-last-good", "start with the last good configuration when the given one does not load", false)
    .addOption(
      new Option("--admin-listen <address>", "where the admin API is served, or off (default: 127.0.0.1:8887)")
        .env("SLUICE_ADMIN_LISTEN"),
    )
    .addOption(
      new Option(
        "--admin-tokens <file>",
        "who may use it: lines of `sluice admin token`; wanted where others can reach it",
      )
        .env("SLUICE_ADMIN_TOKENS"),
    )
    .addOption(
      new Option("--admin-tls-cert <file>", "its certificate, PEM; with it the admin API is served by https")
        .env("SLUICE_ADMIN_TLS_CERT"),
    )
    .addOption(
      new Option("--admin-tls-key <file>", "the key of the certificate, PEM").env("SLUICE_ADMIN_TLS_KEY"),
    )
    .action(async ({ config, set, workers, drainTimeout, ...live }: GatewayFlags, command: Command) => {
      refuseWords(program, command);
      const { runGateway } = await import("../gateway/run.ts");
      const { version } = manifest;
      const { watch, healthWindow: healthWindowMs, useLastGood } = live;
      const stateDir = live.stateDir || undefined; // an empty variable is as if it were not there
      const admin = {
        listen: live.adminListen || undefined,
        tokens: live.adminTokens || undefined,
        tlsCert: live.adminTlsCert || undefined,
        tlsKey: live.adminTlsKey || undefined,
      };
      if (useLastGood && stateDir === undefined) program.error("error: --use-last-good needs --state-dir");
      done(
        await runGateway({
          ...{ configs: config, sets: set, workers, drainTimeoutMs: drainTimeout, version },
          ...{ watch, healthWindowMs, stateDir, useLastGood, admin },
        }),
      );
    });
}

/** What looks at a configuration, or at what one can name. */
export function addInspectCommands(program: Command, done: (code: number) => void): void {
  withSources(program.command("validate"))
    .description("check a configuration and tell every problem with its place; exit code 1 when it cannot run")
    .action(async ({ config, set }: SourceFlags, command: Command) => {
      refuseWords(program, command);
      const { validate } = await import("../gateway/inspect.ts");
      done(await validate({ configs: config, sets: set }));
    });

  withSources(program.command("print-config"))
    .description("print the configuration as it is after merging and expansion, without its secrets")
    .action(async ({ config, set }: SourceFlags) => {
      const { printConfig } = await import("../gateway/inspect.ts");
      done(await printConfig({ configs: config, sets: set }));
    });

  program.command("components")
    .description("list the components that a configuration can name")
    .option("--json", "for programs", false)
    .action(async ({ json }: { readonly json: boolean }) => {
      const { printComponents } = await import("../gateway/inspect.ts");
      await printComponents(json);
    });
}

/**
 * No command takes a word: it is a mistyped command, or a configuration without its `--config`.
 *
 * @throws {CommanderError} There is one.
 */
function refuseWords(program: Command, command: Command): void {
  const [word] = command.args;
  if (word === undefined) return;
  const isPath = /[./]/.test(word);
  const hint = isPath
    ? `wanted --config ${word} for a configuration`
    : suggestion(word, program.commands.map((each) => each.name()));
  program.error(`error: unknown command '${word}': ${hint}`);
}

function workersOption(): Option {
  return new Option("--workers <count>", "threads that take data, or auto: one a core; 0 and 1 are a single thread")
    .argParser((argument) => {
      const workers = argument === "auto" ? oneACore() : /^\d+$/.test(argument) ? Number(argument) : NaN;
      if (workers <= MAX_WORKERS) return workers;
      throw new InvalidArgumentError(`Wanted a number from 0 to ${MAX_WORKERS}, or auto.`);
    })
    .default(oneACore(), "auto");
}

function oneACore(): number {
  return Math.min(MAX_WORKERS, navigator.hardwareConcurrency);
}

function drainTimeoutOption(): Option {
  return new Option("--drain-timeout <duration>", "how long a stop may take to deliver what is held")
    .env("SLUICE_DRAIN_TIMEOUT")
    .argParser(parseDuration)
    .default(DEFAULT_DRAIN_TIMEOUT_MS, "30s");
}

function healthWindowOption(): Option {
  return new Option(
    "--health-window <duration>",
    "how long a new configuration is watched, to go back from; 0: not at all",
  )
    .env("SLUICE_HEALTH_WINDOW")
    .argParser(parseDuration)
    .default(DEFAULT_HEALTH_WINDOW_MS, "30s");
}
