/**
 * What each operation on tenants does.
 *
 * @module
 */

import { offsetOf, page, precondition } from "../../api/call.ts";
import type { HandlersOf } from "../../api/endpoint.ts";
import type { TenantAdmin } from "./control.ts";
import { changedSettings } from "./changed_settings.ts";
import type { TENANT_ENDPOINTS } from "./endpoints.ts";
import type { Tenant } from "./schemas.ts";

export type TenantHandlers = HandlersOf<typeof TENANT_ENDPOINTS>;

export function createTenantHandlers(tenants: TenantAdmin): TenantHandlers {
  /** The version that a change is for; undefined: any. */
  const meantOf = ({ version }: Tenant, ifMatch: string) => precondition(ifMatch, version);
  const meant = async (id: string, ifMatch: string) => meantOf(await tenants.get(id), ifMatch);
  return {
    listTenants: ({ query }) => {
      const offset = offsetOf(query);
      const { total, tenants: items } = tenants.list({ search: query.search, offset, limit: query.limit });
      const end = offset + items.length;
      return { body: { items: [...items], next_cursor: items.length > 0 && end < total ? String(end) : null } };
    },
    createTenant: async ({ body }) => {
      const created = await tenants.create(body);
      const { settings, version } = created.tenant;
      const key = created.key === null ? "without a key" : "with a key";
      return { body: created, etag: version, detail: [key, ...changedSettings({}, settings)].join(", ") };
    },
    getTenant: async ({ params }) => {
      const body = await tenants.get(params.id);
      return { body, etag: body.version };
    },
    setTenant: async ({ params, body, ifMatch }) => {
      const before = await tenants.get(params.id);
      const after = await tenants.set(params.id, body.settings, meantOf(before, ifMatch));
      const changes = changedSettings(before.settings, after.settings);
      return { body: after, etag: after.version, detail: changes.join(", ") || "no change" };
    },
    removeTenant: async ({ params, ifMatch }) => {
      await tenants.remove(params.id, await meant(params.id, ifMatch));
      return { body: { id: params.id } };
    },
    rotateTenantKey: async ({ params, body, ifMatch }) => {
      const ifVersion = await meant(params.id, ifMatch);
      const { version, ...rotated } = await tenants.rotateKey(params.id, body.overlap_ms, ifVersion);
      const detail = `key ${rotated.key_id}, the others end in ${body.overlap_ms} ms`;
      return { body: rotated, etag: version, detail };
    },
    getTenantLimits: ({ params }) => ({ body: tenants.limits(params.id) }),
    listTenantRefusals: async ({ params, query }) => ({ body: page(await tenants.refusals(params.id), query) }),
    listUnknownRefusals: async ({ query }) => ({ body: page(await tenants.unknownRefusals(), query) }),
    listTenantProblems: ({ query }) => ({ body: page(tenants.problems(), query) }),
    getTenantFleet: () => ({ body: tenants.fleet() }),
    getUsage: async ({ query }) => ({ body: await tenants.usage(query, "json") }),
    exportUsage: async ({ query }) => ({ body: await tenants.usage(query, "csv") }),
  };
}
