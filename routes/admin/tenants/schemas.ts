/**
 * What the routes of tenants take and give.
 *
 * @module
 */

import { z } from "zod";
import { SIGNAL_NAMES } from "../../../pipeline/otlp/signals.ts";
import { CREDENTIAL_REFUSALS } from "../../../pipeline/tenants/identity/refused.ts";
import { LIMIT_GROUPS } from "../../../pipeline/tenants/limits.ts";
import { isTenantId, WANTED_TENANT_ID } from "../../../pipeline/tenants/schema.ts";
import { pageQuerySchema } from "../../api/schemas.ts";

/** How long keys before a rotation may still count: 90 days, milliseconds. */
const MAX_OVERLAP_MS = 7_776_000_000;
/** A day: after it those who send should have the new key, milliseconds. */
const DEFAULT_OVERLAP_MS = 86_400_000;

const count = () => z.number().min(0);
const timeMs = () => z.number().describe("Milliseconds since 1970-01-01T00:00Z.");
const tenantId = () =>
  z.string().min(1).max(128).refine(isTenantId, { message: WANTED_TENANT_ID }).describe("Of the tenant.");
const settings = () => z.record(z.string().max(128), z.unknown());
const SETTINGS = "As below tenants:: in docs/tenants.md, without hashes";

export const tenantParams = z.strictObject({ id: z.string().min(1).max(128) });

export const tenantListQuerySchema = pageQuerySchema.extend({
  search: z.string().max(128).default("").describe("A part of the id."),
});

const summaryShape = {
  id: z.string(),
  enabled: z.boolean(),
  keys: z.int().min(0),
  place: z.string().describe("Where it is written: file:line:column."),
  version: z.string().describe("Another after every change: its ETag."),
  refusals: count().describe("Requests that its limits refused, or cut something off, since it is there."),
};

export const tenantSummarySchema = z.strictObject(summaryShape).meta({ id: "TenantSummary" });

export const tenantSchema = z.strictObject({
  ...summaryShape,
  settings: settings().describe(
    `${SETTINGS}: as they are written. What is put back without a hash keeps the one it has.`,
  ),
  effective: settings().describe("With what it has from tenant_defaults."),
}).meta({ id: "Tenant" });

export const tenantRequestSchema = z.strictObject({
  settings: settings().describe(`${SETTINGS}; they replace all that there are.`),
}).meta({ id: "TenantRequest" });

export const createTenantSchema = z.strictObject({
  id: tenantId(),
  settings: settings().default({}).describe(`${SETTINGS}.`),
  with_key: z.boolean().default(true).describe("Whether it is given an API key."),
}).meta({ id: "CreateTenant" });

export const createdTenantSchema = z.strictObject({
  tenant: tenantSchema,
  key: z.string().nullable().describe("Its API key, which is not shown again; null when it was given none."),
}).meta({ id: "CreatedTenant" });

export const removedTenantSchema = z.strictObject({ id: z.string() }).meta({ id: "RemovedTenant" });

export const rotateKeySchema = z.strictObject({
  overlap_ms: z.int().min(0).max(MAX_OVERLAP_MS).default(DEFAULT_OVERLAP_MS)
    .describe("How long the keys that it has still count."),
}).meta({ id: "RotateKey" });

export const rotatedKeySchema = z.strictObject({
  key: z.string().describe("It is not shown again."),
  key_id: z.string(),
  others_expire_ms: timeMs(),
}).meta({ id: "RotatedKey" });

const liveLimitSchema = z.strictObject({
  of: z.enum(LIMIT_GROUPS as [string, ...string[]]).describe("All signals together, or one."),
  name: z.enum([
    ...["requests_per_second", "items_per_second", "bytes_per_second"] as const,
    ...["concurrent_requests", "bytes_in_flight"] as const,
  ]),
  limit: count().describe("As configured."),
  share: z.number().min(0).max(1).describe("What this gateway has of it now, where a fleet shares it."),
  room: count().describe("What it has room for at once when nothing is used."),
  left: count().describe("Of that, now."),
  full_in_ms: z.number().nullable().describe("When a rate has all its room again; null of what is in flight."),
}).meta({ id: "LiveLimit" });

export const tenantFleetSchema = z.strictObject({
  mode: z.enum(["none", "local", "divided", "redis"])
    .describe("As tenancy::fleet says; none: the configuration knows no tenants."),
  connected: z.boolean().describe("Whether the store answered last time. While it does not, the last shares count."),
  since_ms: z.number().nullable().describe("Since when it is so; null where there is no store."),
  replicas: count().describe("Gateways that share the limits."),
  leases: count().describe("Rates that have a share of their own here; the others have one of as many as replicas."),
}).meta({ id: "TenantFleet" });

export const tenantLimitsSchema = z.strictObject({
  id: z.string(),
  limits: z.array(liveLimitSchema),
  refusals: z.array(z.strictObject({ reason: z.string(), requests: count() }))
    .describe("Requests that were refused, or of which something was cut off, since the tenant is there."),
}).meta({ id: "TenantLimits" });

export const refusalSchema = z.strictObject({
  first_ms: timeMs(),
  last_ms: timeMs(),
  times: z.int().min(1).describe("Requests, of one minute."),
  signal: z.enum(SIGNAL_NAMES).nullable().describe("Null when it was refused before that was looked at."),
  reason: z.string(),
  items: count().describe("That were cut off; 0 of what was refused whole."),
  message: z.string().describe("What the last of them was told."),
}).meta({ id: "Refusal" });

export const unknownRefusalSchema = refusalSchema.omit({ items: true }).extend({
  address: z.string().describe("Of the peer; of IPv6 its /64. Behind a trusted proxy the one that the proxy tells."),
  reason: z.string().describe(`${CREDENTIAL_REFUSALS.join(", ")}.`),
}).meta({ id: "UnknownRefusal" });

export const usageQuerySchema = z.strictObject({
  tenant: z.string().max(128).optional(),
  signal: z.enum(SIGNAL_NAMES).optional(),
  from_ms: z.coerce.number().min(0).max(8.64e15).optional().describe("Absent: a day before until_ms."),
  until_ms: z.coerce.number().min(0).max(8.64e15).optional().describe("Absent: now."),
  step: z.enum(["minute", "hour", "day"]).default("hour").describe("Of time, that one entry is of; days are of UTC."),
});

export const usageEntrySchema = z.strictObject({
  time: z.string().describe("When the step begins, RFC 3339."),
  tenant: z.string(),
  signal: z.string(),
  destination: z.string().describe("The exporter; empty at the door."),
  outcome: z.string().describe("accepted, refused, rejected, shed, filtered; at a destination sent or failed."),
  reason: z.string(),
  requests: count(),
  items: count(),
  bytes: count(),
}).meta({ id: "UsageEntry" });

export type TenantSummary = z.output<typeof tenantSummarySchema>;
export type Tenant = z.output<typeof tenantSchema>;
export type CreateTenant = z.output<typeof createTenantSchema>;
export type CreatedTenant = z.output<typeof createdTenantSchema>;
export type RotatedKey = z.output<typeof rotatedKeySchema>;
export type TenantFleet = z.output<typeof tenantFleetSchema>;
export type TenantLimitsView = z.output<typeof tenantLimitsSchema>;
export type Refusal = z.output<typeof refusalSchema>;
export type UnknownRefusal = z.output<typeof unknownRefusalSchema>;
export type UsageRequest = z.output<typeof usageQuerySchema>;
export type UsageEntry = z.output<typeof usageEntrySchema>;
