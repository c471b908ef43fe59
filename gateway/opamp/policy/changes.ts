/**
 * What a remote configuration changes, value by value, for the checks of the local policy.
 *
 * @module
 */

import {
  childNode,
  children,
  type ConfigNode,
  fingerprintOf,
  type NodePath,
} from "../../../pipeline/config/tree/node.ts";

/** A value of the remote configuration that the local one does not have there. */
export interface Change {
  readonly path: NodePath;
  readonly node: ConfigNode;
}

/** The changed scalars, and collections that are emptied or come empty. */
export function* changesOf(remote: ConfigNode, local: ConfigNode | undefined, path: NodePath): Generator<Change> {
  if (local !== undefined && fingerprintOf(remote) === fingerprintOf(local)) return;
  const below = children(remote);
  if (below.length === 0) {
    if (remote.kind !== "map" || local?.kind !== "map") yield { path, node: remote };
    return; // an empty map over a map changes nothing
  }
  for (const [key, child] of below) {
    const counterpart = remote.kind === "map" ? childNode(local, key) : undefined; // a list replaces a list
    yield* changesOf(child, counterpart, [...path, key]);
  }
}

/** Sections in which a value may name a file or a host; in the others there are only names, conditions and statements. */
export const REACHING = /^(?:receivers|exporters|extensions|tenancy|tenants_dir|service)$/;
/** An expression that is the whole of a value: what it gives is this machine's own. */
const WHOLE_EXPRESSION = /^\$\{[^{}$]*\}$/;

/** Of a list that may be one text with commas too, as the schema reads it. */
export function textsOf(node: ConfigNode): readonly string[] {
  return wholeOf(node).flatMap((text) => text.split(",")).map((text) => text.trim()).filter((text) => text !== "");
}

/** The text as it is, with its commas. */
export function wholeOf(node: ConfigNode): readonly string[] {
  return node.kind !== "scalar" || node.value === null || WHOLE_EXPRESSION.test(node.text) ? [] : [node.text];
}

/** The texts of a value and of what is right below it. */
export function textsIn(node: ConfigNode | undefined): readonly string[] {
  return node === undefined ? [] : [node, ...children(node).map(([, child]) => child)].flatMap(textsOf);
}

/** The innermost key of a map on the way. */
export function lastKey(path: NodePath): string {
  return String(path.findLast((key) => typeof key === "string"));
}
