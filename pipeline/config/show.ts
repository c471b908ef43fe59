/**
 * The effective configuration for people and for OpAMP: the resolved tree as YAML, without its secrets.
 *
 * Masked: what a schema calls secret, and headers; where no schema is known, what is called like a secret; anything
 * that came from a variable or file called like a secret; user, password and parameters called like a secret in every URL.
 *
 * @module
 */

import type { z } from "zod";
import { maskUrls, REDACTED, SECRET_NAME } from "../core/log/mask.ts";
import { parseComponentId } from "./component_id.ts";
import {
  COMPONENT_SECTIONS,
  type ComponentCatalog,
  type ComponentSection,
  type ResolvedConfig,
} from "./gateway_config.ts";
import { findEntry } from "./parse.ts";
import { childSchemas, schemaForm } from "./schema_form.ts";
import { telemetrySchema } from "./service_telemetry.ts";
import type { ConfigNode, MapNode, ScalarNode } from "./tree/node.ts";
import { printYaml } from "./tree/print.ts";

/** The tree of `resolved` as YAML text that can be loaded again, but for what is masked. */
export function showConfig(resolved: ResolvedConfig, catalog: ComponentCatalog): string {
  return printYaml(maskTree(resolved.tree, catalog));
}

type Schema = z.core.$ZodType;

/** The tree without its secrets; places stay. */
export function maskTree(tree: MapNode, catalog: ComponentCatalog): ConfigNode {
  return mapEntries(tree, (section, node) => {
    const settings = catalog.settings?.find(({ key }) => key === section);
    if (settings !== undefined) return mask(node, [settings.schema], section);
    if (node.kind !== "map") return mask(node, [], section);
    if (Object.hasOwn(COMPONENT_SECTIONS, section)) {
      return mapEntries(node, (id, component) => mask(component, componentSchemas(section, id, catalog), section));
    }
    const schemasOf = (key: string) => section === "service" && key === "telemetry" ? [telemetrySchema] : [];
    return mapEntries(node, (key, child) => mask(child, schemasOf(key), key));
  });
}

function componentSchemas(section: string, id: string, catalog: ComponentCatalog): readonly Schema[] {
  const type = parseComponentId(id)?.type;
  const entry = type === undefined ? undefined : findEntry(type, catalog[section as ComponentSection]);
  return entry === undefined ? [] : [entry.schema];
}

function mapEntries(map: MapNode, change: (key: string, node: ConfigNode) => ConfigNode): MapNode {
  const entries = [...map.entries].map(([key, entry]) => [key, { ...entry, node: change(key, entry.node) }] as const);
  return { ...map, entries: new Map(entries) };
}

/** @param schemas What may apply here; none: go by the names of keys. */
function mask(node: ConfigNode, schemas: readonly Schema[], key: string): ConfigNode {
  if (schemas.some(isSecret)) return maskAll(node);
  if (schemas.length === 0 && SECRET_NAME.test(key)) return maskAll(node);
  if (schemas.length === 0 && key === "headers") return maskAll(node);
  if (node.kind === "scalar") return maskScalar(node);
  if (node.kind === "list") {
    return { ...node, items: node.items.map((item, index) => mask(item, below(schemas, index), key)) };
  }
  return mapEntries(node, (name, child) => mask(child, below(schemas, name), name));
}

function below(schemas: readonly Schema[], key: string | number): readonly Schema[] {
  return schemas.flatMap((schema) => childSchemas(schema, key));
}

function isSecret(schema: Schema): boolean {
  const form = schemaForm(schema);
  if (form.kind === "union") return form.options.some(isSecret);
  return form.kind === "leaf" && form.meta.secret === true;
}

/** The keys of a map and the names in a list of {name, value} stay: they say which headers are sent. */
function maskAll(node: ConfigNode): ConfigNode {
  if (node.kind === "list") return { ...node, items: node.items.map(maskItem) };
  if (node.kind === "map") return mapEntries(node, (_, child) => maskAll(child));
  return node.text === "" ? node : redacted(node);
}

function maskItem(item: ConfigNode): ConfigNode {
  if (item.kind !== "map" || !item.entries.has("value")) return maskAll(item);
  return mapEntries(item, (key, child) => key === "name" ? child : maskAll(child));
}

function maskScalar(node: ScalarNode): ScalarNode {
  if (node.from?.some((source) => SECRET_NAME.test(source)) && node.text !== "") return redacted(node);
  if (typeof node.value !== "string") return node;
  const value = maskUrls(node.value);
  return { ...node, value, text: value };
}

function redacted(node: ScalarNode): ScalarNode {
  return { ...node, value: REDACTED, text: REDACTED };
}
