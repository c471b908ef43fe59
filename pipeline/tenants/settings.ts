/**
 * From what is written of a tenant to what it has: its own settings over `tenant_defaults` over nothing.
 *
 * Maps are merged, down to each limit; a list or a scalar replaces the one of the defaults.
 *
 * @module
 */

import { type Signal, SIGNAL_NAMES } from "../otlp/signals.ts";
import {
  DEFAULT_PRIORITY,
  DEFAULT_WEIGHT,
  LIMIT_GROUPS,
  type LimitGroup,
  NO_SIGNAL_LIMITS,
  type SignalLimits,
  type TenantLimits,
} from "./limits.ts";
import { MAX_RESOURCE_ATTRIBUTES, type TenantDefaults, type TenantSettings } from "./schema.ts";
import { CERTIFICATE_KINDS, type TenantSpec } from "./tenant_spec.ts";

/** In the value of a resource attribute: the tenant's id. */
const ID_PLACEHOLDER = "{tenant.id}";

type LimitSettings = NonNullable<TenantDefaults["limits"]>;
type GroupSettings = NonNullable<LimitSettings[LimitGroup]>;

/** Resolves many tenants: of equal limits, which a `TenantReader` gives as one object, the resolved ones are one as well. */
export class TenantResolver {
  readonly #known = new WeakMap<LimitSettings, { readonly defaults: TenantDefaults; readonly limits: TenantLimits }>();

  resolve(id: string, own: TenantSettings, defaults: TenantDefaults): TenantSpec {
    return resolveTenant(id, own, defaults, this.#limitsOf(own.limits, defaults));
  }

  #limitsOf(own: LimitSettings = NOTHING_SAID, defaults: TenantDefaults): TenantLimits {
    const known = this.#known.get(own);
    if (known?.defaults === defaults) return known.limits;
    const limits = resolveLimits(own, defaults.limits);
    this.#known.set(own, { defaults, limits });
    return limits;
  }
}

const NOTHING_SAID: LimitSettings = {};
const ALL_SIGNALS: ReadonlySet<Signal> = new Set(SIGNAL_NAMES);

/** What the tenant `id` has. */
export function resolveTenant(
  id: string,
  own: TenantSettings,
  defaults: TenantDefaults,
  limits = resolveLimits(own.limits, defaults.limits),
): TenantSpec {
  const signals = own.signals ?? defaults.signals;
  const pipelines = own.pipelines ?? defaults.pipelines;
  return {
    id,
    enabled: own.enabled,
    keys: own.keys.map(({ id, hash: { salt, hash }, not_before = -Infinity, expires = Infinity }) => {
      return { id, salt, hash, notBeforeMs: not_before, expiresMs: expires };
    }),
    basic: own.basic.map(({ username, password_hash: passwordHash }) => ({ username, passwordHash })),
    certificates: own.certificates.flatMap((names) =>
      CERTIFICATE_KINDS.flatMap((kind) => names[kind] === undefined ? [] : [{ kind, name: names[kind] }])
    ),
    limits,
    overLimit: own.over_limit ?? defaults.over_limit ?? "partial",
    signals: signals === undefined ? ALL_SIGNALS : new Set(signals),
    pipelines: pipelines === undefined ? undefined : new Set(pipelines),
    resourceAttributes: resolveAttributes(id, own.resource_attributes, defaults.resource_attributes),
    priority: own.priority ?? defaults.priority ?? DEFAULT_PRIORITY,
    weight: own.weight ?? defaults.weight ?? DEFAULT_WEIGHT,
    maxQueueShare: own.max_queue_share ?? defaults.max_queue_share ?? 1,
  };
}

function resolveAttributes(
  id: string,
  own: TenantSettings["resource_attributes"],
  defaults: TenantDefaults["resource_attributes"],
): TenantSpec["resourceAttributes"] {
  if (own === undefined && defaults === undefined) return [];
  return Object.entries({ ...defaults, ...own }).slice(0, MAX_RESOURCE_ATTRIBUTES)
    .map(([key, value]) => [key, value.replaceAll(ID_PLACEHOLDER, id)]);
}

function resolveLimits(own: LimitSettings = {}, defaults: LimitSettings = {}): TenantLimits {
  return Object.fromEntries(
    LIMIT_GROUPS.map((group) => [group, resolveGroup(own[group], defaults[group])]),
  ) as TenantLimits;
}

function resolveGroup(own: GroupSettings | undefined, defaults: GroupSettings | undefined): SignalLimits {
  if (own === undefined && defaults === undefined) return NO_SIGNAL_LIMITS;
  const none = NO_SIGNAL_LIMITS;
  return {
    requestsPerSecond: own?.requests_per_second ?? defaults?.requests_per_second ?? none.requestsPerSecond,
    itemsPerSecond: own?.items_per_second ?? defaults?.items_per_second ?? none.itemsPerSecond,
    bytesPerSecond: own?.bytes_per_second ?? defaults?.bytes_per_second ?? none.bytesPerSecond,
    burstMs: own?.burst ?? defaults?.burst ?? none.burstMs,
    concurrentRequests: own?.concurrent_requests ?? defaults?.concurrent_requests ?? none.concurrentRequests,
    bytesInFlight: own?.bytes_in_flight ?? defaults?.bytes_in_flight ?? none.bytesInFlight,
    maxRequestBodySize: own?.max_request_body_size ?? defaults?.max_request_body_size ?? none.maxRequestBodySize,
  };
}
