/**
 * What a configuration says of tenants, for those that need not read it: where they come from, and whether there are any.
 *
 * @module
 */

import type { GatewayConfig } from "../config/gateway_config.ts";
import { childNode, type ConfigNode, type Place } from "../config/tree/node.ts";
import type { TenancyConfig, TenantDefaults, TenantSettings } from "./schema.ts";

export const TENANT_KEYS = {
  tenancy: "tenancy",
  defaults: "tenant_defaults",
  tenants: "tenants",
  dir: "tenants_dir",
} as const;

export type TenantsConfig = Readonly<Record<string, TenantSettings>>;

/** A tenant as it is written, with its place. */
export interface WrittenTenant {
  readonly id: string;
  readonly place: Place;
  readonly settings: TenantSettings;
  readonly node: ConfigNode;
}

/** What a configuration says of tenants. */
export interface TenantSources {
  readonly defaults: TenantDefaults;
  /** Equal for equal defaults. */
  readonly defaultsFingerprint: string;
  /** Those of the configuration itself. */
  readonly tenants: readonly WrittenTenant[];
  readonly directory: string | undefined;
  /** Whose data without credentials is; it must be there. */
  readonly defaultTenant?: { readonly id: string; readonly place: Place };
  /** Ids of pipelines, which a tenant may name. */
  readonly pipelines: ReadonlySet<string>;
}

/** Whether a configuration knows tenants: then it takes data from nobody else. */
export function knowsTenants({ settings }: GatewayConfig): boolean {
  return Object.values(TENANT_KEYS).some((key) => settings.has(key));
}

/** Two configurations with the same one tell tenants apart in the same way. */
export function tenancyFingerprint({ settings }: GatewayConfig): string {
  return settings.get(TENANT_KEYS.tenancy)?.fingerprint ?? "";
}

/** Where tenants come from; undefined when the configuration knows none. */
export function tenantSourcesOf(config: GatewayConfig): TenantSources | undefined {
  if (!knowsTenants(config)) return undefined;
  const { settings, pipelines } = config;
  const inline = settings.get(TENANT_KEYS.tenants);
  const defaults = settings.get(TENANT_KEYS.defaults);
  return {
    defaults: (defaults?.config ?? {}) as TenantDefaults,
    defaultsFingerprint: defaults?.fingerprint ?? "",
    tenants: Object.entries((inline?.config ?? {}) as TenantsConfig).map(([id, own]) => {
      const node = childNode(inline?.node, id) ?? NOTHING;
      return { id, settings: own, node, place: keyPlace(inline?.node, id) };
    }),
    directory: settings.get(TENANT_KEYS.dir)?.config as string | undefined,
    ...defaultTenantOf(config),
    pipelines: new Set(pipelines.keys()),
  };
}

function defaultTenantOf({ settings }: GatewayConfig): Pick<TenantSources, "defaultTenant"> {
  const tenancy = settings.get(TENANT_KEYS.tenancy);
  const { default_tenant: id = "" } = (tenancy?.config ?? {}) as Partial<TenancyConfig>;
  if (id === "") return {};
  const place = childNode(tenancy?.node, "default_tenant")?.place ?? NOWHERE;
  return { defaultTenant: { id, place } };
}

const NOWHERE: Place = { file: "", line: 0, column: 0 };
const NOTHING: ConfigNode = { kind: "scalar", place: NOWHERE, value: null, text: "" };

export function keyPlace(node: ConfigNode | undefined, key: string): Place {
  return (node?.kind === "map" ? node.entries.get(key)?.keyPlace : undefined) ?? node?.place ?? NOWHERE;
}

/** `gateway.yaml:3:5`. */
export function atPlace({ file, line, column }: Place): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
}
