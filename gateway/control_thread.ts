/**
 * The thread that a gateway is run from: its own metrics, its extensions, and the pipelines, in this thread or in data
 * workers.
 *
 * @module
 */

import type { GatewayConfig, ResolvedConfig } from "../pipeline/config/gateway_config.ts";
import { parseConfig, parseConfigInSlices } from "../pipeline/config/parse.ts";
import type { TenantSnapshot } from "../pipeline/tenants/table/table.ts";
import type { UsageReport } from "../pipeline/tenants/usage/usage.ts";
import { problemLine } from "../pipeline/config/problem.ts";
import { type Clock, systemClock } from "../pipeline/core/clock.ts";
import type { Logger, LogLevel } from "../pipeline/core/log/logger.ts";
import { createRegion, type SeriesValue, TelemetryStore, ThreadMeter } from "../pipeline/core/telemetry/store.ts";
import type { Attributes, Meter } from "../pipeline/core/telemetry/meter.ts";
import { Tracer } from "../pipeline/core/telemetry/trace.ts";
import type { GraphDeps } from "../pipeline/graph/build.ts";
import { GraphError } from "../pipeline/graph/graph.ts";
import { type GraphChange, NO_CHANGE } from "../pipeline/graph/live_graph.ts";
import { loadComponents, REGISTRY } from "../pipeline/graph/registry.ts";
import { controlBuilds } from "./control_builds.ts";
import { RecentErrors } from "./admin/recent_errors.ts";
import { ThreadAdmin } from "./admin/thread_admin.ts";
import { stopSummary } from "./stop_summary.ts";
import { endpointsOf } from "./threads/exclusive_listener.ts";
import { ListenerHub } from "./threads/listener_hub.ts";
import { joinChanges, LiveParts } from "./threads/live_parts.ts";
import { openLog, type OwnLog } from "./telemetry/logging.ts";
import { resourceOf } from "./telemetry/own_metrics.ts";
import { reportHeap } from "./telemetry/process_metrics.ts";
import { ControlTenants } from "./tenants/control_tenants.ts";
import type { TenantDirectory } from "./tenants/directory.ts";
import type { FleetLimits } from "./tenants/fleet/fleet.ts";
import { queuesOf, ThreadTenants } from "./tenants/thread_tenants.ts";
import type { UsageLedger } from "./tenants/usage/ledger.ts";
import { configForWorkers } from "./threads/worker_config.ts";
import {
  createMemoryCells,
  createThreadMemory,
  type MemoryCells,
  releaseThreadMemory,
} from "./threads/thread_memory.ts";
import { WorkerPool } from "./threads/worker_pool.ts";

import { type AppliedConfig, CONTROL_THREAD, type Gateway, type GatewayOptions } from "./gateway.ts";

/** What the collector logs when it takes data; scripts wait for it. */
const READY_MESSAGE = "Everything is ready. Begin running and processing data.";

/**
 * Starts a gateway, or nothing of it.
 *
 * @throws {ConfigError} With every problem of the configuration.
 * @throws {GraphError} With every component that could not be created or started.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  await loadComponents(options.resolved.tree);
  const control = new ControlThread(options);
  await control.start();
  return control;
}

/** Configurations that are being drained at one time: each may hold data until its destinations answer. */
export const MAX_DRAINING = 100;
/** How long what a change takes away may go on delivering, milliseconds. */
const DRAIN_AFTER_CHANGE_MS = 30_000;

class ControlThread implements Gateway {
  readonly logger: Logger;
  readonly broken: Promise<string>;
  readonly #options: GatewayOptions;
  readonly #clock: Clock = systemClock;
  readonly #store = new TelemetryStore();
  readonly #totalMemory = new SharedArrayBuffer(8);
  readonly #memory = new Map<string, MemoryCells>();
  readonly #deps: GraphDeps;
  readonly #tracer = new Tracer(Math.random);
  /** What own metrics, spans and log records say they come from. */
  readonly #resource: Attributes;
  readonly #breaks = Promise.withResolvers<string>();
  readonly #stopHeapReport: () => void;
  /** Own metrics and extensions; the pipelines too when there are no workers. */
  readonly #parts: LiveParts;
  readonly #pool: WorkerPool | undefined;
  readonly #admin: ThreadAdmin | undefined;
  readonly #log: OwnLog;
  readonly #tenants: ControlTenants;
  /** The endpoints of configurations whose listeners may be open: the one that runs, and those that are being drained. */
  readonly #open = new Map<GatewayConfig, readonly string[]>();
  #config: GatewayConfig;
  #isStopping = false;
  /** The last change that was asked for. */
  #changes: Promise<unknown> = Promise.resolve();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#config = parseConfig(options.resolved, REGISTRY);
    this.#resource = resourceOf(this.#config.telemetry, options.version, options.instanceId);
    this.#log = openLog(this.#config, this.#clock, this.#resource);
    this.logger = this.#log.logger;
    this.broken = this.#breaks.promise;
    const meter = this.#openMeter();
    const hub = new ListenerHub(options.serveHttp);
    const errors = new RecentErrors(this.#clock);
    const own = {
      logger: errors.listenTo(this.logger),
      meter,
      clock: this.#clock,
      random: Math.random,
      memory: createThreadMemory(this.#cellsOf(CONTROL_THREAD)),
    };
    this.#tenants = this.#openTenants(own);
    const { own: ownTenants } = this.#tenants;
    this.#deps = {
      ...own,
      registry: REGISTRY,
      serveHttp: hub.serveHttp,
      tracer: this.#tracer,
      ...(ownTenants === undefined ? {} : { gateOf: ownTenants.gateOf, usage: ownTenants.usage }),
    };
    this.#stopHeapReport = reportHeap(meter);
    this.#pool = options.workers > 1 ? this.#workers() : undefined;
    const builds = controlBuilds({
      ...{ deps: this.#deps, resource: this.#resource, tracer: this.#tracer, log: this.#log, tenants: this.#tenants },
      ...{ meter, collect: () => this.#store.collect(), isReady: () => this.#isReady() },
    });
    this.#parts = new LiveParts(builds, hub);
    this.#admin = this.#listenToAdmin(errors);
  }

  get meter(): Meter {
    return this.#deps.meter;
  }

  get tenants(): TenantDirectory {
    return this.#tenants.directory;
  }

  get usage(): UsageLedger {
    return this.#tenants.usage;
  }

  get fleet(): FleetLimits {
    return this.#tenants.fleet;
  }

  get resource(): Attributes {
    return this.#resource;
  }

  get ready(): boolean {
    return this.#isReady();
  }

  get threads(): readonly string[] {
    return this.#pool?.threads ?? [CONTROL_THREAD];
  }

  get workers(): number {
    return Math.max(1, this.#options.workers);
  }

  get config(): GatewayConfig {
    return this.#config;
  }

  async start(): Promise<void> {
    for (const problem of this.#config.warnings) this.logger.warn(problemLine(problem));
    this.logger.info("Starting", {
      version: this.#options.version,
      pid: Deno.pid, // for a signal: what started this process has another
      workers: this.workers,
      pipelines: this.#config.pipelines.size,
    });
    await this.#goOver(this.#config);
    this.logger.info(READY_MESSAGE);
  }

  apply(resolved: ResolvedConfig): Promise<AppliedConfig> {
    const applied = this.#changes.then(() => this.#apply(resolved));
    this.#changes = applied.catch(() => {});
    return applied;
  }

  obstacles(config: GatewayConfig): readonly string[] {
    return this.#options.preflight?.(config, new Set([...this.#open.values()].flat())) ?? [];
  }

  collect(): readonly SeriesValue[] {
    return this.#store.collect();
  }

  async reportUsage(): Promise<void> {
    this.#tenants.own?.usage.flush();
    await this.#pool?.reportUsage();
  }

  setLogLevel(level: LogLevel): void {
    this.#log.setLevel(level);
    this.#pool?.setLogLevel(level);
  }

  async shutdown(deadlineMs: number): Promise<boolean> {
    this.#isStopping = true;
    const startedMs = this.#clock.monotonicMs();
    const before = this.collect();
    this.#tenants.stop();
    await this.#changes;
    this.logger.info("Stopping: draining what is held", { deadline_ms: deadlineMs });
    const deadline = AbortSignal.timeout(deadlineMs);
    const results = [await this.#pool?.shutdown(deadlineMs) ?? true, await this.#parts.shutdown(deadline)];
    this.#stopHeapReport();
    this.#admin?.close();
    const drained = results.every((done) => done);
    const tookMs = Math.round(this.#clock.monotonicMs() - startedMs);
    const summary = { took_ms: tookMs, ...stopSummary(before, this.collect()) };
    if (drained) this.logger.info("Stopped: everything was drained", summary);
    else this.logger.error("Stopped: not everything could be drained", summary);
    return drained;
  }

  async #apply(resolved: ResolvedConfig): Promise<AppliedConfig> {
    if (this.#isStopping) throw new GraphError("change the configuration", ["the gateway is stopping"]);
    if (this.#open.size > MAX_DRAINING) {
      const reason = `${MAX_DRAINING} configurations before it are still being drained, wanted no more`;
      throw new GraphError("change the configuration", [reason]);
    }
    const startedMs = this.#clock.monotonicMs();
    await loadComponents(resolved.tree);
    const config = await parseConfigInSlices(resolved, REGISTRY, this.#config);
    const gone = await this.#goOver(config);
    for (const problem of config.warnings) this.logger.warn(problemLine(problem));
    return { config, ...gone, tookMs: this.#clock.monotonicMs() - startedMs };
  }

  /** In two phases: everybody has prepared, or nobody flips. */
  async #goOver(config: GatewayConfig): Promise<Pick<AppliedConfig, "change" | "drained">> {
    const obstacles = this.obstacles(config);
    if (obstacles.length > 0) throw new GraphError("start", obstacles);
    const tenants = await this.#tenants.prepare(config);
    let change: GraphChange;
    try {
      const own = await this.#parts.prepare(config);
      change = joinChanges([own, await this.#preparePool(config, tenants.snapshot)]);
    } catch (thrown) {
      tenants.discard();
      throw thrown;
    }
    tenants.flip();
    const drains = [await this.#pool?.flip(DRAIN_AFTER_CHANGE_MS), {
      drained: this.#parts.flip(DRAIN_AFTER_CHANGE_MS),
    }];
    const drained = Promise.all(drains.map((each) => each?.drained)).then((all) => !all.includes(false));
    tenants.commit();
    this.#hasGoneOver(config, drained);
    return { change, drained };
  }

  #hasGoneOver(config: GatewayConfig, drained: Promise<boolean>): void {
    const before = this.#config;
    this.#open.set(config, endpointsOf(config));
    if (before !== config) void drained.then(() => this.#open.delete(before));
    this.#config = config;
    this.#log.setLevel(config.telemetry.logs.level);
  }

  #openTenants(own: Omit<GraphDeps, "registry" | "serveHttp" | "tracer">): ControlTenants {
    const { workers, tenantFiles: files } = this.#options;
    const queues = () => queuesOf(this.#parts.instances);
    return new ControlTenants({
      ...own,
      directoryLogger: this.logger,
      files,
      ownThread: (usage) => {
        const report = (counted: UsageReport) => usage.take(CONTROL_THREAD, counted);
        return workers > 1 ? undefined : new ThreadTenants({ ...own, thread: 0, queues, report });
      },
      publish: (snapshot) => this.#pool?.setTenants(snapshot),
    });
  }

  async #preparePool(config: GatewayConfig, tenants: TenantSnapshot | undefined): Promise<GraphChange> {
    try {
      return await this.#pool?.prepare(configForWorkers(config), tenants) ?? NO_CHANGE;
    } catch (thrown) {
      await this.#parts.discard();
      throw thrown;
    }
  }

  /** Everything has started, and somebody takes data. */
  #isReady(): boolean {
    return this.#parts.ready && this.#pool?.size !== 0 && !this.#isStopping;
  }

  #listenToAdmin(errors: RecentErrors): ThreadAdmin | undefined {
    const { adminChannel: channel } = this.#options;
    if (channel === undefined) return undefined;
    const instances = () => this.#parts.instances;
    const refusals = this.#tenants.own?.refusals;
    return new ThreadAdmin({ channel, thread: CONTROL_THREAD, errors, refusals, clock: this.#clock, instances });
  }

  #openMeter(): ThreadMeter {
    const region = createRegion();
    this.#store.addThread(CONTROL_THREAD, region);
    return new ThreadMeter(region, (series) => this.#store.announce(CONTROL_THREAD, series), {
      onOverflow: (metric) => this.logger.warn("Own metrics have more series than there is room for", { metric }),
    });
  }

  #workers(): WorkerPool {
    const { workers, spawnWorker = spawnDataWorker } = this.#options;
    const restarts = this.#deps.meter.counter("sluice_worker_restarts", {});
    return new WorkerPool({
      count: workers,
      spawn: spawnWorker,
      setup: (thread, number) => {
        const region = createRegion();
        this.#store.addThread(thread, region);
        const { adminChannel } = this.#options;
        return { thread, number, region, memory: this.#cellsOf(thread), adminChannel, resource: this.#resource };
      },
      onSeries: (thread, series) => this.#store.announce(thread, series),
      onUsage: (thread, report) => this.usage.take(thread, report),
      onGone: (thread, number) => {
        this.usage.gone(thread);
        restarts.add(1);
        this.tenants.recover(number);
        this.#store.retireThread(thread);
        releaseThreadMemory(this.#cellsOf(thread));
      },
      onGivenUp: this.#breaks.resolve,
      logger: this.logger,
      clock: this.#clock,
    });
  }

  #cellsOf(thread: string): MemoryCells {
    const cells = this.#memory.get(thread) ?? createMemoryCells(this.#totalMemory);
    this.#memory.set(thread, cells);
    return cells;
  }
}

function spawnDataWorker(): Worker {
  return new Worker(new URL("./threads/data_worker.ts", import.meta.url), { type: "module", name: "data worker" });
}
