/**
 * Tenants and a gate for tests: rows as plain objects, a clock that a test moves, and who sends by the header `tenant`.
 *
 * @module
 */

import type { PressureGauge } from "../../../pipeline/contract/pressure.ts";
import type { Identifier, Sender, TenantGate } from "../../../pipeline/contract/tenants.ts";
import type { Clock } from "../../../pipeline/core/clock.ts";
import { UnauthenticatedError } from "../../../pipeline/core/errors.ts";
import { SIGNAL_NAMES } from "../../../pipeline/otlp/signals.ts";
import { bytesFor, TenantCells } from "../../../pipeline/tenants/rates/cells.ts";
import { createTenantGate } from "../../../pipeline/tenants/gate.ts";
import { LIMIT_GROUPS, type LimitGroup, NO_SIGNAL_LIMITS, type SignalLimits, type TenantLimits } from //
"../../../pipeline/tenants/limits.ts";
import type { RecentRefusals } from "../../../pipeline/tenants/recent_refusals.ts";
import { type SheddingRule, sheddingSchema } from "../../../pipeline/tenants/shedding.ts";
import type { TenantRow } from "../../../pipeline/tenants/table/table.ts";
import { asYaml } from "../../support/otlp_edge.ts";
import { RecordingMeter, testDeps } from "../../support/component_deps.ts";

export type SomeLimits = { readonly [Group in LimitGroup]?: Partial<SignalLimits> };

export function limitsOf(some: SomeLimits): TenantLimits {
  const entries = LIMIT_GROUPS.map((group) => [group, { ...NO_SIGNAL_LIMITS, ...some[group] }]);
  return Object.fromEntries(entries) as TenantLimits;
}

/** What a test says of a tenant. */
export type SomeRow = Partial<Omit<TenantRow, "tag" | "limits">> & {
  readonly limits?: SomeLimits;
  readonly priority?: number;
};

export function rowOf(id: string, slot: number, { limits = {}, priority = 5, ...row }: SomeRow = {}): TenantRow {
  return {
    tag: { id, slot, weight: 1, priority, maxQueueShare: 1 },
    enabled: true,
    limits: limitsOf(limits),
    overLimit: "partial",
    signals: new Set(SIGNAL_NAMES),
    pipelines: undefined,
    resourceAttributes: [],
    ...row,
  };
}

/** A sender that says whose it is in the header `tenant`. */
export function senderOf(tenant: string): Sender {
  return { peerAddress: "10.0.0.1", header: (name) => name === "tenant" ? tenant : undefined };
}

/** Believes the header. */
export function headerIdentifier(rows: () => readonly TenantRow[]): Identifier {
  return {
    identify(sender) {
      const row = rows().find(({ tag }) => tag.id === sender.header("tenant"));
      if (row === undefined) throw new UnauthenticatedError("Cannot tell whose it is", 'Bearer realm="sluice"');
      return { tenant: row.tag, credential: "test", attributes: new Map() };
    },
  };
}

export function rulesOf(rules: readonly unknown[]): readonly SheddingRule[] {
  return sheddingSchema.parse(asYaml(rules));
}

export interface TestGate {
  readonly gate: TenantGate;
  readonly cells: TenantCells;
  readonly memory: SharedArrayBuffer;
  readonly meter: RecordingMeter;
  /** Of the latest snapshot; a test may put others in their places. */
  readonly rows: TenantRow[];
  /** The tenants are those of another table from now on, which has the same rows. */
  changeTable(): void;
}

/** A gate for `tenants`, in the slots of their order. */
export function testGate(
  tenants: Readonly<Record<string, SomeRow>>,
  clock: Clock,
  { shedding = [], pressure, refusals, memory = new SharedArrayBuffer(bytesFor(16)), thread = 0 }: {
    readonly shedding?: readonly SheddingRule[];
    readonly pressure?: PressureGauge;
    readonly refusals?: RecentRefusals;
    readonly memory?: SharedArrayBuffer;
    readonly thread?: number;
  } = {},
): TestGate {
  const rows = Object.entries(tenants).map(([id, row], slot) => rowOf(id, slot, row));
  let table = { at: (slot: number) => rows[slot] };
  const { meter, ...deps } = testDeps();
  const gate = createTenantGate({
    ...deps,
    meter,
    clock,
    identifier: headerIdentifier(() => rows),
    table: () => table,
    cells: () => memory,
    config: { shedding },
    thread,
    ...(pressure === undefined ? {} : { pressure }),
    ...(refusals === undefined ? {} : { refusals }),
  });
  const changeTable = () => void (table = { ...table });
  return { gate, cells: new TenantCells(memory, thread), memory, meter, rows, changeTable };
}
