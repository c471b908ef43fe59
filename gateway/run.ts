/**
 * The process: from a command line's sources to an exit code. Starts the gateway, waits for a signal, drains.
 *
 * @module
 */

import { systemClock } from "../pipeline/core/clock.ts";
import { serveHttp } from "../routes/listener.ts";
import { explainFailure, writeLine } from "./console.ts";
import { welcome } from "./default_config.ts";
import { exclusive, portsInUse } from "./exclusive_listener.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { resolveSources, type Sources } from "./sources.ts";
import { stopSignal } from "./stop_signals.ts";

export interface RunOptions extends Sources {
  readonly workers: number;
  readonly drainTimeoutMs: number;
  readonly version: string;
}

/**
 * Runs until a signal comes. A second one, a second or more after the first, ends the process at once.
 *
 * @returns The exit code: 0 when everything was drained; 1 when the start failed, when something was given up, or when
 * the gateway could not go on.
 */
export async function runGateway(options: RunOptions): Promise<number> {
  let gateway: Gateway | undefined = undefined; // until it has started
  const stopped = stopSignal({
    listen: (signal, onSignal) => Deno.addSignalListener(signal, onSignal),
    monotonicMs: systemClock.monotonicMs,
    onSecond: () => {
      gateway?.logger.error("second signal: gives up what is held");
      Deno.exit(1);
    },
  });
  gateway = await start(options);
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
    return await startGateway({ resolved, workers, version, serveHttp: exclusive(serveHttp), preflight: portsInUse });
  } catch (thrown) {
    writeLine(Deno.stderr, explainFailure(thrown));
    return undefined;
  }
}
