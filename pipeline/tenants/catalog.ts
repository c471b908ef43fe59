/**
 * The top-level keys of tenants, for the check of a configuration, and what they come to.
 *
 * @module
 */

import type { SettingsEntry } from "../config/gateway_config.ts";
import { errorAt, type Problem } from "../config/problem.ts";
import { suggestion } from "../config/suggest.ts";
import { type ConfigNode, nearestNode, type NodePath, type Place } from "../config/tree/node.ts";
import { MAX_TENANTS } from "./limits.ts";
import {
  isTenantId,
  tenancySchema,
  type TenantDefaults,
  tenantDefaultsSchema,
  tenantsDirSchema,
  type TenantSettings,
  tenantsSchema,
  WANTED_TENANT_ID,
} from "./schema.ts";
import { atPlace, keyPlace, TENANT_KEYS, type TenantsConfig } from "./sources.ts";

export const TENANT_SETTINGS: readonly SettingsEntry[] = [
  {
    key: TENANT_KEYS.tenancy,
    summary: "How tenants are told apart. A configuration with any of these four keys takes data from tenants alone.",
    schema: tenancySchema,
  },
  {
    key: TENANT_KEYS.defaults,
    summary: "What a tenant has that leaves a key out. Maps are merged with the tenant's, down to each limit; " +
      "a list or a single value of the tenant replaces the one here.",
    schema: tenantDefaultsSchema,
    problems: (config, node, pipelines) =>
      pipelineProblems(config as TenantDefaults, node, [TENANT_KEYS.defaults], new Set(pipelines)),
  },
  {
    key: TENANT_KEYS.tenants,
    summary: "Tenants by id. `{tenant.id}` in the value of a resource attribute is the tenant's id.",
    schema: tenantsSchema,
    problems: (config, node, pipelines) => tenantsProblems(config as TenantsConfig, node, pipelines),
  },
  {
    key: TENANT_KEYS.dir,
    summary:
      "A directory of further tenants, read again when a file in it changes: `ID.yaml` holds what stands below " +
      "`tenants::ID`, and may name another `id`; a line of `*.jsonl` holds the same as JSON, with its `id`. " +
      "Nothing is expanded in them.",
    schema: tenantsDirSchema,
  },
];

function tenantsProblems(tenants: TenantsConfig, node: ConfigNode, pipelines: readonly string[]): Problem[] {
  const ids = Object.keys(tenants);
  const known = new Set(pipelines);
  const names = new NameBook();
  const problems = ids.flatMap((id) => {
    const path = [TENANT_KEYS.tenants, id];
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
  return [
    ...problems,
    errorAt(node.place, [TENANT_KEYS.tenants], `has ${ids.length} tenants, wanted ${MAX_TENANTS} at most`),
  ];
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
