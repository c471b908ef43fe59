/**
 * The limits of tenants over several gateways, as `tenancy.fleet` says: each has the whole (`local`), an equal part
 * (`divided`), or what is asked for there, by leases over Redis (`redis`).
 *
 * A change of it is begun beside the old one, which is ended after; the last one that was begun counts.
 *
 * @module
 */

import type { GatewayConfig } from "../../../pipeline/config/gateway_config.ts";
import type { Lifecycle } from "../../../pipeline/contract/consumer.ts";
import { buildParts } from "../../../pipeline/graph/build.ts";
import type { Build } from "../../../pipeline/graph/live_graph.ts";
import { WHOLE_SHARE } from "../../../pipeline/tenants/rates/cells.ts";
import type { FleetStatus, LeaseRounds } from "../../../pipeline/tenants/fleet/rounds.ts";
import type { FleetConfig, RedisConfig } from "../../../pipeline/tenants/fleet/schema.ts";
import type { TenancyConfig } from "../../../pipeline/tenants/schema.ts";
import { knowsTenants, TENANT_KEYS } from "../../../pipeline/tenants/sources.ts";
import type { FleetLimitsOptions } from "./open_rounds.ts";

/** What one configuration began. */
interface Begun {
  readonly config: FleetConfig;
  rounds: LeaseRounds | undefined;
}

export class FleetLimits {
  readonly #options: FleetLimitsOptions;
  /** The last one counts. */
  readonly #begun: Begun[] = [];

  constructor(options: FleetLimitsOptions) {
    this.#options = options;
  }

  /** undefined while there are no tenants. */
  get status(): FleetStatus | undefined {
    const { config, rounds } = this.#begun.at(-1) ?? {};
    if (config === undefined) return undefined;
    const { mode, replicas } = config;
    return rounds?.status ?? { mode, connected: true, sinceMs: undefined, replicas, leases: 0 };
  }

  readonly build: Build = (config, before) => {
    const fleet = fleetOf(config);
    const fingerprint = JSON.stringify(fleet ?? null);
    const draft = { name: "limits of the fleet", fingerprint, make: () => this.#part(fleet ?? LOCAL) };
    return buildParts(knowsTenants(config) ? [draft] : [], this.#options, before);
  };

  #part(config: FleetConfig): Lifecycle {
    const begun: Begun = { config, rounds: undefined };
    return {
      start: async () => {
        if (config.mode === "redis" && config.redis !== undefined) {
          begun.rounds = await openRounds(config, config.redis, this.#options);
        }
        this.#begun.push(begun);
        this.#use();
        await begun.rounds?.start();
      },
      shutdown: async () => {
        const at = this.#begun.indexOf(begun);
        if (at !== -1) this.#begun.splice(at, 1);
        await begun.rounds?.stop();
        this.#use();
      },
    };
  }

  /** Of rates without a lease. */
  #use(): void {
    const { config, rounds } = this.#begun.at(-1) ?? {};
    const cells = this.#options.cells();
    const { replicas } = rounds?.status ?? config ?? LOCAL;
    cells.defaultShare = config === undefined || config.mode === "local" ? WHOLE_SHARE : WHOLE_SHARE / replicas;
    cells.countsDemand = rounds !== undefined;
  }
}

const LOCAL: FleetConfig = { mode: "local", replicas: 1 };

function fleetOf({ settings }: GatewayConfig): FleetConfig | undefined {
  return (settings.get(TENANT_KEYS.tenancy)?.config as TenancyConfig | undefined)?.fleet;
}

/** The client is loaded where it is asked for alone. */
async function openRounds(config: FleetConfig, redis: RedisConfig, options: FleetLimitsOptions): Promise<LeaseRounds> {
  const { openLeaseRounds } = await import("./open_rounds.ts");
  return openLeaseRounds(config, redis, options);
}
