/**
 * The effective configuration value by value: what it is, secrets masked, and where it comes from.
 *
 * @module
 */

import { describeSchema } from "../../../pipeline/config/describe.ts";
import { parseComponentId } from "../../../pipeline/config/component_id.ts";
import {
  COMPONENT_SECTIONS,
  type ComponentCatalog,
  type ComponentSection,
  type GatewayConfig,
  type ResolvedConfig,
} from "../../../pipeline/config/gateway_config.ts";
import { findEntry } from "../../../pipeline/config/parse.ts";
import { maskTree } from "../../../pipeline/config/show.ts";
import { telemetrySchema } from "../../../pipeline/config/service_telemetry.ts";
import {
  childNode,
  children,
  type ConfigNode,
  formatPath,
  type NodePath,
  type Place,
  type ScalarNode,
} from "../../../pipeline/config/tree/node.ts";
import { printYaml } from "../../../pipeline/config/tree/print.ts";
import { REGISTRY } from "../../../pipeline/graph/registry.ts";
import type { ConfigValue, ValueOrigin } from "../../../routes/admin/schemas.ts";

const CATALOG: ComponentCatalog = REGISTRY;

/** What a source is called that came over the API. */
export const REMOTE_PREFIX = "admin:";

/** What sources are called that an OpAMP server gave. */
export const OPAMP_SOURCE = "opamp";

/** Every value, section by section; in each the defaults of what is not given come last. */
export function configValues(resolved: ResolvedConfig): readonly ConfigValue[] {
  const tree = maskTree(resolved.tree, REGISTRY);
  return [...valuesBelow(tree, []), ...defaultsOf(tree)];
}

/** The masked section of each component, as YAML. */
export function sectionTexts(resolved: ResolvedConfig): (section: ComponentSection, id: string) => string {
  const tree = maskTree(resolved.tree, REGISTRY);
  return (section, id) => {
    const node = childNode(childNode(tree, section), id);
    return node === undefined || node.kind === "scalar" ? "" : printYaml(node);
  };
}

function valuesBelow(node: ConfigNode, path: NodePath): readonly ConfigValue[] {
  const below = children(node);
  if (below.length > 0) return below.flatMap(([key, child]) => valuesBelow(child, [...path, key]));
  const value = node.kind === "scalar" ? valueText(node) : node.kind === "map" ? "{}" : "[]";
  return [{ path: formatPath(path), value, origin: originOf(node) }];
}

function valueText({ value, text }: ScalarNode): string {
  return value === null ? "null" : text;
}

function originOf(node: ConfigNode): ValueOrigin {
  const { file, line, column } = node.place;
  return {
    ...sourceOf(node.place),
    line: file === "built-in" ? 0 : line,
    column: file === "built-in" ? 0 : column,
    expanded_from: node.kind === "scalar" ? [...node.from ?? []] : [],
  };
}

function sourceOf({ file }: Place): Pick<ValueOrigin, "kind" | "source"> {
  if (file === "built-in") return { kind: "built_in", source: "" };
  if (file.startsWith("--set ")) return { kind: "set", source: file };
  if (file.startsWith("env:")) return { kind: "env", source: file.slice("env:".length) };
  if (file === "yaml:") return { kind: "text", source: "--config yaml:" };
  if (file.startsWith(REMOTE_PREFIX)) return { kind: "remote", source: file.slice(REMOTE_PREFIX.length) };
  if (file === OPAMP_SOURCE || file.startsWith(`${OPAMP_SOURCE}:`)) return { kind: "remote", source: file };
  return { kind: "file", source: file };
}

const BY_DEFAULT: ValueOrigin = { kind: "default", source: "", line: 0, column: 0, expanded_from: [] };

function defaultsOf(tree: ConfigNode): readonly ConfigValue[] {
  const sections = Object.keys(COMPONENT_SECTIONS) as ComponentSection[];
  const components = sections.flatMap((section) =>
    children(childNode(tree, section) ?? tree).flatMap(([id, node]) => {
      const type = parseComponentId(String(id))?.type;
      const entry = type === undefined ? undefined : findEntry(type, CATALOG[section]);
      return entry === undefined ? [] : schemaDefaults(entry.schema, node, [section, id]);
    })
  );
  const telemetry = childNode(childNode(tree, "service"), "telemetry");
  return [...components, ...schemaDefaults(telemetrySchema, telemetry, ["service", "telemetry"])];
}

/** What a schema puts where nothing is given; not below a section that is off, nor inside lists and maps. */
function schemaDefaults(
  schema: GatewayConfigSchema,
  node: ConfigNode | undefined,
  path: NodePath,
): readonly ConfigValue[] {
  const off: string[] = [];
  return describeSchema(schema).flatMap(({ key, type, defaultText }) => {
    const keys = key.split(".");
    const isGiven = keys.reduce((at: ConfigNode | undefined, name) => at && childNode(at, name), node) !== undefined;
    if (isGiven || /\[\]|</.test(key)) return [];
    if (defaultText === "off") off.push(`${key}.`);
    if (defaultText === "" || defaultText === "required" || defaultText === "off") return [];
    if (type === "section" || off.some((prefix) => key.startsWith(prefix))) return [];
    return [{ path: formatPath([...path, ...keys]), value: defaultText, origin: BY_DEFAULT }];
  });
}

type GatewayConfigSchema = Parameters<typeof describeSchema>[0];

/** How many components a configuration runs. */
export function countUsed(config: GatewayConfig): number {
  const sections = Object.keys(COMPONENT_SECTIONS) as ComponentSection[];
  return sections.flatMap((section) => [...config[section].values()]).filter(({ used }) => used).length;
}
