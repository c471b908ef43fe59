/**
 * The data workers: started together or not at all, given a new configuration together or not at all, started again when
 * one dies.
 *
 * What a dead worker had in flight is lost with its connections: its senders see a reset and retry.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import { type Clock, sleep } from "../../pipeline/core/clock.ts";
import { describeError, type Logger, type LogLevel } from "../../pipeline/core/log/logger.ts";
import type { SeriesAnnouncement } from "../../pipeline/core/telemetry/store.ts";
import { failuresOf, GraphError } from "../../pipeline/graph/graph.ts";
import { type GraphChange, NO_CHANGE } from "../../pipeline/graph/live_graph.ts";
import type { TenantSnapshot } from "../../pipeline/tenants/table/table.ts";
import type { UsageReport } from "../../pipeline/tenants/usage/usage.ts";
import type { WorkerSetup } from "./messages.ts";
import { type WorkerConfig, WorkerHandle } from "./worker_handle.ts";

export interface WorkerPoolOptions {
  /** How many workers, 1 or more. */
  readonly count: number;
  readonly spawn: () => Worker;
  /** Makes what a worker shares with the control thread; asked again for each worker that replaces a dead one. */
  readonly setup: (thread: string, number: number) => WorkerSetup;
  readonly onSeries: (thread: string, series: SeriesAnnouncement) => void;
  readonly onUsage: (thread: string, report: UsageReport) => void;
  /** A worker died: what it shared is not written any more. */
  readonly onGone: (thread: string, number: number) => void;
  /** A worker cannot be kept alive; told once. */
  readonly onGivenUp: (reason: string) => void;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The first wait before a worker is started again; doubled with each failure, milliseconds. */
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;
/** A worker that lived this long has not failed to start: its next death begins a new count, milliseconds. */
const STABLE_MS = 60_000;
/** Failures in a row, deaths and failed starts, after which a worker is given up. */
export const MAX_FAILURES = 5;
/** How long is waited for workers that are busy, milliseconds. */
const HEARD_TIMEOUT_MS = 5_000;

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #threads: readonly string[];
  readonly #running = new Map<string, WorkerHandle>();
  /** Started again, and not yet among those that run: their listeners may be open already. */
  readonly #reviving = new Set<WorkerHandle>();
  readonly #stop = new AbortController();
  /** What workers that die are started again with. */
  #config: WorkerConfig | undefined;
  /** The latest tenants. */
  #tenants: TenantSnapshot | undefined;
  /** Prepared, and not yet given the traffic; a worker that comes back meanwhile is not among them. */
  #next: { readonly config: WorkerConfig; readonly handles: readonly WorkerHandle[] } | undefined;
  #givenUp = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#threads = Array.from({ length: options.count }, (_, index) => `worker-${index + 1}`);
  }

  /** Workers that run now. */
  get size(): number {
    return this.#running.size;
  }

  /** Names of those that run now. */
  get threads(): readonly string[] {
    return [...this.#running.keys()];
  }

  /**
   * Has every worker build and start a configuration beside the one that runs. The first time the workers themselves are
   * started, and one goes ahead, because only it can tell a port that others hold.
   *
   * @throws {GraphError} With each different problem of all workers. Nothing has changed.
   */
  async prepare(checked: GatewayConfig, tenants?: TenantSnapshot): Promise<GraphChange> {
    const config: WorkerConfig = { config: checked, tenants };
    const isFirst = this.#config === undefined;
    const workers = isFirst ? await this.#spawnAll() : [...this.#running.values()];
    const [first, ...rest] = workers;
    if (first === undefined) throw new GraphError("prepare", ["no data worker is alive, wanted one or more"]);
    this.#next = { config, handles: workers };
    try {
      const ahead = first.prepare(config, isFirst);
      if (isFirst) await allOrProblems([ahead]);
      const [change] = await allOrProblems([ahead, ...rest.map((handle) => handle.prepare(config, false))]);
      return change ?? NO_CHANGE;
    } catch (thrown) {
      if (isFirst) this.#abandon(workers);
      else await this.discard();
      throw thrown;
    }
  }

  /**
   * Gives what was prepared the traffic.
   *
   * @returns Settles later: whether what was before it was drained.
   */
  async flip(drainMs: number): Promise<{ readonly drained: Promise<boolean> }> {
    if (this.#next === undefined) throw new TypeError("Cannot flip: nothing is prepared");
    const { config, handles } = this.#next;
    const isFirst = this.#config === undefined;
    this.#config = config;
    this.#tenants = config.tenants;
    this.#next = undefined;
    const late = isFirst ? [] : [...this.#running.values()].filter((handle) => !handles.includes(handle));
    const drains = await Promise.all([
      ...handles.map((handle) => this.#flip(handle, drainMs)),
      ...late.map((handle) => this.#catchUp(handle, config, drainMs)),
    ]);
    if (isFirst) handles.forEach((handle, i) => this.#supervise(this.#threads[i] ?? "", handle, 0));
    return { drained: Promise.all(drains.map(({ drained }) => drained)).then((all) => !all.includes(false)) };
  }

  setLogLevel(level: LogLevel): void {
    for (const handle of this.#running.values()) handle.setLogLevel(level);
  }

  /** From the next request on of each worker. Settles when all use them, or when one has not for too long. */
  async setTenants(snapshot: TenantSnapshot): Promise<void> {
    this.#tenants = snapshot;
    await this.#inTime([...this.#running.values(), ...this.#reviving].map((handle) => handle.setTenants(snapshot)));
  }

  /** Settles when all have reported what tenants used until now, or when one has not for too long. */
  async reportUsage(): Promise<void> {
    await this.#inTime([...this.#running.values()].map((handle) => handle.reportUsage()));
  }

  /** Stops what was prepared. A worker that died meanwhile has nothing to stop. */
  async discard(): Promise<void> {
    const { handles = [] } = this.#next ?? {};
    this.#next = undefined;
    if (this.#config === undefined) this.#abandon(handles);
    else await Promise.allSettled(handles.map((handle) => handle.discard()));
  }

  /** Drains all workers. @returns Whether nothing was given up. */
  async shutdown(deadlineMs: number): Promise<boolean> {
    this.#stop.abort();
    const drained = await Promise.all(
      [...this.#running.values()].map(async (handle) => {
        const done = await handle.shutdown(deadlineMs);
        handle.terminate();
        return done;
      }),
    );
    this.#running.clear();
    return drained.every((done) => done);
  }

  async #inTime(done: readonly Promise<void>[]): Promise<void> {
    const { clock } = this.#options;
    const late = Promise.withResolvers<void>();
    const timer = clock.setTimer(late.resolve, HEARD_TIMEOUT_MS);
    await Promise.race([Promise.all(done), late.promise]);
    clock.clearTimer(timer);
  }

  /** A worker that does not flip is started again, with the configuration that the others have. */
  async #flip(handle: WorkerHandle, drainMs: number): Promise<{ readonly drained: Promise<boolean> | false }> {
    try {
      return await handle.flip(drainMs);
    } catch (thrown) {
      handle.kill(describeError(thrown));
      return { drained: false };
    }
  }

  /** One that came back after the others had prepared: it runs what was before. */
  async #catchUp(handle: WorkerHandle, config: WorkerConfig, drainMs: number) {
    try {
      await handle.prepare(config, false);
    } catch (thrown) {
      handle.kill(describeError(thrown));
    }
    return await this.#flip(handle, drainMs);
  }

  async #spawnAll(): Promise<WorkerHandle[]> {
    const handles = this.#threads.map((thread) => this.#spawn(thread));
    try {
      await allOrProblems(handles.map((handle, i) => handle.setUp(this.#setupOf(this.#threads[i] ?? ""))));
      return handles;
    } catch (thrown) {
      this.#abandon(handles);
      throw thrown;
    }
  }

  #abandon(handles: readonly WorkerHandle[]): void {
    for (const handle of handles) handle.terminate();
  }

  #spawn(thread: string): WorkerHandle {
    const { spawn, onSeries, onUsage } = this.#options;
    return new WorkerHandle(spawn(), (series) => onSeries(thread, series), (report) => onUsage(thread, report));
  }

  /** Watches a worker that runs. @param failures In a row before it started. */
  #supervise(thread: string, handle: WorkerHandle, failures: number): void {
    const startedMs = this.#options.clock.monotonicMs();
    this.#running.set(thread, handle);
    if (this.#tenants !== undefined) void handle.setTenants(this.#tenants); // they may have changed while it started
    void handle.died.then((reason) => {
      this.#running.delete(thread);
      this.#gone(thread);
      if (this.#stop.signal.aborted) return;
      const stable = this.#options.clock.monotonicMs() - startedMs >= STABLE_MS;
      return this.#restart(thread, reason, stable ? 1 : failures + 1);
    });
  }

  async #restart(thread: string, reason: string, failures: number): Promise<void> {
    const { clock, logger, onGivenUp } = this.#options;
    if (failures >= MAX_FAILURES) {
      if (!this.#givenUp) onGivenUp(`${thread} failed ${failures} times in a row, the last time with: ${reason}`);
      this.#givenUp = true;
      return;
    }
    const delayMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1));
    logger.error("A data worker died and is started again", { thread, error: reason, failures, delay_ms: delayMs });
    if (!await sleep(clock, delayMs, this.#stop.signal)) return;
    const handle = this.#spawn(thread);
    try {
      await this.#revive(thread, handle);
    } catch (thrown) {
      handle.terminate();
      this.#gone(thread);
      return this.#restart(thread, describeError(thrown), failures + 1);
    }
    if (this.#stop.signal.aborted) return handle.terminate();
    logger.info("A data worker is back", { thread });
    this.#supervise(thread, handle, failures);
  }

  #setupOf(thread: string): WorkerSetup {
    return this.#options.setup(thread, this.#threads.indexOf(thread));
  }

  #gone(thread: string): void {
    this.#options.onGone(thread, this.#threads.indexOf(thread));
  }

  /** Starts it with the configuration that runs; with a later one when that has changed meanwhile. */
  async #revive(thread: string, handle: WorkerHandle): Promise<void> {
    await handle.setUp(this.#setupOf(thread));
    this.#reviving.add(handle);
    try {
      let config: WorkerConfig | undefined;
      while (config !== this.#config && this.#config !== undefined) {
        config = this.#config;
        await handle.prepare({ ...config, tenants: this.#tenants }, false);
        await handle.flip(0);
      }
    } finally {
      this.#reviving.delete(handle);
    }
  }
}

/** Waits for all; every different problem of those that failed, in one error. */
async function allOrProblems<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  const problems = results.flatMap((result) =>
    result.status === "rejected" ? failuresOf("data worker", result.reason) : []
  );
  if (problems.length > 0) throw new GraphError("start", [...new Set(problems)]);
  return results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
}
