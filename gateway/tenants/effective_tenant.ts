/**
 * What a tenant has, its own settings and those of the defaults, in the words of the configuration and without hashes.
 *
 * @module
 */

import { LIMIT_GROUPS, NO_SIGNAL_LIMITS, type TenantLimits } from "../../pipeline/tenants/limits.ts";
import type { TenantSpec } from "../../pipeline/tenants/tenant_spec.ts";
import type { Row } from "./written_tenant.ts";

/** Fit for JSON. */
export function effectiveOf({ keys, basic, certificates, ...spec }: TenantSpec): Row {
  return {
    enabled: spec.enabled,
    keys: keys.map(({ id, notBeforeMs, expiresMs }) => ({
      id,
      ...timeIn("not_before", notBeforeMs),
      ...timeIn("expires", expiresMs),
    })),
    basic: basic.map(({ username }) => ({ username })),
    certificates: certificates.map(({ kind, name }) => ({ [kind]: name })),
    limits: limitsOf(spec.limits),
    over_limit: spec.overLimit,
    signals: [...spec.signals],
    pipelines: spec.pipelines === undefined ? undefined : [...spec.pipelines],
    resource_attributes: Object.fromEntries(spec.resourceAttributes),
    priority: spec.priority,
    weight: spec.weight,
    max_queue_share: spec.maxQueueShare,
  };
}

/** Of the groups that have any. */
function limitsOf(limits: TenantLimits): Row {
  const groups = LIMIT_GROUPS.filter((group) => limits[group] !== NO_SIGNAL_LIMITS);
  return Object.fromEntries(groups.map((group) => {
    const { burstMs, ...amounts } = limits[group];
    const keys = Object.entries(amounts).filter(([, value]) => value !== 0)
      .map(([field, value]) => [field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]);
    return [group, { ...Object.fromEntries(keys), burst: `${burstMs}ms` }];
  }));
}

function timeIn(key: string, ms: number): Row {
  return Number.isFinite(ms) ? { [key]: new Date(ms).toISOString() } : {};
}
