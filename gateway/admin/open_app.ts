/**
 * What answers behind the admin API's listener. It is loaded when somebody asks for the first time: its schemas, pages
 * and the tenants' part hold 20 MB that a gateway which nobody asks does not need.
 *
 * @module
 */

import type { FetchHandler } from "../../pipeline/contract/http.ts";
import { type AdminAppOptions, createAdminApp } from "../../routes/admin/app.ts";
import { GatewayAudit } from "./audit.ts";
import { GatewayAdmin, type GatewayAdminOptions } from "./gateway_admin.ts";

/** What it is about. */
export type AdminAppDeps = Omit<GatewayAdminOptions, "audit">;

export interface OpenAdminApp {
  readonly fetch: FetchHandler;
  stopping(): void;
  close(): void;
}

/** Opens the channel to the threads; `close` ends it with all taps. */
export function openAdminApp(deps: AdminAppDeps, options: AdminAppOptions): OpenAdminApp {
  const { gateway: { logger, meter }, clock, stateDir } = deps;
  const refused = meter.counter("sluice_admin_unauthenticated_requests", {});
  const control = new GatewayAdmin({ ...deps, audit: new GatewayAudit({ logger, clock, stateDir, refused }) });
  const app = createAdminApp(control, options);
  return { fetch: app.fetch, stopping: () => control.stopping(), close: () => control.close() };
}
