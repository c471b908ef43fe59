/**
 * An AdminControl without a gateway: for tests of the routes.
 *
 * @module
 */

import {
  type AdminControl,
  BusyError,
  type Change,
  ConflictError,
  NotFoundError,
  RefusedError,
} from "../../routes/admin/control.ts";
import type {
  Applied,
  ConfigRequest,
  HistoryEntry,
  LogLevelView,
  Queue,
  QueueState,
  TapEvent,
} from "../../routes/admin/schemas.ts";
import type { ExporterState } from "../../routes/admin/exporter_schema.ts";
import type { AuditRecord } from "../../routes/api/app.ts";
import type { AuditEntry } from "../../routes/api/schemas.ts";
import { ConfigError } from "../../pipeline/config/problem.ts";
import { MemoryTenants } from "./memory_tenants.ts";
import { GraphError } from "../../pipeline/graph/graph.ts";

const NODE = "exporter:otlp_http/eu:traces";

export class MemoryAdmin implements AdminControl {
  isReady = true;
  denials = 0;
  readonly tenants = new MemoryTenants();
  exporters: ExporterState[] = [];
  /** Of changes that are made from now on. */
  watch: Applied["watch"] = null;
  /** Taps that were told to end. */
  endedTaps = 0;
  readonly audits: AuditEntry[] = [];
  readonly entries: HistoryEntry[] = [entryOf(1, "start")];
  queue: Queue = {
    id: NODE,
    exporter: "otlp_http/eu",
    signal: "traces",
    state: "running",
    unit: "requests",
    depth: 3,
    capacity: 1_000,
    in_flight_requests: 1,
    waiting_requests: 0,
    oldest_age_ms: 12,
  };
  level: LogLevelView = { level: "info", configured: "info" };

  readonly audit = {
    record: (entry: AuditRecord) => void this.audits.unshift({ ...entry, id: this.audits.length + 1, at_ms: 1 }),
    list: () => this.audits,
    denied: () => void this.denials++,
  };

  probe() {
    return this.isReady ? { ok: true, reason: "" } : { ok: false, reason: "not ready" };
  }

  status() {
    return Promise.resolve({
      build: { version: "1.0.0", deno: "2", v8: "14", typescript: "6" },
      state: "ready" as const,
      started_at_ms: 1,
      uptime_ms: 2,
      pid: 7,
      threads: ["control"],
      workers: { wanted: 1, alive: 1 },
      config: this.#current(),
      pipelines: 1,
      components: 2,
      exporters: this.exporters,
      exporters_total: this.exporters.length,
      memory_rss_bytes: 1,
    });
  }

  version(): string {
    return this.#current().version;
  }

  config() {
    return { entry: this.#current(), yaml: "receivers: {}\n" };
  }

  configValues() {
    const origin = { kind: "file" as const, source: "a.yaml", line: 1, column: 1, expanded_from: [] };
    return [..."abcde"].map((path) => ({ path, value: "1", origin }));
  }

  checkConfig({ sources }: ConfigRequest) {
    const valid = !sources.some(({ text }) => text.includes("bad"));
    return Promise.resolve({
      valid,
      problems: valid ? [] : [PROBLEM],
      obstacles: [],
      version: "next",
      running_version: this.version(),
      diff: "+a",
    });
  }

  applyConfig({ sources }: ConfigRequest, change: Change): Promise<Applied> {
    const text = sources.map((source) => source.text).join("\n");
    if (text.includes("bad")) return Promise.reject(new ConfigError([PROBLEM]));
    if (text.includes("unstartable")) return Promise.reject(new GraphError("start", ["exporter a: port in use"]));
    if (text.includes("bug")) return Promise.reject(new TypeError("a secret of the inside"));
    return Promise.resolve(this.#add(change.who, "admin"));
  }

  reloadConfig({ who }: Change): Promise<Applied> {
    return Promise.resolve(this.#add(who, "admin"));
  }

  rollbackConfig(id: number, { who }: Change): Promise<Applied> {
    if (!this.entries.some((entry) => entry.id === id)) {
      return Promise.reject(new NotFoundError("Cannot find the entry"));
    }
    return Promise.resolve(this.#add(who, "rollback"));
  }

  history() {
    return this.entries;
  }

  graph() {
    const flow = { items_total: 1, items_per_second: null, bytes_per_second: null, errors_per_second: 0 };
    return {
      version: this.version(),
      nodes: [{
        id: NODE,
        kind: "exporter" as const,
        component: "otlp_http/eu",
        type: "otlp_http",
        pipeline: null,
        signals: ["traces" as const],
      }],
      edges: [{ from: "receiver:otlp", to: NODE, pipeline: "traces", signal: "traces" as const, flow }],
      window_ms: 1_000,
    };
  }

  components() {
    return Promise.resolve([{
      id: NODE,
      kind: "exporter" as const,
      component: "otlp_http/eu",
      type: "otlp_http",
      state: "running" as const,
      place: "a.yaml:1:1",
      pipelines: ["traces"],
      config: "endpoint: x\n",
      counters: [{ name: "otelcol_exporter_sent_spans", attributes: { exporter: "x" }, value: 1, per_second: null }],
      last_errors: [{ at_ms: 1, level: "warn" as const, message: "m" }],
    }]);
  }

  queues() {
    return Promise.resolve([this.queue]);
  }

  setQueueState(id: string, state: QueueState) {
    if (id !== NODE) return Promise.reject(new NotFoundError("Cannot find the queue"));
    this.queue = { ...this.queue, state };
    return Promise.resolve(this.queue);
  }

  drainQueue(id: string) {
    if (id !== NODE) return Promise.reject(new NotFoundError("Cannot find the queue"));
    if (this.queue.state === "paused") return Promise.reject(new ConflictError("Cannot drain it: it is paused"));
    return Promise.resolve({ drained: true, queue: this.queue });
  }

  logLevel() {
    return this.level;
  }

  setLogLevel(level: LogLevelView["level"]) {
    return this.level = { ...this.level, level };
  }

  tap(node: string, query: { max_samples: number }, abort: AbortSignal): AsyncIterable<TapEvent> {
    if (node === "receiver:busy") throw new BusyError("Cannot tap: too many taps");
    return this.#samples(query, abort);
  }

  async *#samples(query: { max_samples: number }, abort: AbortSignal): AsyncGenerator<TapEvent> {
    try {
      for (let sample = 0; sample < query.max_samples && !abort.aborted; sample++) {
        yield { type: "sample", thread: "control", at_ms: sample, signal: "traces", items: 1, bytes: 2, payload: {} };
      }
      yield { type: "end", reason: "max_samples", samples: query.max_samples, dropped: 0 };
    } finally {
      this.endedTaps++;
    }
  }

  // deno-lint-ignore require-await
  async tryOttl({ payload }: { payload: string }) {
    if (!payload.includes("resourceSpans")) throw new RefusedError("Cannot tell the signal");
    return { signal: "traces" as const, context: "span", payload, changes: [], failures: [], explanation: ["item 1"] };
  }

  cpuProfile() {
    return Promise.resolve({ nodes: [], startTime: 1, endTime: 2, samples: [], timeDeltas: [] });
  }

  heapSnapshot(thread: string) {
    if (thread !== "control") return Promise.reject(new NotFoundError("Cannot find the thread"));
    return Promise.reject(new ConflictError("Cannot write it: there is no state directory"));
  }

  #current(): HistoryEntry {
    const [entry] = this.entries;
    if (entry === undefined) throw new TypeError("the history is empty");
    return entry;
  }

  #add(who: string, origin: HistoryEntry["origin"]): Applied {
    this.entries.unshift({ ...entryOf(this.entries.length + 1, origin), who });
    return {
      entry: this.#current(),
      changed: true,
      kept: [],
      replaced: [],
      added: ["a"],
      removed: [],
      watch: this.watch,
    };
  }
}

const PROBLEM = {
  severity: "error" as const,
  path: "receivers::otlp",
  message: "is 7, wanted a map",
  file: "config.yaml",
  line: 3,
  column: 5,
};

function entryOf(id: number, origin: HistoryEntry["origin"]): HistoryEntry {
  return {
    id,
    at_ms: id,
    who: "tester",
    origin,
    outcome: "good",
    reasons: [],
    version: `v${id}`,
    diff: "",
    took_ms: 1,
  };
}
