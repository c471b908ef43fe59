/**
 * Options that several commands take.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import { processEnvironment } from "../pipeline/config/environment.ts";
import { parseDurationMs } from "../pipeline/config/schema.ts";
import { type ConfigSource, parseConfigSource, parseSetSource } from "../pipeline/config/source.ts";

/** What `withSources` adds. */
export interface SourceFlags {
  readonly config: readonly ConfigSource[];
  readonly set: readonly ConfigSource[];
}

export function withSources(command: Command): Command {
  return command
    .allowExcessArguments() // refuseWords() says more about them
    .addOption(configOption().default([], "the built-in configuration"))
    .addOption(setOption().default([], "none"));
}

export function configOption(): Option {
  const what = "FILE, env:NAME or yaml:TEXT; repeatable, later ones are merged over earlier ones";
  return repeatable(new Option("--config <source>", what), parseConfigSource);
}

export function setOption(): Option {
  const what =
    'one value over all sources, like exporters.debug.verbosity=normal or resource."service.name"=edge; repeatable';
  return repeatable(new Option("--set <key=value>", what), parseSetSource);
}

function repeatable(option: Option, parse: (argument: string) => ConfigSource): Option {
  return option.argParser((argument, before: readonly ConfigSource[]) => [...before, parse(argument)]);
}

export function durationOption(flags: string, what: string, defaultMs: number): Option {
  return new Option(flags, what).argParser(parseDuration).default(defaultMs, `${defaultMs / 1_000}s`);
}

export function textsOption(name: string, what: string): Option {
  return new Option(`--${name} <text>`, `${what}; repeatable`)
    .argParser((text, before: readonly string[]) => [...before, text]).default([], "none");
}

export function parseDuration(argument: string): number {
  const durationMs = parseDurationMs(argument);
  const hasUnit = /[a-z]/.test(argument); // without one it would be nanoseconds, as in a configuration
  if (durationMs !== undefined && (durationMs === 0 || (durationMs > 0 && hasUnit))) return durationMs;
  throw new InvalidArgumentError("Wanted a duration with its unit, like 30s.");
}

export function parseItemNumber(argument: string): number {
  if (/^[1-9]\d{0,8}$/.test(argument)) return Number(argument);
  throw new InvalidArgumentError("Wanted a number from 1.");
}

/** An API to ask: where it is, how one gets in, and how what it says is shown. */
export interface AskedApi {
  /** Of its variables: `SLUICE_ADMIN`. */
  readonly env: string;
  readonly address: string;
  /** For the help: "where its admin API is". */
  readonly where: string;
  /** The variable by which what serves it is told where to; asked when that of the address is not set. */
  readonly listenEnv?: string;
}

export const ADMIN_API: AskedApi = {
  env: "SLUICE_ADMIN",
  address: "127.0.0.1:8887",
  where: "where its admin API is",
  listenEnv: "SLUICE_ADMIN_LISTEN",
};

export const CONTROLLER_API: AskedApi = {
  env: "SLUICE_CONTROLLER",
  address: "127.0.0.1:4320", // where agents expect a server
  where: "where the controller is",
};

export function withApi(command: Command, { env, address, where, listenEnv }: AskedApi): Command {
  const listening = listenEnv === undefined ? undefined : addressOf(processEnvironment.env(listenEnv) ?? "");
  return command
    .addOption(new Option("--address <address>", where).env(`${env}_ADDRESS`).default(listening ?? address))
    .option("--token-file <file>", `the token's file (default: ${env}_TOKEN)`)
    .addOption(new Option("--ca <file>", "who signed its certificate, PEM").env(`${env}_CA`))
    .option("--json", "for programs", false)
    .option("--watch", "look again and again", false);
}

/** The options of a command; what stands before it, at a command above, counts where it is not given behind. */
export function givenOptions<Flags extends object>(command: Command): Flags {
  const given = { ...command.opts() };
  const isOpen = (name: string) => command.getOptionValueSource(name) !== "cli";
  const open = new Set(command.options.map((option) => option.attributeName()).filter(isOpen));
  for (let above = command.parent; above !== null; above = above.parent) {
    for (const [name, value] of Object.entries(above.opts())) {
      if (above.getOptionValueSource(name) === "cli" && open.delete(name)) given[name] = value;
    }
  }
  return given as Flags;
}

/** Where to ask what listens there: of all addresses the one of this machine. undefined: nowhere, as with "off". */
function addressOf(listen: string): string | undefined {
  const [, host = "", port] = /^(.*):(\d+)$/.exec(listen) ?? [];
  if (port === undefined) return undefined;
  return `${["", "0.0.0.0", "[::]"].includes(host) ? "127.0.0.1" : host}:${port}`;
}
