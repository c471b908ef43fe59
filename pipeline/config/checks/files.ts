/**
 * The files that a configuration names and its components read when they start: certificates, keys, authorities. Looked
 * for before anything starts, so that one that is not there is told with its key, beside all that else is wrong.
 *
 * @module
 */

import { leaves } from "../check_section.ts";
import {
  COMPONENT_SECTIONS,
  type ComponentCatalog,
  type ComponentSection,
  type GatewayConfig,
} from "../gateway_config.ts";
import { findEntry } from "../parse.ts";
import { errorAt, type Problem } from "../problem.ts";
import type { ConfigSchema } from "../schema.ts";
import { childNode, type ConfigNode, type NodePath } from "../tree/node.ts";

/** Files that are looked for; of further ones their components tell when they start. */
export const MAX_FILES = 1_000;

/**
 * Every file of a component that is used, and of the other top-level keys, that cannot be read.
 *
 * @param whyUnreadable Why a file cannot be read; undefined when it can.
 */
export function fileProblems(
  config: GatewayConfig,
  catalog: ComponentCatalog,
  whyUnreadable: (path: string) => string | undefined,
): readonly Problem[] {
  return filesOf(config, catalog).slice(0, MAX_FILES).flatMap(({ node, path }) => {
    const why = whyUnreadable(node.text);
    return why === undefined ? [] : [errorAt(node.place, path, `cannot be read: ${why}`)];
  });
}

interface NamedFile {
  readonly node: Extract<ConfigNode, { readonly kind: "scalar" }>;
  readonly path: NodePath;
}

function filesOf(config: GatewayConfig, catalog: ComponentCatalog): readonly NamedFile[] {
  const sections = Object.keys(COMPONENT_SECTIONS) as ComponentSection[];
  const components = sections.flatMap((section) =>
    [...config[section].values()].filter(({ used }) => used).flatMap(({ id, type }) => {
      const schema = findEntry(type, catalog[section])?.schema;
      return schema === undefined ? [] : filesIn(config.tree, schema, [section, id]);
    })
  );
  const settings = (catalog.settings ?? []).flatMap(({ key, schema }) => filesIn(config.tree, schema, [key]));
  return [...components, ...settings];
}

function filesIn(tree: ConfigNode, schema: ConfigSchema<unknown>, path: NodePath): readonly NamedFile[] {
  const section = path.reduce<ConfigNode | undefined>(childNode, tree);
  if (section === undefined) return [];
  return [...leaves(section, [schema], path)].flatMap(({ node, path, meta }) =>
    meta.readAtStart === true && node.kind === "scalar" && node.text !== "" && !isPlainText(tree, path)
      ? [{ node, path }]
      : []
  );
}

/** A client that is told to use no TLS reads none of its files. */
function isPlainText(tree: ConfigNode, path: NodePath): boolean {
  const insecure = [...path.slice(0, -1), "insecure"].reduce<ConfigNode | undefined>(childNode, tree);
  return insecure?.kind === "scalar" && insecure.value === true;
}
