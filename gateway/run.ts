/**
 * The process: from a command line's sources to an exit code. Starts the gateway, waits for a signal, drains.
 *
 * @module
 */

import { serveHttp } from "../routes/listener.ts";
import { explainFailure, writeLine } from "./console.ts";
import { welcome } from "./default_config.ts";
import { exclusive } from "./exclusive_listener.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { resolveSources, type Sources } from "./sources.ts";

export interface RunOptions extends Sources {
  readonly workers: number;
  readonly drainTimeoutMs: number;
  readonly version: string;
}

/** The signals that ask for an end. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Runs until a signal comes. A second one ends the process at once.
 *
 * @returns The exit code: 0 when everything was drained; 1 when the start failed, when something was given up, or when
 * the gateway could not go on.
 */
export async function runGateway(options: RunOptions): Promise<number> {
  const stopped = firstSignal();
  const gateway = await start(options);
  if (gateway === undefined) return 1;
  if (options.configs.length === 0) writeLine(Deno.stdout, welcome(gateway.config));
  const reason = await Promise.race([stopped.then(() => undefined), gateway.broken]);
  if (reason !== undefined) gateway.logger.error("The gateway cannot go on", { error: reason });
  const drained = await gateway.shutdown(options.drainTimeoutMs);
  return drained && reason === undefined ? 0 : 1;
}

async function start(options: RunOptions): Promise<Gateway | undefined> {
  try {
    const resolved = await resolveSources(options);
    const { workers, version } = options;
    return await startGateway({ resolved, workers, version, serveHttp: exclusive(serveHttp) });
  } catch (thrown) {
    writeLine(Deno.stderr, explainFailure(thrown));
    return undefined;
  }
}

/** Settles at the first signal; the second ends the process. */
function firstSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = () => {
    signals += 1;
    if (signals > 1) Deno.exit(1);
    resolve();
  };
  for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, onSignal);
  return promise;
}
