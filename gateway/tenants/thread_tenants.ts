/**
 * The tenants as one thread that takes data has them: the table of this moment, and the gate that asks it.
 *
 * The gate is made of `tenancy` alone. It lives as long as that stays the same: a change of tenants is another table for
 * it, at once, and no receiver is made anew.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import type { Lifecycle } from "../../pipeline/contract/consumer.ts";
import type { QueueControl } from "../../pipeline/contract/queue_control.ts";
import type { TenantGate } from "../../pipeline/contract/tenants.ts";
import { buildParts, type Instances, type NamedGate } from "../../pipeline/graph/build.ts";
import type { Build } from "../../pipeline/graph/live_graph.ts";
import { knowsTenants, tenancyFingerprint } from "../../pipeline/tenants/sources.ts";
import { type TenantSnapshot, TenantTable } from "../../pipeline/tenants/table/table.ts";
import { emptyTable } from "../../pipeline/tenants/table/writer.ts";
import { RecentRefusals } from "../../pipeline/tenants/recent_refusals.ts";
import { ThreadUsage, type UsageReport } from "../../pipeline/tenants/usage/usage.ts";
import type { GateOptions, openGate } from "./open_gate.ts";

export interface ThreadTenantsOptions extends GateOptions {
  /** Takes what its tenants used, every few seconds. */
  readonly report: (report: UsageReport) => void;
}

/** The sending queues among what runs. */
export function* queuesOf(instances: Instances): Generator<QueueControl> {
  for (const { component } of instances.values()) {
    const queue = component?.lifecycle.queue;
    if (queue !== undefined) yield queue;
  }
}

export class ThreadTenants {
  /** What the tenants of this thread use. */
  readonly usage: ThreadUsage;
  /** What they were refused lately, in this thread. */
  readonly refusals: RecentRefusals;
  readonly #options: ThreadTenantsOptions;
  readonly #gates = new Map<string, TenantGate>();
  #table = new TenantTable(emptyTable());
  #version = 0;
  #openGate: typeof openGate | undefined;
  #cells: SharedArrayBuffer | undefined;
  /** To be used from the next flip on. */
  #next: TenantSnapshot | undefined;

  constructor(options: ThreadTenantsOptions) {
    this.#options = options;
    this.usage = new ThreadUsage(options);
    this.refusals = new RecentRefusals(options.clock);
  }

  /**
   * The tenants of a configuration that is about to be prepared; they are used once it gets the traffic. The first ones at
   * once: a thread's listeners open while it prepares, and a sender whose good key is answered 401 does not come again.
   */
  async prepare(snapshot: TenantSnapshot | undefined): Promise<void> {
    this.#next = snapshot;
    if (snapshot === undefined) return;
    this.#cells = snapshot.cells;
    if (this.#version === 0) this.use(snapshot);
    this.#openGate ??= (await import("./open_gate.ts")).openGate;
  }

  /** What was prepared gets the traffic. */
  flip(): void {
    if (this.#next !== undefined) this.use(this.#next);
    this.#next = undefined;
  }

  discard(): void {
    this.#next = undefined;
  }

  /** From the next request on. An older one than what is used is passed over. */
  use({ version, table }: TenantSnapshot): void {
    if (version <= this.#version) return;
    this.#version = version;
    this.#table = new TenantTable(table);
  }

  /** Finds the gate of a configuration; it is built before the pipelines. */
  readonly gateOf = (config: GatewayConfig): NamedGate | undefined => {
    if (!knowsTenants(config)) return undefined;
    const fingerprint = tenancyFingerprint(config);
    const gate = this.#gates.get(fingerprint);
    return gate === undefined ? undefined : { fingerprint, gate };
  };

  readonly build: Build = (config, before) => {
    const fingerprint = tenancyFingerprint(config);
    const draft = { name: "tenants", fingerprint, make: () => this.#open(config, fingerprint) };
    return buildParts(knowsTenants(config) ? [draft] : [], this.#options, before);
  };

  #open(config: GatewayConfig, fingerprint: string): Lifecycle {
    if (this.#openGate === undefined || this.#cells === undefined) {
      throw new TypeError("Cannot open the gate of tenants: it was given none");
    }
    const options = { ...this.#options, usage: this.usage, refusals: this.refusals };
    const { gate, lifecycle } = this.#openGate(config, () => this.#table, this.#cells, options);
    this.#gates.set(fingerprint, gate);
    return {
      start: () => lifecycle.start?.() ?? Promise.resolve(),
      shutdown: async (deadline) => {
        if (this.#gates.get(fingerprint) === gate) this.#gates.delete(fingerprint);
        await lifecycle.shutdown?.(deadline);
        this.usage.flush(); // what was behind the gate is gone already
      },
    };
  }
}
