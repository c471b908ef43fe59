/**
 * A tree without some of its values, to judge the rest of a section in which something is wrong.
 *
 * @module
 */

import { childNode, type ConfigNode, type MapEntry, nearestNode, type NodePath } from "./node.ts";

/** A tree without some of its values; what stays is the same nodes, with their places. */
export interface Pruned {
  readonly node: ConfigNode;
  /** A path in it, as it is in the whole tree: items behind one that is gone have another index here. */
  pathInWhole(path: NodePath): NodePath;
}

/** Children of a list that stay, with their indexes in the whole list. */
type Kept = ReadonlyMap<ConfigNode, readonly number[]>;

/**
 * @param paths What goes. Of one that is not there, the nearest value above it.
 * @returns undefined when nothing would be left.
 */
export function pruned(node: ConfigNode, paths: readonly NodePath[]): Pruned | undefined {
  const gone = new Set(paths.map((path) => nearestNode(node, path)));
  if (gone.has(node)) return undefined;
  const kept = new Map<ConfigNode, readonly number[]>();
  const root = without(node, gone, kept);
  return { node: root, pathInWhole: (path) => pathInWhole(root, path, kept) };
}

function without(
  node: ConfigNode,
  gone: ReadonlySet<ConfigNode>,
  kept: Map<ConfigNode, readonly number[]>,
): ConfigNode {
  if (node.kind === "map") {
    const entries = new Map<string, MapEntry>();
    for (const [key, entry] of node.entries) {
      if (!gone.has(entry.node)) entries.set(key, { ...entry, node: without(entry.node, gone, kept) });
    }
    return { ...node, entries };
  }
  if (node.kind === "scalar") return node;
  const indexes = [...node.items.keys()].filter((index) => !gone.has(node.items[index]!));
  const list = { ...node, items: indexes.map((index) => without(node.items[index]!, gone, kept)) };
  kept.set(list, indexes);
  return list;
}

function pathInWhole(root: ConfigNode, path: NodePath, kept: Kept): NodePath {
  let node: ConfigNode | undefined = root;
  return path.map((key) => {
    const index: number | undefined = node === undefined ? undefined : kept.get(node)?.[Number(key)];
    node = childNode(node, key);
    return index ?? key;
  });
}
