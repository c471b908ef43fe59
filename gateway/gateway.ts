/**
 * A gateway that runs: its own metrics, its extensions, and the pipelines, in this thread or in data workers.
 *
 * @module
 */

import type { GatewayConfig, ResolvedConfig } from "../pipeline/config/gateway_config.ts";
import { parseConfig } from "../pipeline/config/parse.ts";
import { formatProblem } from "../pipeline/config/problem.ts";
import type { Lifecycle } from "../pipeline/contract/consumer.ts";
import type { ServeHttp } from "../pipeline/contract/http.ts";
import { type Clock, systemClock } from "../pipeline/core/clock.ts";
import type { Logger } from "../pipeline/core/log.ts";
import { createRegion, TelemetryStore, ThreadMeter } from "../pipeline/core/telemetry_store.ts";
import { buildExtensions, buildPipelines, type GraphDeps } from "../pipeline/graph/build.ts";
import { Graph, GraphError } from "../pipeline/graph/graph.ts";
import { REGISTRY } from "../pipeline/graph/registry.ts";
import { openLog } from "./logging.ts";
import { ownMetricsPages, resourceOf } from "./own_metrics.ts";
import { createProcessMetrics, reportHeap } from "./process_metrics.ts";
import { createMemoryCells, createThreadMemory, type MemoryCells, releaseThreadMemory } from "./thread_memory.ts";
import { WorkerPool } from "./worker_pool.ts";

/** What the collector logs when it takes data; scripts wait for it. */
const READY_MESSAGE = "Everything is ready. Begin running and processing data.";
const CONTROL_THREAD = "control";

export interface GatewayOptions {
  readonly resolved: ResolvedConfig;
  /**
   * Data workers. 0 and 1 are the same: the pipelines run in this thread, which saves the 30 MB that a second thread
   * costs before it does anything.
   */
  readonly workers: number;
  readonly version: string;
  /** Opens listeners; for more than one worker theirs is the one of `data_worker.ts`. */
  readonly serveHttp: ServeHttp;
  /** Tells what would keep a configuration from starting, before anything of it does. Absent: nothing is asked. */
  readonly preflight?: (config: GatewayConfig) => readonly string[];
  /** Starts a data worker's thread. */
  readonly spawnWorker?: () => Worker;
}

export interface Gateway {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  /** Settles with the reason when the gateway cannot go on; never, while it can. */
  readonly broken: Promise<string>;
  /**
   * Stops receiving, then drains.
   *
   * @param deadlineMs When what is left is given up, milliseconds from now.
   * @returns Whether everything was delivered.
   */
  shutdown(deadlineMs: number): Promise<boolean>;
}

/**
 * Starts a gateway, or nothing of it.
 *
 * @throws {ConfigError} With every problem of the configuration.
 * @throws {GraphError} With every component that could not be created or started.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const control = new ControlThread(options);
  await control.start();
  return control;
}

class ControlThread implements Gateway {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly broken: Promise<string>;
  readonly #options: GatewayOptions;
  readonly #clock: Clock = systemClock;
  readonly #store = new TelemetryStore();
  readonly #totalMemory = new SharedArrayBuffer(8);
  readonly #memory = new Map<string, MemoryCells>();
  readonly #graph: Graph;
  readonly #deps: GraphDeps;
  readonly #breaks = Promise.withResolvers<string>();
  readonly #stopHeapReport: () => void;
  #pool: WorkerPool | undefined;
  #deadlineMs = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.config = parseConfig(options.resolved, REGISTRY);
    this.logger = openLog(this.config, this.#clock);
    this.broken = this.#breaks.promise;
    const meter = this.#openMeter();
    const { telemetry } = this.config;
    const resource = resourceOf(telemetry, options.version);
    const updateProcessMetrics = createProcessMetrics(meter, this.#clock, resource);
    this.#stopHeapReport = reportHeap(meter);
    const collect = () => {
      updateProcessMetrics();
      return this.#store.collect();
    };
    this.#deps = {
      registry: REGISTRY,
      logger: this.logger,
      meter,
      clock: this.#clock,
      random: Math.random,
      memory: createThreadMemory(this.#cellsOf(CONTROL_THREAD)),
      serveHttp: options.serveHttp,
    };
    const stages = [
      ownMetricsPages(telemetry, resource, collect, options.serveHttp),
      [{
        name: "extensions",
        lifecycle: this.#nested(buildExtensions(this.config, this.#deps, () => this.#isReady()).graph),
      }],
      [{ name: "pipelines", lifecycle: options.workers > 1 ? this.#workers() : this.#inThisThread() }],
    ];
    this.#graph = new Graph(stages, this.logger, this.#clock);
  }

  async start(): Promise<void> {
    for (const problem of this.config.warnings) this.logger.warn(formatProblem(problem));
    const obstacles = this.#options.preflight?.(this.config) ?? [];
    if (obstacles.length > 0) throw new GraphError("start", obstacles);
    const workers = Math.max(1, this.#options.workers);
    this.logger.info("Starting", { version: this.#options.version, workers, pipelines: this.config.pipelines.size });
    await this.#graph.start();
    this.logger.info(READY_MESSAGE);
  }

  async shutdown(deadlineMs: number): Promise<boolean> {
    this.logger.info("Stopping: draining what is held", { deadline_ms: deadlineMs });
    this.#deadlineMs = deadlineMs;
    const drained = await this.#graph.shutdown(AbortSignal.timeout(deadlineMs));
    this.#stopHeapReport();
    if (drained) this.logger.info("Stopped: everything was drained");
    else this.logger.error("Stopped: not everything could be drained");
    return drained;
  }

  /** Everything has started, and somebody takes data. */
  #isReady(): boolean {
    return this.#graph.ready && this.#pool?.size !== 0;
  }

  #openMeter(): ThreadMeter {
    const region = createRegion();
    this.#store.addThread(CONTROL_THREAD, region);
    return new ThreadMeter(region, (series) => this.#store.announce(CONTROL_THREAD, series), {
      onOverflow: (metric) => this.logger.warn("Own metrics have more series than there is room for", { metric }),
    });
  }

  #inThisThread(): Lifecycle {
    return this.#nested(buildPipelines(this.config, this.#deps).graph);
  }

  #nested(graph: Graph): Lifecycle {
    return {
      start: () => graph.start(),
      shutdown: async (deadline) => mustBeDrained(await graph.shutdown(deadline)),
    };
  }

  #workers(): Lifecycle {
    const { resolved, workers, spawnWorker = spawnDataWorker } = this.#options;
    const restarts = this.#deps.meter.counter("sluice_worker_restarts", {});
    const pool = new WorkerPool({
      count: workers,
      spawn: spawnWorker,
      setup: (thread) => {
        const region = createRegion();
        this.#store.addThread(thread, region);
        return { type: "build", thread, config: resolved, region, memory: this.#cellsOf(thread) };
      },
      onSeries: (thread, series) => this.#store.announce(thread, series),
      onGone: (thread) => {
        restarts.add(1);
        this.#store.retireThread(thread);
        releaseThreadMemory(this.#cellsOf(thread));
      },
      onGivenUp: this.#breaks.resolve,
      logger: this.logger,
      clock: this.#clock,
    });
    this.#pool = pool;
    return {
      start: () => pool.start(),
      shutdown: async () => mustBeDrained(await pool.shutdown(this.#deadlineMs)),
    };
  }

  #cellsOf(thread: string): MemoryCells {
    const cells = this.#memory.get(thread) ?? createMemoryCells(this.#totalMemory);
    this.#memory.set(thread, cells);
    return cells;
  }
}

function mustBeDrained(drained: boolean): void {
  if (!drained) throw new Error("not everything was delivered by the deadline");
}

function spawnDataWorker(): Worker {
  return new Worker(new URL("./data_worker.ts", import.meta.url), { type: "module", name: "data worker" });
}
