/**
 * One data worker as the control thread sees it: requests that it answers, and the moment that it dies.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import type { LogLevel } from "../../pipeline/core/log/logger.ts";
import type { SeriesAnnouncement } from "../../pipeline/core/telemetry/store.ts";
import { GraphError } from "../../pipeline/graph/graph.ts";
import { type GraphChange, NO_CHANGE } from "../../pipeline/graph/live_graph.ts";
import type { TenantSnapshot } from "../../pipeline/tenants/table/table.ts";
import type { UsageReport } from "../../pipeline/tenants/usage/usage.ts";
import type { FromWorker, ToWorker, WorkerAnswer, WorkerSetup } from "./messages.ts";

/** What a worker is to run. */
export interface WorkerConfig {
  readonly config: GatewayConfig;
  /** Undefined: the configuration knows none. */
  readonly tenants: TenantSnapshot | undefined;
}

interface Pending {
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (reason: Error) => void;
}

/** How long a worker may take to build and start a graph, milliseconds: longer than the graph allows a component. */
const START_TIMEOUT_MS = 90_000;
/** How long it may take for what is done at once, milliseconds. */
const PROMPT_TIMEOUT_MS = 10_000;
/** How long after the deadline of a shutdown a worker may still answer, milliseconds. */
const STOP_GRACE_MS = 5_000;

export class WorkerHandle {
  readonly #deaths = Promise.withResolvers<string>();
  /** Settles with the reason when the worker dies of itself or is killed; never when it is terminated. */
  readonly died: Promise<string> = this.#deaths.promise;
  readonly #worker: Worker;
  readonly #loaded = Promise.withResolvers<void>();
  /** Told when the pipelines before a flip are gone; by the flip's number. */
  readonly #draining = new Map<number, (drained: boolean) => void>();
  /** What was said to it beside its requests, by number: told when it is done. */
  readonly #said = new Map<number, () => void>();
  #sayings = 0;
  #flips = 0;
  #pending: Pending | undefined;
  /** Why it died. */
  #death: string | undefined;

  constructor(
    worker: Worker,
    onSeries: (series: SeriesAnnouncement) => void,
    onUsage: (report: UsageReport) => void,
  ) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "loaded") this.#loaded.resolve();
      else if (data.type === "series") onSeries(data.series);
      else if (data.type === "usage") onUsage(data.report);
      else if (data.type === "drained") this.#drained(data.flip, data.drained);
      else if (data.type === "heard") this.#heard(data.number);
      else this.#settle(data);
    };
    worker.onerror = (event) => {
      event.preventDefault(); // otherwise it would end the control thread too
      this.#die(event.message);
    };
  }

  async setUp(setup: WorkerSetup): Promise<void> {
    await this.#ask({ type: "setup", setup }, START_TIMEOUT_MS);
  }

  /** @throws {GraphError} With the worker's problems; nothing has changed. */
  async prepare({ config, tenants }: WorkerConfig, probe: boolean): Promise<GraphChange> {
    const answer = await this.#ask({ type: "prepare", config, tenants, probe }, START_TIMEOUT_MS);
    return answer.type === "prepared" ? answer.change : NO_CHANGE;
  }

  /** Gives what was prepared the traffic. @returns Settles later: whether what was before it was drained. */
  async flip(drainMs: number): Promise<{ readonly drained: Promise<boolean> }> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const number = this.#flips++;
    this.#draining.set(number, resolve);
    await this.#ask({ type: "flip", number, drainMs }, PROMPT_TIMEOUT_MS);
    return { drained: promise };
  }

  async discard(): Promise<void> {
    await this.#ask({ type: "discard" }, PROMPT_TIMEOUT_MS);
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

  setLogLevel(level: LogLevel): void {
    this.#tell({ type: "log_level", level });
  }

  /** Settles when it uses them: the thread may be at work for a while. */
  setTenants(snapshot: TenantSnapshot): Promise<void> {
    return this.#say((number) => ({ type: "tenants", number, snapshot }));
  }

  /** Settles when what its tenants used until now is reported. */
  reportUsage(): Promise<void> {
    return this.#say((number) => ({ type: "report_usage", number }));
  }

  /** Ends a worker that does not do as it should, as if it had died. */
  kill(reason: string): void {
    this.#worker.terminate();
    this.#die(reason);
  }

  terminate(): void {
    this.#worker.terminate();
  }

  async #ask(message: ToWorker, timeoutMs: number): Promise<WorkerAnswer> {
    if (this.#death !== undefined) throw new Error(`Cannot "${message.type}" a data worker: ${this.#death}`);
    const { promise, resolve, reject } = Promise.withResolvers<WorkerAnswer>();
    this.#pending = { resolve, reject };
    const timer = setTimeout(() => {
      this.#pending = undefined;
      reject(new Error(`Cannot "${message.type}" a data worker: no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    this.#tell(message);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #tell(message: ToWorker): void {
    void this.#loaded.promise.then(() => this.#worker.postMessage(message));
  }

  #die(reason: string): void {
    if (this.#death !== undefined) return;
    this.#death = reason;
    this.#pending?.reject(new Error(reason));
    this.#pending = undefined;
    for (const number of [...this.#draining.keys()]) this.#drained(number, false);
    for (const number of [...this.#said.keys()]) this.#heard(number); // nobody will ask it any more
    this.#deaths.resolve(reason);
  }

  #say(message: (number: number) => ToWorker): Promise<void> {
    if (this.#death !== undefined) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const number = this.#sayings++;
    this.#said.set(number, resolve);
    this.#tell(message(number));
    return promise;
  }

  #heard(number: number): void {
    this.#said.get(number)?.();
    this.#said.delete(number);
  }

  #drained(flip: number, drained: boolean): void {
    this.#draining.get(flip)?.(drained);
    this.#draining.delete(flip);
  }

  #settle(answer: WorkerAnswer): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (answer.type === "failed") pending?.reject(new GraphError("start", answer.problems));
    else pending?.resolve(answer);
  }
}
