/**
 * A gateway that runs: its own metrics, its extensions, and the pipelines. It can be given another configuration while it
 * runs. `control_thread.ts` starts one.
 *
 * @module
 */

import type { GatewayConfig, ResolvedConfig } from "../pipeline/config/gateway_config.ts";
import type { ServeHttp } from "../pipeline/contract/http.ts";
import type { Logger, LogLevel } from "../pipeline/core/log/logger.ts";
import type { SeriesValue } from "../pipeline/core/telemetry/store.ts";
import type { Attributes, Meter } from "../pipeline/core/telemetry/meter.ts";
import type { GraphChange } from "../pipeline/graph/live_graph.ts";
import type { TenantDirectory } from "./tenants/directory.ts";
import type { TenantFiles } from "./tenants/tenant_files.ts";
import type { FleetLimits } from "./tenants/fleet/fleet.ts";
import type { UsageLedger } from "./tenants/usage/ledger.ts";

/** The name of the thread that runs it, and of the pipelines where there are no data workers. */
export const CONTROL_THREAD = "control";

export interface GatewayOptions {
  readonly resolved: ResolvedConfig;
  /**
   * Data workers. 0 and 1 are the same: the pipelines run in this thread, which saves the 30 MB that a second thread
   * costs before it does anything.
   */
  readonly workers: number;
  readonly version: string;
  /** `service.instance.id` of own telemetry, where the configuration has no other. Default: a new UUID. */
  readonly instanceId?: string | undefined;
  /** Opens listeners; for more than one worker theirs is the one of `data_worker.ts`. */
  readonly serveHttp: ServeHttp;
  /**
   * Tells what would keep a configuration from starting, before anything of it does. Absent: nothing is asked.
   *
   * @param held Endpoints that this gateway listens on.
   */
  readonly preflight?: (config: GatewayConfig, held: ReadonlySet<string>) => readonly string[];
  /** Of the channel that the admin API asks the threads over. Absent: they do not listen. */
  readonly adminChannel?: string;
  /** Reads `tenants_dir`. Absent: there are no files here, and a configuration that names one does not start. */
  readonly tenantFiles?: TenantFiles;
  /** Starts a data worker's thread. */
  readonly spawnWorker?: () => Worker;
}

/** A change of the configuration that was made. */
export interface AppliedConfig {
  readonly config: GatewayConfig;
  readonly change: GraphChange;
  /** From the parse to the flip, milliseconds. */
  readonly tookMs: number;
  /** Settles when what only the configuration before needed is gone: whether all that it held was delivered. */
  readonly drained: Promise<boolean>;
}

export interface Gateway {
  /** The configuration that runs. */
  readonly config: GatewayConfig;
  readonly logger: Logger;
  /** Of the control thread. */
  readonly meter: Meter;
  /** What own metrics, spans and log records say they come from. */
  readonly resource: Attributes;
  /** Everything has started, and somebody takes data. */
  readonly ready: boolean;
  /** Names of the threads that run pipelines now. */
  readonly threads: readonly string[];
  /** How many there should be. */
  readonly workers: number;
  /** Settles with the reason when the gateway cannot go on; never, while it can. */
  readonly broken: Promise<string>;
  /**
   * Goes over to another configuration: it is built and started beside the one that runs, on every thread, and then given
   * the traffic in one step. A second change waits for the first.
   *
   * @throws {ConfigError} With every problem of the configuration; nothing has changed.
   * @throws {GraphError} With every component that could not be created or started; nothing has changed.
   */
  apply(resolved: ResolvedConfig): Promise<AppliedConfig>;
  /** What would keep a configuration from starting now; empty when nothing is known of. */
  obstacles(config: GatewayConfig): readonly string[];
  /** The tenants that there are, and what is wrong with those that are not. */
  readonly tenants: TenantDirectory;
  /** What tenants use. */
  readonly usage: UsageLedger;
  /** Over which gateways the tenants' limits are, and whether that is up to date. */
  readonly fleet: FleetLimits;
  /** Settles when all threads have told what tenants used until now. */
  reportUsage(): Promise<void>;
  /** The own metrics of all threads. */
  collect(): readonly SeriesValue[];
  /** Logs from that level on, in all threads, until the next change of the configuration. */
  setLogLevel(level: LogLevel): void;
  /**
   * Stops receiving, then drains.
   *
   * @param deadlineMs When what is left is given up, milliseconds from now.
   * @returns Whether everything was delivered.
   */
  shutdown(deadlineMs: number): Promise<boolean>;
}
