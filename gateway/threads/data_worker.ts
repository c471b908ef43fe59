/**
 * A data worker: receives, processes and exports in a thread of its own, with listeners that share their ports with the
 * other workers. Does what the control thread asks (`messages.ts`), one request at a time.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { ThreadMeter } from "../../pipeline/core/telemetry/store.ts";
import { Tracer } from "../../pipeline/core/telemetry/trace.ts";
import { buildParts, buildPipelines, type GraphDeps } from "../../pipeline/graph/build.ts";
import { failuresOf } from "../../pipeline/graph/graph.ts";
import type { Build } from "../../pipeline/graph/live_graph.ts";
import { loadComponentsOf, REGISTRY } from "../../pipeline/graph/registry.ts";
import type { TenantSnapshot } from "../../pipeline/tenants/table/table.ts";
import { serveHttp } from "../../routes/listener.ts";
import { RecentErrors } from "../admin/recent_errors.ts";
import { ThreadAdmin } from "../admin/thread_admin.ts";
import { exclusive } from "./exclusive_listener.ts";
import { ListenerHub } from "./listener_hub.ts";
import { LiveParts } from "./live_parts.ts";
import { openLog, type OwnLog } from "../telemetry/logging.ts";
import type { FromWorker, ToWorker, WorkerAnswer, WorkerSetup } from "./messages.ts";
import { reportHeap } from "../telemetry/process_metrics.ts";
import { ownTelemetry } from "../telemetry/own_telemetry.ts";
import { queuesOf, ThreadTenants } from "../tenants/thread_tenants.ts";
import { createThreadMemory } from "./thread_memory.ts";

class DataWorker {
  readonly #hub = new ListenerHub((server, app) => (this.#probe ? exclusive(serveHttp) : serveHttp)(server, app));
  #setup: WorkerSetup | undefined;
  #parts: LiveParts | undefined;
  #log: OwnLog | undefined;
  #tenants: ThreadTenants | undefined;
  /** Tenants that came while it prepared for the first time. */
  #early: TenantSnapshot | undefined;
  /** Prepared, and not yet given the traffic. */
  #next: GatewayConfig | undefined;
  /** Whether ports are opened by the first worker, before the others. */
  #probe = false;

  async handle(message: ToWorker): Promise<WorkerAnswer | undefined> {
    switch (message.type) {
      case "setup":
        this.#setup = message.setup;
        return DONE;
      case "prepare": {
        this.#probe = message.probe;
        const { config } = message;
        await loadComponentsOf(config);
        this.#parts ??= this.#open(config);
        await this.#tenants?.prepare(message.tenants);
        const change = await this.#parts.prepare(config);
        this.#next = config;
        return { type: "prepared", change };
      }
      case "flip":
        void this.#flip(message.number, message.drainMs);
        return DONE;
      case "log_level":
        this.#log?.setLevel(message.level);
        return undefined;
      case "tenants":
        if (this.#tenants === undefined) this.#early = message.snapshot;
        else this.#tenants.use(message.snapshot);
        tell({ type: "heard", number: message.number });
        return undefined;
      case "report_usage":
        this.#tenants?.usage.flush();
        tell({ type: "heard", number: message.number });
        return undefined;
      case "discard":
        this.#tenants?.discard();
        await this.#parts?.discard();
        return DONE;
      case "shutdown":
        return {
          type: "stopped",
          drained: await this.#parts?.shutdown(AbortSignal.timeout(message.deadlineMs)) ?? true,
        };
    }
  }

  async #flip(number: number, drainMs: number): Promise<void> {
    if (this.#next !== undefined) this.#log?.setLevel(this.#next.telemetry.logs.level);
    this.#next = undefined;
    this.#tenants?.flip();
    const drained = await this.#parts?.flip(drainMs);
    tell({ type: "drained", flip: number, drained: drained ?? true });
  }

  #open(config: GatewayConfig): LiveParts {
    if (this.#setup === undefined) throw new TypeError("Cannot prepare: the worker is not set up");
    const { thread, number, region, memory, resource, adminChannel: channel } = this.#setup;
    const { tee } = this.#log = openLog(config, systemClock, resource, { thread });
    const errors = new RecentErrors(systemClock);
    const logger = errors.listenTo(this.#log.logger);
    const meter = new ThreadMeter(region, (series) => tell({ type: "series", series }), {
      onOverflow: (metric) => logger.warn("Own metrics have more series than there is room for", { metric }),
    });
    reportHeap(meter);
    const tracer = new Tracer(Math.random);
    const own = { logger, meter, clock: systemClock, random: Math.random, memory: createThreadMemory(memory) };
    const queues = () => queuesOf(this.#parts?.instances ?? new Map());
    const tenants = this.#tenants = new ThreadTenants({
      ...own,
      thread: number,
      queues,
      report: (report) => tell({ type: "usage", report }),
    });
    if (this.#early !== undefined) tenants.use(this.#early);
    const { gateOf, usage } = tenants;
    const deps: GraphDeps = { ...own, registry: REGISTRY, serveHttp: this.#hub.serveHttp, tracer, gateOf, usage };
    const telemetry: Build = (next, before) =>
      buildParts(ownTelemetry(next.telemetry, { ...deps, resource, tracer, tee }), deps, before);
    const pipelines: Build = (next, before) => buildPipelines(next, deps, before);
    const parts = new LiveParts([telemetry, tenants.build, pipelines], this.#hub);
    if (channel !== undefined) {
      const { refusals } = tenants;
      new ThreadAdmin({ channel, thread, errors, refusals, clock: systemClock, instances: () => parts.instances });
    }
    return parts;
  }
}

const DONE: WorkerAnswer = { type: "done" };

function tell(message: FromWorker): void {
  self.postMessage(message);
}

const worker = new DataWorker();

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  try {
    const answer = await worker.handle(data);
    if (answer !== undefined) tell(answer);
  } catch (thrown) {
    tell({ type: "failed", problems: failuresOf("data worker", thrown) });
  }
};

tell({ type: "loaded" });
