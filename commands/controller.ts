/**
 * `sluice controller`: runs the controller of a fleet.
 *
 * @module
 */

import { Command, Option } from "commander";
import manifest from "../deno.json" with { type: "json" };
import { LOG_LEVELS, type LogLevel } from "../pipeline/core/log/logger.ts";
import { CONTROLLER_API } from "./options.ts";
import { addControllerViews } from "./controller_views.ts";

interface ControllerServeFlags {
  readonly listen: string;
  readonly stateDir?: string;
  readonly tokens?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly publicUrl?: string;
  readonly logLevel: LogLevel;
}

export function createControllerCommand(done: (code: number) => void): Command {
  const controller = new Command("controller").exitOverride()
    .description("run the controller of a fleet: OpAMP server, rollouts, REST API; or, with a word, ask one that runs");
  const env = (flags: string, what: string, name: string) =>
    new Option(flags, what).env(`${CONTROLLER_API.env}_${name}`);
  controller
    .addOption(
      env("--listen <address>", "where agents and operators reach it", "LISTEN").default(CONTROLLER_API.address),
    )
    .addOption(env("--state-dir <directory>", "where it keeps all that it knows (must be given)", "STATE_DIR"))
    .addOption(
      env(
        "--tokens <file>",
        "who may operate it: lines of `sluice admin token`; with it agents need tokens too; wanted where others can reach it",
        "TOKENS",
      ),
    )
    .addOption(env("--tls-cert <file>", "its certificate, PEM", "TLS_CERT"))
    .addOption(env("--tls-key <file>", "the key of the certificate, PEM", "TLS_KEY"))
    .addOption(
      env("--tls-client-ca <file>", "who signs clients' certificates, PEM: each must show one", "TLS_CLIENT_CA"),
    )
    .addOption(env("--public-url <url>", "how agents reach it, for their metrics (default: --listen)", "PUBLIC_URL"))
    .addOption(
      new Option("--log-level <level>", "the least that is logged").choices(LOG_LEVELS)
        .default("info"),
    )
    .action(async ({ stateDir = "", ...flags }: ControllerServeFlags) => {
      if (stateDir === "") return controller.error("error: wanted --state-dir, a directory of its own");
      const { runController } = await import("../controller/run.ts");
      const { listen, tokens, tlsCert, tlsKey, tlsClientCa, publicUrl, logLevel } = flags;
      const { version } = manifest;
      done(
        await runController({
          ...{ listen, stateDir, tokens, tlsCert, tlsKey, tlsClientCa, publicUrl, logLevel, version },
        }),
      );
    });
  addControllerViews(controller, done);
  return controller;
}
