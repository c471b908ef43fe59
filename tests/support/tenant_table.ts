/**
 * Tenants for a test, written as in a configuration, and whoever sends something of theirs.
 *
 * @module
 */

import type { ClientCertificate, Sender } from "../../pipeline/contract/tenants.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";
import { tenantDefaultsSchema, tenantSchema } from "../../pipeline/tenants/schema.ts";
import { resolveTenant } from "../../pipeline/tenants/settings.ts";
import { TenantTable } from "../../pipeline/tenants/table/table.ts";
import { recordsOf, writeTenant } from "../../pipeline/tenants/table/record.ts";
import { TableWriter } from "../../pipeline/tenants/table/writer.ts";
import { asYaml } from "./otlp_edge.ts";

/** @param tenants By id; a tenant's slot is its place among them. */
export function tenantTable(tenants: Readonly<Record<string, unknown>>): TenantTable {
  const defaults = tenantDefaultsSchema.parse({});
  const specs = Object.entries(tenants).map(([id, settings]) =>
    resolveTenant(id, tenantSchema.parse(asYaml(settings)), defaults)
  );
  const records = specs.map((spec) => writeTenant(spec));
  const writer = new TableWriter({
    slots: records.length,
    records: specs.reduce((sum, each) => sum + recordsOf(each), 0),
    bytes: records.reduce((sum, each) => sum + each.length, 0),
  });
  for (const [slot, each] of records.entries()) {
    if (writer.add(slot, each) !== undefined) throw new TypeError("Cannot make a table: a name is there twice");
  }
  return new TenantTable(writer.finish());
}

export interface SenderOptions {
  /** By lower-case names; several lines as a server joins them. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly peerAddress?: string;
  readonly signal?: Signal | undefined;
  readonly certificate?: Partial<ClientCertificate>;
}

/** A request's head. */
export function senderOf({ headers = {}, peerAddress = "192.0.2.1", signal, certificate }: SenderOptions): Sender {
  const names = { subject: "", dnsNames: [], uris: [], emails: [], ...certificate };
  return {
    peerAddress,
    signal,
    header: (name) => headers[name],
    certificate: () => certificate === undefined ? undefined : names,
  };
}

/** As a client writes it. */
export function basicOf(username: string, password: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${username}:${password}`)))}`;
}
