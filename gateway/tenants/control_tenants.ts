/**
 * What the control thread has of tenants: who they are, what they use, over which gateways their limits are; and the part
 * of a data thread where it is one.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import { formatProblem } from "../../pipeline/config/problem.ts";
import type { Clock } from "../../pipeline/core/clock.ts";
import type { Logger } from "../../pipeline/core/log/logger.ts";
import type { Meter } from "../../pipeline/core/telemetry/meter.ts";
import { GraphError } from "../../pipeline/graph/graph.ts";
import type { Build } from "../../pipeline/graph/live_graph.ts";
import { tenantSourcesOf } from "../../pipeline/tenants/sources.ts";
import type { TenantSnapshot } from "../../pipeline/tenants/table/table.ts";
import type { FileWatch } from "../config/file_watch.ts";
import { type IsSettled, TenantDirectory } from "./directory.ts";
import { watchDirectory } from "./directory_watch.ts";
import { FleetLimits } from "./fleet/fleet.ts";
import type { TenantFiles } from "./tenant_files.ts";
import type { ThreadTenants } from "./thread_tenants.ts";
import { UsageLedger } from "./usage/ledger.ts";

export interface ControlTenantsOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly meter: Meter;
  /** Of what serves data. */
  readonly logger: Logger;
  /** Of what reads tenants. */
  readonly directoryLogger: Logger;
  readonly files: TenantFiles | undefined;
  /** Makes the part of a data thread, where this one takes data. @param usage Is told what they use. */
  readonly ownThread: (usage: UsageLedger) => ThreadTenants | undefined;
  /** Has the data workers use them. */
  readonly publish: (snapshot: TenantSnapshot) => void | Promise<void>;
}

/** Tenants of a configuration that may become the one that runs. */
export interface PreparedTenants {
  /** What the threads are to have; the one that they have where nothing is new. */
  readonly snapshot: TenantSnapshot | undefined;
  discard(): void;
  /** This thread uses them. */
  flip(): void;
  /** All threads use them. */
  commit(): void;
}

export class ControlTenants {
  readonly directory: TenantDirectory;
  readonly usage: UsageLedger;
  readonly fleet: FleetLimits;
  /** Of this thread, where it takes data. */
  readonly own: ThreadTenants | undefined;
  readonly #options: ControlTenantsOptions;
  /** Of the directory that the configuration names. */
  #watched: { readonly directory: string; readonly watch: FileWatch } | undefined;

  constructor(options: ControlTenantsOptions) {
    const { directoryLogger: logger, files, ownThread, publish, ...deps } = options;
    this.#options = options;
    this.usage = new UsageLedger(deps);
    this.own = ownThread(this.usage);
    this.directory = new TenantDirectory({
      ...deps,
      logger,
      files,
      publish: (snapshot) => {
        this.own?.use(snapshot);
        return publish(snapshot);
      },
    });
    this.fleet = new FleetLimits({
      ...deps,
      cells: () => this.directory.cells,
      table: () => this.directory.table,
    });
  }

  /** In the order of their start. */
  get builds(): readonly Build[] {
    return [this.usage.build, this.fleet.build, ...(this.own === undefined ? [] : [this.own.build])];
  }

  /** @throws {GraphError} There is no such directory. */
  async prepare(config: GatewayConfig): Promise<PreparedTenants> {
    const next = await this.directory.prepare(tenantSourcesOf(config));
    const discard = () => {
      this.own?.discard();
      next.discard();
    };
    try {
      if (next.obstacle !== undefined) throw new GraphError("start", [formatProblem(next.obstacle)]);
      await this.own?.prepare(next.snapshot);
    } catch (thrown) {
      discard();
      throw thrown;
    }
    return {
      snapshot: next.snapshot,
      discard,
      flip: () => this.own?.flip(),
      commit: () => {
        next.commit();
        this.#watch();
      },
    };
  }

  /** Looks at files no more. */
  stop(): void {
    this.#watched?.watch.stop();
  }

  #watch(): void {
    const { files, clock } = this.#options;
    const { directory } = this.directory.sources ?? {};
    if (this.#watched?.directory === directory) return;
    this.#watched?.watch.stop();
    const onChange = (isSettled: IsSettled) => this.directory.refresh(isSettled);
    this.#watched = directory === undefined || files === undefined
      ? undefined
      : { directory, watch: watchDirectory({ directory, files, clock, onChange }) };
  }
}
