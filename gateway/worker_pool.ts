/**
 * The data workers: built and started together or not at all, started again when one dies.
 *
 * What a dead worker had in flight is lost with its connections: its senders see a reset and retry.
 *
 * @module
 */

import { type Clock, sleep } from "../pipeline/core/clock.ts";
import { describeError, type Logger } from "../pipeline/core/log.ts";
import type { SeriesAnnouncement } from "../pipeline/core/telemetry_store.ts";
import { failuresOf, GraphError } from "../pipeline/graph/graph.ts";
import type { WorkerSetup } from "./messages.ts";
import { WorkerHandle } from "./worker_handle.ts";

export interface WorkerPoolOptions {
  /** How many workers, 1 or more. */
  readonly count: number;
  readonly spawn: () => Worker;
  /** Makes what a worker shares with the control thread; asked again for each worker that replaces a dead one. */
  readonly setup: (thread: string) => WorkerSetup;
  readonly onSeries: (thread: string, series: SeriesAnnouncement) => void;
  /** A worker died: what it shared is not written any more. */
  readonly onGone: (thread: string) => void;
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

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #running = new Map<string, WorkerHandle>();
  readonly #stop = new AbortController();
  #givenUp = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Workers that run now. */
  get size(): number {
    return this.#running.size;
  }

  /**
   * Builds all workers, then starts them; the first alone, because only it can tell a port that others hold.
   *
   * @throws {GraphError} With each different problem of all workers. None runs.
   */
  async start(): Promise<void> {
    const threads = Array.from({ length: this.#options.count }, (_, index) => `worker-${index + 1}`);
    const made = threads.map((thread) => ({ thread, handle: this.#spawn(thread) }));
    const [first, ...rest] = made;
    try {
      await allOrProblems(made.map(({ thread, handle }) => handle.build(this.#options.setup(thread))));
      await allOrProblems([first].map((worker) => worker?.handle.start(true)));
      await allOrProblems(rest.map(({ handle }) => handle.start(false)));
    } catch (thrown) {
      for (const { handle } of made) handle.terminate();
      throw thrown;
    }
    for (const { thread, handle } of made) this.#supervise(thread, handle, 0);
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

  #spawn(thread: string): WorkerHandle {
    return new WorkerHandle(this.#options.spawn(), (series) => this.#options.onSeries(thread, series));
  }

  /** Watches a worker that runs. @param failures In a row before it started. */
  #supervise(thread: string, handle: WorkerHandle, failures: number): void {
    const startedMs = this.#options.clock.monotonicMs();
    this.#running.set(thread, handle);
    void handle.died.then((reason) => {
      this.#running.delete(thread);
      this.#options.onGone(thread);
      if (this.#stop.signal.aborted) return;
      const stable = this.#options.clock.monotonicMs() - startedMs >= STABLE_MS;
      return this.#restart(thread, reason, stable ? 1 : failures + 1);
    });
  }

  async #restart(thread: string, reason: string, failures: number): Promise<void> {
    const { clock, logger, onGivenUp, onGone, setup } = this.#options;
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
      await handle.build(setup(thread));
      await handle.start(false);
    } catch (thrown) {
      handle.terminate();
      onGone(thread);
      return this.#restart(thread, describeError(thrown), failures + 1);
    }
    if (this.#stop.signal.aborted) return handle.terminate();
    logger.info("A data worker is back", { thread });
    this.#supervise(thread, handle, failures);
  }
}

/** Waits for all; every different problem of those that failed, in one error. */
async function allOrProblems(work: readonly (Promise<void> | undefined)[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const problems = results.flatMap((result) =>
    result.status === "rejected" ? failuresOf("data worker", result.reason) : []
  );
  if (problems.length > 0) throw new GraphError("start", [...new Set(problems)]);
}
