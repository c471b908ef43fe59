/**
 * Makes the gate of a thread. Apart from `thread_tenants.ts` because it is loaded where there are tenants alone: what
 * reads credentials and conditions is a large part of the gateway.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import type { Lifecycle } from "../../pipeline/contract/consumer.ts";
import type { TenantGate } from "../../pipeline/contract/tenants.ts";
import type { QueueControl } from "../../pipeline/contract/queue_control.ts";
import type { UsageMeter } from "../../pipeline/contract/usage.ts";
import type { GraphDeps } from "../../pipeline/graph/build.ts";
import { createTenantGate } from "../../pipeline/tenants/gate.ts";
import { createIdentifier } from "../../pipeline/tenants/identity/mod.ts";
import { peerOf } from "../../pipeline/tenants/identity/peer_limit.ts";
import type { RefusalListener } from "../../pipeline/tenants/identity/refused.ts";
import { ThreadPressure } from "../../pipeline/tenants/pressure.ts";
import { type TenancyConfig, tenancySchema } from "../../pipeline/tenants/schema.ts";
import { TENANT_KEYS } from "../../pipeline/tenants/sources.ts";
import type { RecentRefusals } from "../../pipeline/tenants/recent_refusals.ts";
import type { TenantTable } from "../../pipeline/tenants/table/table.ts";
import { DoorUsage } from "../../pipeline/tenants/usage/door_usage.ts";

export interface GateOptions extends Pick<GraphDeps, "clock" | "logger" | "meter" | "memory" | "random"> {
  /** Its number among the threads that take data, from 0. */
  readonly thread: number;
  /** The sending queues of this thread. */
  readonly queues: () => Iterable<QueueControl>;
}

/** What a thread's gates tell. */
interface BehindGate {
  readonly usage: UsageMeter;
  readonly refusals: RecentRefusals;
}

export interface OpenGate {
  readonly gate: TenantGate;
  readonly lifecycle: Lifecycle;
}

/** @param table Of this moment: asked at every request. @param cells The memory that all threads share. */
export function openGate(
  { settings }: GatewayConfig,
  table: () => TenantTable,
  cells: SharedArrayBuffer,
  { clock, memory, queues, refusals, ...deps }: GateOptions & BehindGate,
): OpenGate {
  const config = settings.get(TENANT_KEYS.tenancy)?.config as TenancyConfig | undefined ?? tenancySchema.parse({});
  const door = new DoorUsage(deps.usage);
  const refused: RefusalListener = {
    untimely(tenant, signal, reason, message) {
      refusals.note(tenant, signal, reason, 0, message);
      if (signal !== undefined) door.refused(tenant, signal, reason, 0);
    },
    unknown: (address, signal, reason, message) => refusals.noteUnknown(peerOf(address), signal, reason, message),
  };
  const identifier = createIdentifier(config, table, { ...deps, clock, refused });
  const pressure = new ThreadPressure({ clock, memory, queues });
  const known = { identifier, table, cells: () => cells, config };
  const gate = createTenantGate({ ...deps, ...known, clock, memory, pressure, refusals });
  return { gate, lifecycle: identifier };
}
