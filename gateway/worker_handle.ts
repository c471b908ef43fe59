/**
 * One data worker as the control thread sees it: requests that it answers, and the moment that it dies.
 *
 * @module
 */

import { GraphError } from "../pipeline/graph/graph.ts";
import type { SeriesAnnouncement } from "../pipeline/core/telemetry_store.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

type Answer = Exclude<FromWorker, { readonly type: "series" | "loaded" }>;

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: Error) => void;
}

/** How long a worker may take to build or start its graph, milliseconds: longer than the graph allows a component. */
const START_TIMEOUT_MS = 90_000;
/** How long after the deadline of a shutdown a worker may still answer, milliseconds. */
const STOP_GRACE_MS = 5_000;

export class WorkerHandle {
  /** Settles with the reason when the worker dies of itself; never when it is terminated. */
  readonly died: Promise<string>;
  readonly #worker: Worker;
  readonly #loaded = Promise.withResolvers<void>();
  #pending: Pending | undefined;

  constructor(worker: Worker, onSeries: (series: SeriesAnnouncement) => void) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "loaded") this.#loaded.resolve();
      else if (data.type === "series") onSeries(data.series);
      else this.#settle(data);
    };
    this.died = new Promise((resolve) => {
      worker.onerror = (event) => {
        event.preventDefault(); // otherwise it would end the control thread too
        this.#pending?.reject(new Error(event.message));
        this.#pending = undefined;
        resolve(event.message);
      };
    });
  }

  /** @throws {GraphError} With the worker's problems. */
  async build(setup: Extract<ToWorker, { readonly type: "build" }>): Promise<void> {
    await this.#ask(setup, START_TIMEOUT_MS);
  }

  /** @throws {GraphError} With the worker's problems. */
  async start(probe: boolean): Promise<void> {
    await this.#ask({ type: "start", probe }, START_TIMEOUT_MS);
  }

  /** Whether everything was drained; a worker that is gone or does not answer has not. */
  async shutdown(deadlineMs: number): Promise<boolean> {
    try {
      const answer = await this.#ask({ type: "shutdown", deadlineMs }, deadlineMs + STOP_GRACE_MS);
      return answer.type === "stopped" && answer.drained;
    } catch {
      return false;
    }
  }

  terminate(): void {
    this.#worker.terminate();
  }

  async #ask(message: ToWorker, timeoutMs: number): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#pending = { resolve, reject };
    const timer = setTimeout(() => {
      this.#pending = undefined;
      reject(new Error(`Cannot "${message.type}" a data worker: no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    void this.#loaded.promise.then(() => this.#worker.postMessage(message));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #settle(answer: Answer): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (answer.type === "failed") pending?.reject(new GraphError("start", answer.problems));
    else pending?.resolve(answer);
  }
}
