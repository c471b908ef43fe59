/**
 * A tenant as those behind the receiver know it: by whom data is queued, shed, counted and routed.
 *
 * @module
 */

/** The metadata that has the tenant's id, in place of a header of that name: for OTTL, routing and Kafka topics. */
export const TENANT_METADATA = "tenant.id";

/** One object a tenant and thread, made when it is first seen; who it is, never what it may do. */
export interface TenantTag {
  /** As configured: `acme`. */
  readonly id: string;
  /** Its row in the shared tables: the same in every thread, its own as long as the tenant exists. */
  readonly slot: number;
  /** Of a destination that several tenants want at once, 1 to 1,000; default 1. */
  readonly weight: number;
  /** Under pressure the lowest is shed first, 0 to 9; default 5. */
  readonly priority: number;
  /** Largest part of one sending queue that it may hold, above 0 to 1; default 1. */
  readonly maxQueueShare: number;
}
