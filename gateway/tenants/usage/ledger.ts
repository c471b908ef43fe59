/**
 * What all threads' tenants use: their reports, added up in metrics, and in a file where the configuration names one.
 *
 * A change of `tenancy::usage` opens the new file beside the old one; what comes goes to the old one until that is closed.
 *
 * @module
 */

import type { GatewayConfig } from "../../../pipeline/config/gateway_config.ts";
import type { Clock } from "../../../pipeline/core/clock.ts";
import type { Logger } from "../../../pipeline/core/log/logger.ts";
import type { Meter } from "../../../pipeline/core/telemetry/meter.ts";
import type { Lifecycle } from "../../../pipeline/contract/consumer.ts";
import { buildParts } from "../../../pipeline/graph/build.ts";
import type { Build } from "../../../pipeline/graph/live_graph.ts";
import type { TenancyConfig } from "../../../pipeline/tenants/schema.ts";
import { knowsTenants, TENANT_KEYS } from "../../../pipeline/tenants/sources.ts";
import { UsageReader, type UsageReport } from "../../../pipeline/tenants/usage/usage.ts";
import type { UsageConfig } from "../../../pipeline/tenants/usage/schema.ts";
import type { UsageEntry, UsageQuery } from "./query.ts";
import type { UsageStore } from "./store.ts";
import { DEFAULT_TOP_TENANTS, UsageTop } from "./top.ts";

export interface UsageLedgerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** A file that is open. */
interface OpenStore {
  readonly store: UsageStore;
  readonly query: (asked: UsageQuery) => Iterable<UsageEntry>;
}

export class UsageLedger {
  readonly #options: UsageLedgerOptions;
  readonly #readers = new Map<string, UsageReader>();
  /** The first is written to. */
  readonly #stores: OpenStore[] = [];
  #top: UsageTop | undefined;

  constructor(options: UsageLedgerOptions) {
    this.#options = options;
  }

  /** Takes what a thread counted. */
  take(thread: string, report: UsageReport): void {
    let reader = this.#readers.get(thread);
    if (reader === undefined) this.#readers.set(thread, reader = new UsageReader());
    const sums = [...reader.read(report)];
    this.#stores[0]?.store.add(report.sinceMs, sums);
    for (const sum of sums) this.#top?.add(report.sinceMs, sum);
  }

  /** A thread is gone; the next of its name begins anew. */
  gone(thread: string): void {
    this.#readers.delete(thread);
  }

  /** What was used, what came a moment ago included; undefined when it is kept nowhere. */
  query(asked: UsageQuery): Iterable<UsageEntry> | undefined {
    return this.#stores[0]?.query(asked);
  }

  readonly build: Build = (config, before) => {
    if (!knowsTenants(config)) return buildParts([], this.#options, before);
    const usage = usageOf(config);
    const fingerprint = JSON.stringify(usage ?? null);
    return buildParts(
      [{ name: "usage of tenants", fingerprint, make: () => this.#part(usage) }],
      this.#options,
      before,
    );
  };

  #part(usage: UsageConfig | undefined): Lifecycle {
    let opened: OpenStore | undefined;
    return {
      start: async () => {
        this.#top ??= new UsageTop(this.#options.meter, usage?.top_tenants ?? DEFAULT_TOP_TENANTS);
        if (usage?.file === undefined) return;
        opened = await openStore(usage.file, usage, this.#options);
        this.#stores.push(opened);
      },
      shutdown: () => {
        if (opened !== undefined) this.#stores.splice(this.#stores.indexOf(opened), 1);
        opened?.store.close();
        return Promise.resolve();
      },
    };
  }
}

function usageOf({ settings }: GatewayConfig): UsageConfig | undefined {
  return (settings.get(TENANT_KEYS.tenancy)?.config as TenancyConfig | undefined)?.usage;
}

/** SQLite is loaded where it is asked for alone. */
async function openStore(path: string, usage: UsageConfig, options: UsageLedgerOptions): Promise<OpenStore> {
  const [{ UsageStore }, { queryUsage }] = await Promise.all([import("./store.ts"), import("./query.ts")]);
  const store = new UsageStore({
    ...options,
    path,
    retentionMs: usage.retention,
    maxBytes: usage.max_size_mib * 1_048_576,
  });
  store.start();
  return {
    store,
    query(asked) {
      store.flush();
      return queryUsage(store.database, asked);
    },
  };
}
