/**
 * The admin API's view of a gateway that runs, and its hands on it.
 *
 * @module
 */

import { describeError, type LogLevel } from "../../pipeline/core/log/logger.ts";
import { type Clock, sleep } from "../../pipeline/core/clock.ts";
import { ConfigError } from "../../pipeline/config/problem.ts";
import { parseSetSource } from "../../pipeline/config/source.ts";
import { showConfig } from "../../pipeline/config/show.ts";
import { REGISTRY } from "../../pipeline/graph/registry.ts";
import {
  type AdminControl,
  type AuditLog,
  BusyError,
  type Change,
  ConflictError,
  type ProbeKind,
} from "../../routes/admin/control.ts";
import { unknownName } from "../../routes/admin/unknown.ts";
import { placed } from "../../routes/api/problem_answer.ts";
import type {
  Applied,
  ComponentView,
  ConfigCheck,
  ConfigDiff,
  ConfigRequest,
  ConfigValue,
  CpuProfile,
  Drained,
  EffectiveConfig,
  GraphView,
  HeapSnapshot,
  HistoryEntry,
  LogLevelView,
  OttlRequest,
  OttlTrial,
  Probe,
  ProfileRequest,
  Queue,
  QueueState,
  Status,
  TapEvent,
  TapQuery,
} from "../../routes/admin/schemas.ts";
import type { TenantAdmin } from "../../routes/admin/tenants/control.ts";
import type { CheckedChange, ConfigManager } from "../config/config_manager.ts";
import { CONTROL_THREAD, type Gateway } from "../gateway.ts";
import type { Sources } from "../config/sources.ts";
import { createTenantControl } from "../tenants/tenant_control.ts";
import type { TenantFiles } from "../tenants/tenant_files.ts";
import { appliedView, entryView } from "./views/change_view.ts";
import { componentViews } from "./views/component_view.ts";
import { configValues, countUsed, REMOTE_PREFIX, sectionTexts } from "./views/config_view.ts";
import { exporterStates } from "./views/exporter_view.ts";
import { graphView, nodesOf } from "./views/graph_view.ts";
import { queueView } from "./views/queue_view.ts";
import type { Rates } from "./rates.ts";
import { openTap } from "./taps/open_tap.ts";
import type { Tap } from "./taps/tap.ts";
import { ThreadHub } from "./thread_hub.ts";
import { GatewayTenants } from "./tenants/tenant_admin.ts";
import type { RecentError } from "./thread_messages.ts";

export interface GatewayAdminOptions {
  readonly gateway: Gateway;
  readonly manager: ConfigManager;
  readonly audit: AuditLog;
  /** Of the channel that the gateway's threads listen on. */
  readonly channel: string;
  readonly version: string;
  /** Where heap snapshots are written. Absent: they are refused. */
  readonly stateDir: string | undefined;
  readonly clock: Clock;
  readonly rates: Rates;
  /** When the gateway did, by both times of the clock. */
  readonly started: { readonly atMs: number; readonly monotonicMs: number };
  /** Reads and writes the files of tenants. */
  readonly tenantFiles: TenantFiles;
}

/** Taps at one time. */
const MAX_TAPS = 4;
/** How much longer than its duration a CPU profile may take, and how long a heap snapshot, milliseconds. */
const CPU_GRACE_MS = 10_000;
const HEAP_TIMEOUT_MS = 120_000;
/** How long a thread may take to say how its exporters do, milliseconds: a status comes soon, with or without it. */
const STATUS_TIMEOUT_MS = 1_000;
/** How often a queue that is drained is looked at, milliseconds. */
const DRAIN_LOOK_MS = 50;

export class GatewayAdmin implements AdminControl {
  readonly audit: AuditLog;
  readonly tenants: TenantAdmin;
  readonly #options: GatewayAdminOptions;
  readonly #hub: ThreadHub;
  readonly #rates: Rates;
  readonly #taps = new Set<Tap>();
  #level: { readonly level: LogLevel; readonly config: unknown } | undefined;
  #isProfiling = false;
  #isStopping = false;

  constructor(options: GatewayAdminOptions) {
    const { gateway, clock, channel } = options;
    this.#options = options;
    this.audit = options.audit;
    this.#hub = new ThreadHub(channel, () => gateway.threads);
    this.#rates = options.rates;
    this.tenants = new GatewayTenants({
      directory: gateway.tenants,
      control: createTenantControl({ directory: gateway.tenants, files: options.tenantFiles, clock }),
      usage: async (asked) => {
        await gateway.reportUsage();
        return gateway.usage.query(asked);
      },
      refusals: (tenant) => this.#hub.askAll({ type: "refusals", tenant }),
      unknownRefusals: () => this.#hub.askAll({ type: "unknown_refusals" }),
      fleet: () => gateway.fleet.status,
      clock,
    });
  }

  /** Ends taps; the probe of readiness fails from now on. */
  stopping(): void {
    this.#isStopping = true;
    for (const tap of this.#taps) tap.end("shutdown");
  }

  close(): void {
    this.stopping();
    this.#hub.close();
  }

  probe(kind: ProbeKind): Probe {
    if (kind !== "ready" || (this.#options.gateway.ready && !this.#isStopping)) return { ok: true, reason: "" };
    return { ok: false, reason: this.#isStopping ? "the gateway stops" : "the gateway takes no data now" };
  }

  async status(): Promise<Status> {
    const { gateway, clock, version, started } = this.#options;
    const told = (await this.#hub.askAll({ type: "destinations" }, STATUS_TIMEOUT_MS)).flat();
    const { threads, workers, config } = gateway;
    return {
      build: { version, deno: Deno.version.deno, v8: Deno.version.v8, typescript: Deno.version.typescript },
      state: this.#isStopping ? "stopping" : gateway.ready ? "ready" : "not_ready",
      started_at_ms: started.atMs,
      uptime_ms: clock.monotonicMs() - started.monotonicMs,
      pid: Deno.pid,
      threads: [...this.#profiledThreads()],
      workers: { wanted: workers, alive: threads.length },
      config: entryView(this.#options.manager.current().entry),
      pipelines: config.pipelines.size,
      components: countUsed(config),
      ...exporterStates(told, clock.nowMs()),
      memory_rss_bytes: Deno.memoryUsage().rss,
    };
  }

  version(): string {
    return this.#options.manager.current().entry.version;
  }

  config(): EffectiveConfig {
    const { entry, resolved } = this.#options.manager.current();
    return { entry: entryView(entry), yaml: showConfig(resolved, REGISTRY) };
  }

  configValues(): readonly ConfigValue[] {
    return configValues(this.#options.manager.current().resolved);
  }

  async checkConfig(request: ConfigRequest): Promise<ConfigCheck & ConfigDiff> {
    const { problems, obstacles, version, diff } = await this.#check(request);
    return {
      valid: problems.every(({ severity }) => severity === "warning") && obstacles.length === 0,
      problems: problems.map(placed),
      obstacles: [...obstacles],
      version,
      running_version: this.version(),
      diff,
    };
  }

  /** A `set` of another form is a problem like any other. */
  async #check(request: ConfigRequest): Promise<CheckedChange> {
    try {
      return await this.#options.manager.check(sourcesOf(request));
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      return { problems: thrown.problems, obstacles: [], diff: "", version: "" };
    }
  }

  async applyConfig(request: ConfigRequest, { who, ifMatch: ifVersion }: Change): Promise<Applied> {
    const sources = sourcesOf(request);
    return appliedView(await this.#options.manager.apply({ sources, who, origin: "admin", ifVersion }));
  }

  async reloadConfig({ who }: Change): Promise<Applied> {
    return appliedView(await this.#options.manager.reload(who, "admin"));
  }

  async rollbackConfig(id: number, { who, ifMatch }: Change): Promise<Applied> {
    const asked = this.#options.manager.history().find((entry) => entry.id === id);
    if (asked?.outcome === "failed") {
      throw new ConflictError(`Cannot go back to entry ${id}: it never ran: ${asked.reasons[0] ?? "it did not start"}`);
    }
    return appliedView(await this.#options.manager.rollback(id, who, ifMatch));
  }

  history(): readonly HistoryEntry[] {
    return this.#options.manager.history().map(entryView);
  }

  graph(): GraphView {
    return graphView(this.#options.gateway.config, this.version(), this.#rates.read());
  }

  async components(): Promise<readonly ComponentView[]> {
    const { config, resolved } = this.#options.manager.current();
    const told = (await this.#hub.askAll({ type: "errors" })).flat();
    const errors = new Map<string, RecentError[]>();
    for (const [component, own] of told) errors.set(component, [...errors.get(component) ?? [], ...own]);
    return componentViews({ config, reading: this.#rates.read(), textOf: sectionTexts(resolved), errors });
  }

  async queues(): Promise<readonly Queue[]> {
    const told = (await this.#hub.askAll({ type: "queues" })).flat();
    const byNode = Map.groupBy(told, ({ node }) => node);
    return [...byNode].map(([node, parts]) => queueView(node, parts));
  }

  async setQueueState(id: string, state: QueueState): Promise<Queue> {
    await this.#queue(id);
    await this.#hub.askAll({ type: "pause", node: id, paused: state === "paused" });
    return await this.#queue(id);
  }

  async drainQueue(id: string, timeoutMs: number): Promise<Drained> {
    const { clock } = this.#options;
    if ((await this.#queue(id)).state === "paused") {
      throw new ConflictError("Cannot drain the queue: it is paused, wanted it to run");
    }
    const startedMs = clock.monotonicMs();
    await this.#hub.askAll({ type: "hurry", node: id });
    for (;;) {
      const queue = await this.#queue(id);
      const elapsedMs = clock.monotonicMs() - startedMs;
      // What came meanwhile does not count.
      const drained = queue.oldest_age_ms === null || queue.oldest_age_ms < elapsedMs;
      if (drained || elapsedMs >= timeoutMs) return { drained, queue };
      await sleep(clock, DRAIN_LOOK_MS, new AbortController().signal);
    }
  }

  logLevel(): LogLevelView {
    const { config } = this.#options.gateway;
    const configured = config.telemetry.logs.level;
    return { level: this.#level?.config === config ? this.#level.level : configured, configured };
  }

  setLogLevel(level: LogLevel): LogLevelView {
    const { gateway } = this.#options;
    gateway.setLogLevel(level);
    this.#level = { level, config: gateway.config };
    return this.logLevel();
  }

  tap(node: string, query: TapQuery, abort: AbortSignal): AsyncIterable<TapEvent> {
    const nodes = nodesOf(this.#options.gateway.config).map(({ id }) => id);
    if (!nodes.includes(node)) throw unknownName("node", node, nodes);
    if (this.#taps.size >= MAX_TAPS) {
      throw new BusyError(`Cannot tap: there are ${MAX_TAPS} taps, wanted one of them to end`, { retryAfterMs: 5_000 });
    }
    const { tap } = openTap(this.#hub, node, query, this.#options.clock, () => this.#taps.delete(tap));
    this.#taps.add(tap);
    abort.addEventListener("abort", () => void tap.return(), { once: true });
    return tap;
  }

  /** Its module is loaded with it: the language is a fifth of the memory at rest, and few ask. */
  async tryOttl(request: OttlRequest): Promise<OttlTrial> {
    const { tryOttl } = await import("./ottl_trial.ts");
    return tryOttl(request);
  }

  async cpuProfile({ thread, duration_ms: durationMs }: ProfileRequest, _abort: AbortSignal): Promise<CpuProfile> {
    return await this.#profile(
      thread,
      () => this.#hub.ask(thread, { type: "cpu", durationMs }, durationMs + CPU_GRACE_MS),
    );
  }

  async heapSnapshot(thread: string): Promise<HeapSnapshot> {
    const { stateDir, clock } = this.#options;
    if (stateDir === undefined) {
      throw new ConflictError("Cannot write a heap snapshot: there is no state directory, wanted --state-dir");
    }
    const time = new Date(clock.nowMs()).toISOString().replaceAll(":", "-");
    const path = `${stateDir}/heap-${thread}-${time}.heapsnapshot`;
    const bytes = await this.#profile(thread, () => this.#hub.ask(thread, { type: "heap", path }, HEAP_TIMEOUT_MS));
    return { path, bytes };
  }

  async #profile<T>(thread: string, make: () => Promise<T>): Promise<T> {
    if (!this.#profiledThreads().has(thread)) throw unknownName("thread", thread, [...this.#profiledThreads()]);
    if (this.#isProfiling) throw new BusyError("Cannot profile: a profile is being made, wanted it to end first");
    this.#isProfiling = true;
    try {
      return await make();
    } catch (thrown) {
      this.#options.gateway.logger.warn("admin: a profile could not be made", { thread, error: describeError(thrown) });
      throw thrown;
    } finally {
      this.#isProfiling = false;
    }
  }

  #profiledThreads(): ReadonlySet<string> {
    return new Set([CONTROL_THREAD, ...this.#options.gateway.threads]);
  }

  async #queue(id: string): Promise<Queue> {
    const queues = await this.queues();
    const queue = queues.find((each) => each.id === id);
    if (queue === undefined) throw unknownName("queue", id, queues.map((each) => each.id));
    return queue;
  }
}

function sourcesOf({ sources, set }: ConfigRequest): Sources {
  const configs = sources.map(({ name, text }) => ({ kind: "text" as const, name: `${REMOTE_PREFIX}${name}`, text }));
  return { configs, sets: set.map(parseSetSource) };
}
