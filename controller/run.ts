/**
 * The controller's process: from a command line to an exit code. Starts, waits for a signal, sends the agents away.
 *
 * @module
 */

import { join } from "node:path";
import { writeLine } from "../gateway/console.ts";
import { TokenFile } from "../gateway/admin/token_file.ts";
import { stopSignal } from "../gateway/stop_signals.ts";
import { OpampStore } from "../opamp/server/store/store.ts";
import { formatEndpoint, parseEndpoint } from "../pipeline/config/network/http_server.ts";
import { systemClock } from "../pipeline/core/clock.ts";
import { isLoopback } from "../routes/bind_address.ts";
import { createConsoleLogger, openSinks } from "../pipeline/core/log/console.ts";
import { describeError, type Logger, type LogLevel } from "../pipeline/core/log/logger.ts";
import { readRegularText } from "../pipeline/core/regular_file.ts";
import { readTlsOptions } from "../routes/tls/server.ts";
import { tlsServerSchema } from "../pipeline/config/network/tls.ts";
import { Controller } from "./controller.ts";

/** How long agents may take to hang up, milliseconds. */
const STOP_MS = 3_000;
const TOKEN_BYTES = 32;
/** What it makes of them has 43. */
const MAX_TOKEN_FILE_BYTES = 1_024;

export interface ControllerRunOptions {
  /** `host:port`. */
  readonly listen: string;
  /** A directory; made when it is not there. */
  readonly stateDir: string;
  /** A file of operators' tokens; with it agents need one too. */
  readonly tokens: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** Authorities of clients: then each must show a certificate. */
  readonly tlsClientCa: string | undefined;
  /** Where agents reach it. Absent: where it listens, unless that is every address. */
  readonly publicUrl: string | undefined;
  readonly logLevel: LogLevel;
  readonly version: string;
}

/**
 * Runs until a signal comes. A second one ends it at once.
 *
 * @returns The exit code: 1 when it could not start.
 */
export async function runController(options: ControllerRunOptions): Promise<number> {
  const logger = createConsoleLogger({
    ...{ level: options.logLevel, encoding: "console", sinks: openSinks(["stderr"]), initialFields: {} },
    clock: systemClock,
  });
  const stopped = stopSignal({
    listen: (signal, onSignal) => Deno.addSignalListener(signal, onSignal),
    monotonicMs: systemClock.monotonicMs,
    onSecond: () => Deno.exit(1),
  });
  let running: Running;
  try {
    running = await start(options, logger);
  } catch (thrown) {
    writeLine(Deno.stderr, `Cannot start the controller: ${describeError(thrown)}`);
    return 1;
  }
  await stopped;
  logger.info("The controller stops");
  await running.controller.shutdown(STOP_MS);
  running.lock.close();
  return 0;
}

interface Running {
  readonly controller: Controller;
  /** Of the state directory; held until the end. */
  readonly lock: Deno.FsFile;
}

async function start(options: ControllerRunOptions, logger: Logger): Promise<Running> {
  const { listen, stateDir, tokens, version } = options;
  const { hostname, port } = parseEndpoint(listen);
  const loopback = isLoopback(hostname);
  if (!loopback && tokens === undefined) {
    throw new TypeError(`others can reach ${listen}, wanted --tokens, or a loopback address`);
  }
  const operators = tokens === undefined ? undefined : new TokenFile(tokens, logger, systemClock);
  const tls = await tlsOf(options);
  await Deno.mkdir(stateDir, { recursive: true, mode: 0o700 });
  const lock = await takeDirectory(stateDir);
  const publicUrl = publicUrlOf(options, hostname, port);
  if (publicUrl === undefined) {
    logger.warn("Agents are not offered a place for their metrics: wanted --public-url, which they reach it by");
  }
  const store = OpampStore.open(join(stateDir, "controller.db"));
  try {
    const controller = new Controller({ hostname, port, tls, loopback, publicUrl, version }, {
      ...{ store, operators, logger, clock: systemClock },
      metricsToken: await metricsToken(join(stateDir, "metrics_token")),
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    });
    const address = await controller.start();
    const who = { authenticated: operators !== undefined, tls: tls !== undefined };
    logger.info("The controller listens", { address: formatEndpoint(address.address, address.port), ...who });
    return { controller, lock };
  } catch (thrown) {
    store.close();
    throw thrown;
  }
}

/** Two processes would both drive the same rollouts. The lock is let go when the process ends, however it ends. */
async function takeDirectory(stateDir: string): Promise<Deno.FsFile> {
  const file = await Deno.open(join(stateDir, "lock"), { create: true, write: true, mode: 0o600 });
  if (await file.tryLock(true)) return file;
  file.close();
  throw new TypeError(`another controller runs in ${stateDir}, wanted a directory of its own`);
}

/** The same over restarts, so that agents need not be told another. */
async function metricsToken(path: string): Promise<string> {
  const token = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)).toBase64({ alphabet: "base64url" });
  try {
    await Deno.writeTextFile(path, token, { createNew: true, mode: 0o600 });
    return token;
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.AlreadyExists)) throw thrown;
    return (await readRegularText(path, MAX_TOKEN_FILE_BYTES)).trim();
  }
}

async function tlsOf({ tlsCert, tlsKey, tlsClientCa }: ControllerRunOptions) {
  if (tlsCert === undefined && tlsKey === undefined && tlsClientCa === undefined) return undefined;
  return await readTlsOptions(
    tlsServerSchema.parse({
      ...{ cert_file: tlsCert ?? "", key_file: tlsKey ?? "", client_ca_file: tlsClientCa ?? "" },
    }),
  );
}

function publicUrlOf({ publicUrl, tlsCert }: ControllerRunOptions, hostname: string, port: number) {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, "");
  const isEverywhere = hostname === "" || hostname === "0.0.0.0" || hostname === "::";
  if (isEverywhere || port === 0) return undefined;
  return `${tlsCert === undefined ? "http" : "https"}://${formatEndpoint(hostname, port)}`;
}
