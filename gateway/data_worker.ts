/**
 * A data worker: receives, processes and exports in a thread of its own, with listeners that share their ports with the
 * other workers. Does what the control thread asks (`messages.ts`), one request at a time.
 *
 * @module
 */

import { parseConfig } from "../pipeline/config/parse.ts";
import { systemClock } from "../pipeline/core/clock.ts";
import { ThreadMeter } from "../pipeline/core/telemetry_store.ts";
import { buildPipelines } from "../pipeline/graph/build.ts";
import { failuresOf, type Graph } from "../pipeline/graph/graph.ts";
import { REGISTRY } from "../pipeline/graph/registry.ts";
import { serveHttp } from "../routes/listener.ts";
import { exclusive } from "./exclusive_listener.ts";
import { openLog } from "./logging.ts";
import type { FromWorker, ToWorker, WorkerSetup } from "./messages.ts";
import { reportHeap } from "./process_metrics.ts";
import { createThreadMemory } from "./thread_memory.ts";

class DataWorker {
  #graph: Graph | undefined;
  /** Whether the listeners are opened by the first worker, before the others. */
  #probe = false;

  async handle(message: ToWorker): Promise<FromWorker> {
    switch (message.type) {
      case "build":
        this.#graph = this.#build(message);
        return { type: "built" };
      case "start":
        this.#probe = message.probe;
        await this.#graph?.start();
        return { type: "started" };
      case "shutdown": {
        const drained = await this.#graph?.shutdown(AbortSignal.timeout(message.deadlineMs));
        return { type: "stopped", drained: drained ?? true };
      }
    }
  }

  #build({ thread, config: resolved, region, memory }: WorkerSetup): Graph {
    const config = parseConfig(resolved, REGISTRY);
    const logger = openLog(config, systemClock, { thread });
    const meter = new ThreadMeter(region, (series) => answer({ type: "series", series }), {
      onOverflow: (metric) => logger.warn("Own metrics have more series than there is room for", { metric }),
    });
    reportHeap(meter);
    return buildPipelines(config, {
      registry: REGISTRY,
      logger,
      meter,
      clock: systemClock,
      random: Math.random,
      memory: createThreadMemory(memory),
      serveHttp: (server, app) => (this.#probe ? exclusive(serveHttp) : serveHttp)(server, app),
    }).graph;
  }
}

function answer(message: FromWorker): void {
  self.postMessage(message);
}

const worker = new DataWorker();

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  try {
    answer(await worker.handle(data));
  } catch (thrown) {
    answer({ type: "failed", problems: failuresOf("data worker", thrown) });
  }
};

answer({ type: "loaded" });
