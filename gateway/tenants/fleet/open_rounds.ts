/**
 * Makes what leases shares over Redis. Apart from `fleet.ts` because it is loaded where the configuration asks for it.
 *
 * @module
 */

import type { Clock, Random } from "../../../pipeline/core/clock.ts";
import type { Logger } from "../../../pipeline/core/log/logger.ts";
import type { Meter } from "../../../pipeline/core/telemetry/meter.ts";
import type { TenantCells } from "../../../pipeline/tenants/rates/cells.ts";
import { FleetLeases } from "../../../pipeline/tenants/fleet/leases.ts";
import { LeaseRounds } from "../../../pipeline/tenants/fleet/rounds.ts";
import type { FleetConfig, RedisConfig } from "../../../pipeline/tenants/fleet/schema.ts";
import { SharedClock } from "../../../pipeline/tenants/rates/shared_clock.ts";
import type { TenantTable } from "../../../pipeline/tenants/table/table.ts";
import { RedisLeaseStore } from "./redis_store.ts";

export interface FleetLimitsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** The memory that all threads share. */
  readonly cells: () => TenantCells;
  /** Of this moment. */
  readonly table: () => TenantTable | undefined;
}

export function openLeaseRounds(
  { replicas }: FleetConfig,
  redis: RedisConfig,
  { cells, table, ...deps }: FleetLimitsOptions,
): LeaseRounds {
  const memory = cells();
  const clock = new SharedClock(memory, deps.clock);
  const leases = new FleetLeases({ cells: memory, table, nowNs: () => clock.nowNs() });
  const store = new RedisLeaseStore(redis, deps.clock, crypto.randomUUID());
  return new LeaseRounds({ ...deps, leases, store, intervalMs: redis.interval, replicas });
}
