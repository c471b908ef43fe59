/**
 * What the routes of tenants ask of the gateway that runs.
 *
 * @module
 */

import type { ConfigProblem } from "../../api/schemas.ts";
import type {
  CreatedTenant,
  CreateTenant,
  Refusal,
  RotatedKey,
  Tenant,
  TenantFleet,
  TenantLimitsView,
  TenantSummary,
  UnknownRefusal,
  UsageRequest,
} from "./schemas.ts";

export interface TenantAdmin {
  /** In the order of their ids. @param limit 1 to 500. */
  list(ask: { readonly search: string; readonly offset: number; readonly limit: number }): {
    /** Of all that match. */
    readonly total: number;
    readonly tenants: readonly TenantSummary[];
  };
  /** @throws {GatewayError} 404: there is none. */
  get(id: string): Promise<Tenant>;
  /** @throws {GatewayError} 409: there is one, or nowhere to write it; 422; 507: it cannot be written. */
  create(request: CreateTenant): Promise<CreatedTenant>;
  /**
   * @param ifVersion The version that must be there. Absent: any.
   * @throws {GatewayError} 404; 409: it is of the configuration itself; 412: another version; 422; 507.
   */
  set(id: string, settings: Readonly<Record<string, unknown>>, ifVersion: string | undefined): Promise<Tenant>;
  /** @throws {GatewayError} As `set`. */
  remove(id: string, ifVersion: string | undefined): Promise<void>;
  /** @throws {GatewayError} As `set`; 409 also when it has as many keys as there may be. */
  rotateKey(id: string, overlapMs: number, ifVersion: string | undefined): Promise<RotatedKey & Versioned>;
  /** @throws {GatewayError} 404. */
  limits(id: string): TenantLimitsView;
  /** The newest first. @throws {GatewayError} 404. */
  refusals(id: string): Promise<readonly Refusal[]>;
  /** Of credentials, by the address that they came from, the newest first. */
  unknownRefusals(): Promise<readonly UnknownRefusal[]>;
  problems(): readonly ConfigProblem[];
  /** How limits are shared with other gateways. */
  fleet(): TenantFleet;
  /** What was used until now. @throws {GatewayError} 409: it is kept nowhere. */
  usage(request: UsageRequest, format: "json" | "csv"): Promise<ReadableStream<Uint8Array>>;
}

/** With the version that there is afterwards. */
interface Versioned {
  readonly version: string;
}
