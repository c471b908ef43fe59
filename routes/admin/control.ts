/**
 * What the admin routes ask of the gateway that runs. `gateway/admin/` implements it; tests have one in memory.
 *
 * @module
 */

import { GatewayError } from "../../pipeline/core/errors.ts";
import type { LogLevel } from "../../pipeline/core/log/logger.ts";
import type { Audit } from "../api/app.ts";
import type { AuditEntry } from "../api/schemas.ts";
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
} from "./schemas.ts";
import type { TenantAdmin } from "./tenants/control.ts";

export type ProbeKind = "live" | "ready" | "started";

/** Who changes something, and what he has seen of it. */
export interface Change {
  /** The name of a token, or `local` where none is asked for. */
  readonly who: string;
  /** The version of a configuration, or the state or level that must be the present one. Absent: any. */
  readonly ifMatch: string | undefined;
}

export interface AdminControl {
  probe(kind: ProbeKind): Probe;
  status(): Promise<Status>;
  /** The version that runs: the ETag of the configuration. */
  version(): string;
  config(): EffectiveConfig;
  /** Every value of the effective configuration, defaults among them, in the order of the document. */
  configValues(): readonly ConfigValue[];
  checkConfig(request: ConfigRequest): Promise<ConfigCheck & ConfigDiff>;
  /**
   * Goes over to another configuration; settles when it has the traffic.
   *
   * @throws {ConfigError} With every problem; nothing has changed.
   * @throws {GraphError} With every component that could not be created or started; nothing has changed.
   * @throws {GatewayError} 412: another one runs than the change is for. 503: too many changes at once.
   */
  applyConfig(request: ConfigRequest, change: Change): Promise<Applied>;
  /** Reads again what the process was started with. Otherwise as `applyConfig`. */
  reloadConfig(change: Change): Promise<Applied>;
  /** @throws {NotFoundError} The history has no such entry. Otherwise as `applyConfig`. */
  rollbackConfig(id: number, change: Change): Promise<Applied>;
  /** The newest first. */
  history(): readonly HistoryEntry[];
  graph(): GraphView;
  components(): Promise<readonly ComponentView[]>;
  queues(): Promise<readonly Queue[]>;
  /** On all threads. @throws {NotFoundError} */
  setQueueState(id: string, state: QueueState): Promise<Queue>;
  /**
   * Sends what is queued without waiting for batches to fill.
   *
   * @throws {NotFoundError}
   * @throws {ConflictError} It is paused.
   */
  drainQueue(id: string, timeoutMs: number): Promise<Drained>;
  logLevel(): LogLevelView;
  setLogLevel(level: LogLevel): LogLevelView;
  /**
   * Samples what goes into a node (of a receiver: what comes out of it), masked. Ends by itself, and at `abort`.
   *
   * @throws {NotFoundError}
   * @throws {BusyError} There are as many taps as there may be.
   */
  tap(node: string, query: TapQuery, abort: AbortSignal): AsyncIterable<TapEvent>;
  /** @throws {RefusedError} The statements do not load, or the payload cannot be read. */
  tryOttl(request: OttlRequest): Promise<OttlTrial>;
  /** @throws {NotFoundError} No such thread. @throws {BusyError} One is being made. */
  cpuProfile(request: ProfileRequest, abort: AbortSignal): Promise<CpuProfile>;
  /** As `cpuProfile`. @throws {ConflictError} There is no state directory to write it to. */
  heapSnapshot(thread: string): Promise<HeapSnapshot>;
  readonly tenants: TenantAdmin;
  readonly audit: AuditLog;
}

/** What was changed, by whom, and what came of it. */
export interface AuditLog extends Audit {
  /** The newest first. */
  list(): readonly AuditEntry[];
}

export { ConflictError, NotFoundError } from "../../pipeline/core/asked_errors.ts";

/** What was asked for makes no sense to the gateway, in a well-formed request: 422. */
export class RefusedError extends GatewayError {
  readonly code = "invalid_argument";
  readonly retryable = false;
  override get httpStatus(): number {
    return 422;
  }
}

/** Too many of them at once: 429. */
export class BusyError extends GatewayError {
  readonly code = "resource_exhausted";
  readonly retryable = true;
}
