/**
 * The top-level keys of tenants, for the check of a configuration, and what they come to.
 *
 * @module
 */

import type { GatewayConfig, SettingsEntry } from "../config/gateway_config.ts";
import { errorAt, type Problem } from "../config/problem.ts";
import { suggestion } from "../config/suggest.ts";
import { type ConfigNode, type MapNode, nearestNode, type NodePath, type Place } from "../config/tree/node.ts";
import { MAX_TENANTS } from "./limits.ts";
import {
  isTenantId,
  type TenancyConfig,
  tenancySchema,
  type TenantDefaults,
  tenantDefaultsSchema,
  tenantsDirSchema,
  type TenantSettings,
  tenantsSchema,
  WANTED_TENANT_ID,
} from "./schema.ts";

const KEYS = { tenancy: "tenancy", defaults: "tenant_defaults", tenants: "tenants", dir: "tenants_dir" } as const;

/** Keys that only the control thread reads: the others are given a table. */
const SOURCE_KEYS: readonly string[] = [KEYS.defaults, KEYS.tenants, KEYS.dir];

export const TENANT_SETTINGS: readonly SettingsEntry[] = [
  {
    key: KEYS.tenancy,
    summary: "How tenants are told apart. A configuration with any of these four keys takes data from tenants alone.",
    schema: tenancySchema,
  },
  {
    key: KEYS.defaults,
    summary: "What a tenant has that leaves a key out. Maps are merged with the tenant's, down to each limit; " +
      "a list or a single value of the tenant replaces the one here.",
    schema: tenantDefaultsSchema,
    problems: (config, node, pipelines) =>
      pipelineProblems(config as TenantDefaults, node, [KEYS.defaults], new Set(pipelines)),
  },
  {
    key: KEYS.tenants,
    summary: "Tenants by id. `{tenant.id}` in the value of a resource attribute is the tenant's id.",
    schema: tenantsSchema,
    problems: (config, node, pipelines) => tenantsProblems(config as TenantsConfig, node, pipelines),
  },
  {
    key: KEYS.dir,
    summary:
      "A directory of further tenants, read again when a file in it changes: `ID.yaml` holds what stands below " +
      "`tenants::ID`, and may name another `id`; a line of `*.jsonl` holds the same as JSON, with its `id`. " +
      "Nothing is expanded in them.",
    schema: tenantsDirSchema,
  },
];

type TenantsConfig = Readonly<Record<string, TenantSettings>>;

/** A tenant as it is written, with its place. */
export interface WrittenTenant {
  readonly id: string;
  readonly place: Place;
  readonly settings: TenantSettings;
}

/** What a configuration says of tenants. */
export interface TenantSources {
  readonly defaults: TenantDefaults;
  /** Equal for equal defaults. */
  readonly defaultsFingerprint: string;
  /** Those of the configuration itself. */
  readonly tenants: readonly WrittenTenant[];
  readonly directory: string | undefined;
  /** Ids of pipelines, which a tenant may name. */
  readonly pipelines: ReadonlySet<string>;
}

/** How tenants are told apart; undefined when the configuration knows none. */
export function tenancyOf({ settings }: GatewayConfig): TenancyConfig | undefined {
  const config = settings.get(KEYS.tenancy)?.config as TenancyConfig | undefined;
  return config ?? (SOURCE_KEYS.some((key) => settings.has(key)) ? tenancySchema.parse({}) : undefined);
}

/** Two configurations with the same one tell tenants apart in the same way; "" when it knows none. */
export function tenancyFingerprint({ settings }: GatewayConfig): string {
  return [...Object.values(KEYS)].some((key) => settings.has(key))
    ? `tenants ${settings.get(KEYS.tenancy)?.fingerprint ?? ""}`
    : "";
}

/** Where tenants come from; undefined when the configuration knows none. */
export function tenantSourcesOf(config: GatewayConfig): TenantSources | undefined {
  if (tenancyOf(config) === undefined) return undefined;
  const { settings, pipelines } = config;
  const inline = settings.get(KEYS.tenants);
  const defaults = settings.get(KEYS.defaults);
  return {
    defaults: (defaults?.config ?? {}) as TenantDefaults,
    defaultsFingerprint: defaults?.fingerprint ?? "",
    tenants: Object.entries((inline?.config ?? {}) as TenantsConfig).map(([id, own]) => {
      return { id, settings: own, place: keyPlace(inline?.node, id) };
    }),
    directory: settings.get(KEYS.dir)?.config as string | undefined,
    pipelines: new Set(pipelines.keys()),
  };
}

const NOWHERE: Place = { file: "", line: 0, column: 0 };

function keyPlace(node: ConfigNode | undefined, key: string): Place {
  return (node?.kind === "map" ? node.entries.get(key)?.keyPlace : undefined) ?? node?.place ?? NOWHERE;
}

/** The tree as the data workers are given it: they know that there are tenants, and not which. */
export function withoutTenants(tree: MapNode): MapNode {
  const kept = [...tree.entries].filter(([key]) => !SOURCE_KEYS.includes(key));
  if (kept.length === tree.entries.size) return tree;
  const none = { keyPlace: tree.place, node: { kind: "map", place: tree.place, entries: new Map() } } as const;
  return { ...tree, entries: new Map([...kept, [KEYS.tenants, none]]) };
}

function tenantsProblems(tenants: TenantsConfig, node: ConfigNode, pipelines: readonly string[]): Problem[] {
  const ids = Object.keys(tenants);
  const known = new Set(pipelines);
  const names = new NameBook();
  const problems = ids.flatMap((id) => {
    const path = [KEYS.tenants, id];
    const own = tenants[id];
    const place = keyPlace(node, id);
    if (!isTenantId(id)) return [errorAt(place, path, `is no id of a tenant, ${WANTED_TENANT_ID}`)];
    const section = nearestNode(node, [id]);
    return own === undefined ? [] : [
      ...pipelineProblems(own, section, path, known),
      ...names.add(own, section, path),
    ];
  });
  if (ids.length <= MAX_TENANTS) return problems;
  return [...problems, errorAt(node.place, [KEYS.tenants], `has ${ids.length} tenants, wanted ${MAX_TENANTS} at most`)];
}

/** Pipelines that a tenant, or the defaults, names and that do not exist. */
export function pipelineProblems(
  { pipelines = [] }: Pick<TenantDefaults, "pipelines">,
  node: ConfigNode,
  path: NodePath,
  known: ReadonlySet<string>,
): Problem[] {
  return pipelines.filter((id) => !known.has(id)).map((id) => {
    const { place } = nearestNode(node, ["pipelines", pipelines.indexOf(id)]);
    const message = `names ${JSON.stringify(id)}, which is no pipeline, ${suggestion(id, [...known])}`;
    return errorAt(place, [...path, "pipelines"], message);
  });
}

/** The names of credentials, each of which only one tenant may have. */
class NameBook {
  readonly #places = new Map<string, Place>();

  add({ keys, basic, certificates }: TenantSettings, node: ConfigNode, path: NodePath): Problem[] {
    return [
      ...keys.flatMap(({ id }, i) => this.#enter(`the key id ${quote(id)}`, node, path, ["keys", i, "id"])),
      ...basic.flatMap(({ username }, i) =>
        this.#enter(`the username ${quote(username)}`, node, path, ["basic", i, "username"])
      ),
      ...certificates.flatMap((names, i) =>
        Object.entries(names).flatMap(([kind, name]) =>
          name === undefined ? [] : this.#enter(`the ${kind} ${quote(name)}`, node, path, ["certificates", i, kind])
        )
      ),
    ];
  }

  #enter(name: string, node: ConfigNode, path: NodePath, below: NodePath): Problem[] {
    const { place } = nearestNode(node, below);
    const first = this.#places.get(name);
    this.#places.set(name, first ?? place);
    return first === undefined
      ? []
      : [errorAt(place, [...path, ...below], `has ${name} again: ${atPlace(first)} has it too`)];
  }
}

const quote = (text: string) => JSON.stringify(text);

/** `gateway.yaml:3:5`. */
export function atPlace({ file, line, column }: Place): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
}
