/**
 * The admin API's view of tenants, and its hands on them.
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";
import { mintApiKey } from "../../../pipeline/tenants/identity/api_key.ts";
import type { FleetStatus } from "../../../pipeline/tenants/fleet/rounds.ts";
import {
  type RecentRefusal,
  together,
  togetherByAddress,
  type UnknownRefusal,
} from "../../../pipeline/tenants/recent_refusals.ts";
import { ConflictError, NotFoundError, RefusedError } from "../../../routes/admin/control.ts";
import { placed } from "../../../routes/api/problem_answer.ts";
import type { ConfigProblem } from "../../../routes/api/schemas.ts";
import type { TenantAdmin } from "../../../routes/admin/tenants/control.ts";
import type {
  CreatedTenant,
  CreateTenant,
  Refusal,
  Tenant,
  TenantFleet,
  TenantLimitsView,
  TenantSummary,
  UnknownRefusal as UnknownRefusalView,
  UsageRequest,
} from "../../../routes/admin/tenants/schemas.ts";
import type { TenantDirectory } from "../../tenants/directory.ts";
import { TenantChangeError, type TenantControl, type TenantSummary as Summary } from "../../tenants/tenant_control.ts";
import { usageCsv, type UsageEntry, usageJson, type UsageQuery } from "../../tenants/usage/query.ts";

const DAY_MS = 86_400_000;

export interface GatewayTenantsOptions {
  readonly directory: Pick<TenantDirectory, "live">;
  readonly control: TenantControl;
  /** What was used; undefined where it is kept nowhere. */
  readonly usage: (asked: UsageQuery) => Promise<Iterable<UsageEntry> | undefined>;
  /** What each thread refused a tenant lately. */
  readonly refusals: (tenant: string) => Promise<readonly (readonly RecentRefusal[])[]>;
  /** What each thread refused lately whose sender it did not know. */
  readonly unknownRefusals: () => Promise<readonly (readonly UnknownRefusal[])[]>;
  /** How limits are shared now; undefined while there are no tenants. */
  readonly fleet: () => FleetStatus | undefined;
  readonly clock: Clock;
}

export class GatewayTenants implements TenantAdmin {
  readonly #options: GatewayTenantsOptions;

  constructor(options: GatewayTenantsOptions) {
    this.#options = options;
  }

  list(ask: Parameters<TenantAdmin["list"]>[0]): ReturnType<TenantAdmin["list"]> {
    const { total, tenants } = this.#options.control.list(ask);
    return { total, tenants: tenants.map((tenant) => this.#summary(tenant)) };
  }

  async get(id: string): Promise<Tenant> {
    return this.#view(await this.#options.control.get(id));
  }

  async create({ id, settings, with_key }: CreateTenant): Promise<CreatedTenant> {
    const made = with_key ? mintApiKey() : undefined;
    const { keys = [] } = settings;
    if (made !== undefined && !Array.isArray(keys)) throw new RefusedError("Cannot read the settings: keys is no list");
    const key = made === undefined ? [] : [{ id: made.id, hash: made.hash }];
    const whole = made === undefined ? settings : { ...settings, keys: [...keys as unknown[], ...key] };
    try {
      return {
        tenant: this.#view(await this.#options.control.put(id, whole, NO_VERSION)),
        key: made?.key ?? null,
      };
    } catch (thrown) {
      if (!(thrown instanceof TenantChangeError) || thrown.httpStatus !== 412) throw thrown;
      throw new ConflictError(`Cannot make the tenant ${id}: there is one already`, { cause: thrown });
    }
  }

  async set(id: string, settings: Tenant["settings"], ifVersion: string | undefined): Promise<Tenant> {
    const { version } = await this.#options.control.get(id); // one that is not there is not made
    return this.#view(await this.#options.control.put(id, settings, ifVersion ?? version));
  }

  async remove(id: string, ifVersion: string | undefined): Promise<void> {
    await this.#options.control.remove(id, ifVersion);
  }

  async rotateKey(id: string, overlapMs: number, ifVersion: string | undefined) {
    const { key, keyId, othersExpireMs, version } = await this.#options.control.rotateKey(id, overlapMs, ifVersion);
    return { key, key_id: keyId, others_expire_ms: othersExpireMs, version };
  }

  limits(id: string): TenantLimitsView {
    const live = this.#options.directory.live(id);
    if (live === undefined) {
      throw new NotFoundError(`Cannot find tenant ${JSON.stringify(id.slice(0, 128))}: there is none`);
    }
    return {
      id,
      limits: live.limits.map(({ fullInMs = null, ...limit }) => ({ ...limit, full_in_ms: fullInMs })),
      refusals: live.refusals.map(([reason, requests]) => ({ reason, requests })),
    };
  }

  async refusals(id: string): Promise<readonly Refusal[]> {
    this.limits(id);
    const told = together((await this.#options.refusals(id)).flat());
    return told.toSorted((a, b) => b.lastMs - a.lastMs).map(refusalView);
  }

  async unknownRefusals(): Promise<readonly UnknownRefusalView[]> {
    const told = togetherByAddress((await this.#options.unknownRefusals()).flat());
    return told.toSorted((a, b) => b.lastMs - a.lastMs).map((refusal) => {
      const { items: _, ...view } = refusalView(refusal); // nobody has looked at them
      return { address: refusal.address, ...view };
    });
  }

  problems(): readonly ConfigProblem[] {
    return this.#options.control.problems().map(placed);
  }

  fleet(): TenantFleet {
    const { mode, connected, sinceMs = null, replicas, leases } = this.#options.fleet() ?? NO_FLEET;
    return { mode, connected, since_ms: sinceMs, replicas, leases };
  }

  async usage(
    { tenant, signal, from_ms, until_ms = this.#options.clock.nowMs() + MINUTE_MS, step }: UsageRequest,
    format: "json" | "csv",
  ): Promise<ReadableStream<Uint8Array>> {
    const asked = {
      ...{ fromMs: from_ms ?? Math.max(0, until_ms - DAY_MS), untilMs: until_ms, step },
      ...tenant === undefined ? {} : { tenant },
      ...signal === undefined ? {} : { signal },
    };
    const entries = await this.#options.usage(asked);
    if (entries === undefined) {
      throw new ConflictError("Cannot tell usage: it is kept nowhere, wanted a file in tenancy::usage");
    }
    return format === "csv" ? usageCsv(entries) : usageJson(entries);
  }

  #summary({ id, enabled, keys, place, version }: Summary): TenantSummary {
    const { refusals = [] } = this.#options.directory.live(id) ?? {};
    return { id, enabled, keys, place, version, refusals: refusals.reduce((sum, [, requests]) => sum + requests, 0) };
  }

  #view({ settings, effective, ...summary }: Awaited<ReturnType<TenantControl["get"]>>): Tenant {
    return { ...this.#summary(summary), settings: { ...settings }, effective: { ...effective } };
  }
}

const NO_FLEET = { mode: "none", connected: true, sinceMs: undefined, replicas: 1, leases: 0 } as const;

/** Of a tenant that is not to be there yet. */
const NO_VERSION = "";
/** The minute that runs is among what is asked for. */
const MINUTE_MS = 60_000;

function refusalView({ firstMs, lastMs, times, signal, reason, items, message }: RecentRefusal): Refusal {
  return { first_ms: firstMs, last_ms: lastMs, times, signal: signal ?? null, reason, items, message };
}
