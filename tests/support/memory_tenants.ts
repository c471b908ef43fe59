/**
 * Tenants of an admin API without a gateway: for tests of the routes.
 *
 * @module
 */

import { ConflictError, NotFoundError, RefusedError } from "../../routes/admin/control.ts";
import type { TenantAdmin } from "../../routes/admin/tenants/control.ts";
import type { CreateTenant, Tenant } from "../../routes/admin/tenants/schemas.ts";

type Settings = Tenant["settings"];

export class MemoryTenants implements TenantAdmin {
  readonly tenants = new Map<string, { settings: Settings; version: number }>([
    ["acme", { settings: { weight: 2 }, version: 1 }],
    ["globex", { settings: {}, version: 1 }],
    ["initech", { settings: {}, version: 1 }],
  ]);
  hasUsage = true;

  list({ search, offset, limit }: Parameters<TenantAdmin["list"]>[0]) {
    const ids = [...this.tenants.keys()].filter((id) => id.includes(search)).sort();
    return { total: ids.length, tenants: ids.slice(offset, offset + limit).map((id) => this.#summary(id)) };
  }

  get(id: string): Promise<Tenant> {
    return this.#try(() => this.#view(id));
  }

  create({ id, settings, with_key }: CreateTenant) {
    return this.#try(() => {
      if (this.tenants.has(id)) throw new ConflictError("Cannot make it: there is one");
      this.#write(id, settings, 1);
      return { tenant: this.#view(id), key: with_key ? "slk_a_b" : null };
    });
  }

  set(id: string, settings: Settings) {
    return this.#try(() => {
      const { version } = this.#find(id);
      this.#write(id, settings, version + 1);
      return this.#view(id);
    });
  }

  remove(id: string) {
    return this.#try(() => {
      this.#find(id);
      this.tenants.delete(id);
    });
  }

  rotateKey(id: string, overlapMs: number) {
    return this.#try(() => {
      const tenant = this.#find(id);
      tenant.version++;
      return { key: "slk_c_d", key_id: "c", others_expire_ms: overlapMs, version: `t${tenant.version}` };
    });
  }

  limits(id: string) {
    this.#find(id);
    const rate = { of: "all", name: "requests_per_second" as const, limit: 1, share: 1 };
    const limit = { ...rate, room: 2, left: 1, full_in_ms: 500 };
    return { id, limits: [limit], refusals: [{ reason: "requests_per_second", requests: 3 }] };
  }

  fleet() {
    return { mode: "redis" as const, connected: false, since_ms: 1_000, replicas: 3, leases: 2 };
  }

  unknownRefusals() {
    const refusal = { first_ms: 1, last_ms: 2, times: 3, signal: null, reason: "expired", message: "m" };
    return Promise.resolve([{ address: "192.0.2.7", ...refusal }]);
  }

  refusals(id: string) {
    const refusal = {
      first_ms: 1,
      last_ms: 2,
      times: 3,
      signal: "logs" as const,
      reason: "shed",
      items: 4,
      message: "m",
    };
    return this.#try(() => {
      this.#find(id);
      return [refusal, { ...refusal, signal: null }];
    });
  }

  problems() {
    const place = { file: "tenants/a.yaml", line: 1, column: 2 };
    return [{ severity: "error" as const, path: "tenants::a", message: "is broken", ...place }];
  }

  usage(_: unknown, format: "json" | "csv"): Promise<ReadableStream<Uint8Array>> {
    if (!this.hasUsage) return Promise.reject(new ConflictError("Cannot tell usage: it is kept nowhere"));
    const series = { tenant: "acme", signal: "logs", destination: "", outcome: "accepted", reason: "" };
    const entry = { time: "2026-01-01T00:00:00Z", ...series, requests: 1, items: 2, bytes: 3 };
    const text = format === "json" ? JSON.stringify([entry]) : "time,tenant\r\n2026-01-01T00:00:00Z,acme\r\n";
    return Promise.resolve(new Blob([text]).stream());
  }

  // deno-lint-ignore require-await -- what it throws is a rejection
  async #try<T>(work: () => T): Promise<T> {
    return work();
  }

  #find(id: string) {
    const tenant = this.tenants.get(id);
    if (tenant === undefined) throw new NotFoundError("Cannot find the tenant");
    return tenant;
  }

  #write(id: string, settings: Settings, version: number): void {
    if ("bad" in settings) throw new RefusedError("Cannot use the settings");
    this.tenants.set(id, { settings, version });
  }

  #summary(id: string) {
    return { id, enabled: true, keys: 1, place: "a.yaml:1:1", version: `t${this.#find(id).version}`, refusals: 0 };
  }

  #view(id: string): Tenant {
    const { settings } = this.#find(id);
    return { ...this.#summary(id), settings, effective: { enabled: true, ...settings } };
  }
}
