/**
 * What the control thread and a data worker say to each other. Bodies are never among it.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import type { SeriesAnnouncement } from "../../pipeline/core/telemetry/store.ts";
import type { LogLevel } from "../../pipeline/core/log/logger.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";
import type { GraphChange } from "../../pipeline/graph/live_graph.ts";
import type { TenantSnapshot } from "../../pipeline/tenants/table/table.ts";
import type { UsageReport } from "../../pipeline/tenants/usage/usage.ts";
import type { MemoryCells } from "./thread_memory.ts";

/** What a worker shares with the control thread. */
export interface WorkerSetup {
  /** Its name in logs: `worker-1`. */
  readonly thread: string;
  /** Its number among the data workers, from 0. */
  readonly number: number;
  /** Its metrics; it is the only writer. */
  readonly region: SharedArrayBuffer;
  readonly memory: MemoryCells;
  /** Of the channel that the admin API asks over. Absent: there is none. */
  readonly adminChannel: string | undefined;
  /** What its spans and log records say they come from. */
  readonly resource: Attributes;
}

export type ToWorker =
  | { readonly type: "setup"; readonly setup: WorkerSetup }
  /**
   * Build and start the pipelines of a configuration, checked, beside those that run. `probe`: check that nobody else has the
   * ports; only the first worker can, since the others share them with it. `tenants`: who there is from the flip on.
   */
  | {
    readonly type: "prepare";
    readonly config: GatewayConfig;
    readonly tenants: TenantSnapshot | undefined;
    readonly probe: boolean;
  }
  /** Give what was prepared the traffic; what was before it is drained until the deadline, milliseconds from now. */
  | { readonly type: "flip"; readonly number: number; readonly drainMs: number }
  /** Log from this level on. No answer. */
  | { readonly type: "log_level"; readonly level: LogLevel }
  /** Tenants have changed: use these from now on. `heard` when they are used. */
  | { readonly type: "tenants"; readonly number: number; readonly snapshot: TenantSnapshot }
  /** Report what tenants used until now. `heard` after the report. */
  | { readonly type: "report_usage"; readonly number: number }
  /** Stop what was prepared. */
  | { readonly type: "discard" }
  | { readonly type: "shutdown"; readonly deadlineMs: number };

/** The answer to each request, in the order of the requests. */
export type WorkerAnswer =
  | { readonly type: "done" }
  | { readonly type: "prepared"; readonly change: GraphChange }
  | { readonly type: "stopped"; readonly drained: boolean }
  /** The request failed; each problem names its component. */
  | { readonly type: "failed"; readonly problems: readonly string[] };

export type FromWorker =
  | WorkerAnswer
  /** It listens now. What is posted to a worker before its modules are loaded may be lost (a top-level await is enough). */
  | { readonly type: "loaded" }
  | { readonly type: "series"; readonly series: SeriesAnnouncement }
  /** What its tenants used in the last seconds. */
  | { readonly type: "usage"; readonly report: UsageReport }
  /** What the control thread said under that number is done. */
  | { readonly type: "heard"; readonly number: number }
  /** The pipelines before a flip are gone; `drained` is false when something was given up. */
  | { readonly type: "drained"; readonly flip: number; readonly drained: boolean };
