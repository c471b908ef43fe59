/**
 * Several sources into one tree: maps are merged key by key, whatever else comes later replaces what was there.
 *
 * Source: collector reference 2.3.
 *
 * @module
 */

import type { ConfigNode, MapEntry, MapNode, Place } from "./node.ts";

/** `later` over `earlier`. A list replaces a list; null over a map wipes it. */
export function mergeNodes(earlier: ConfigNode, later: ConfigNode): ConfigNode {
  return earlier.kind === "map" && later.kind === "map" ? mergeMaps(earlier, later) : later;
}

/** As `mergeNodes`, for two maps. Keys keep the order in which they first came. */
export function mergeMaps(earlier: MapNode, later: MapNode): MapNode {
  const entries = new Map(earlier.entries);
  for (const [key, entry] of later.entries) {
    const below = entries.get(key);
    entries.set(key, below === undefined ? entry : { ...entry, node: mergeNodes(below.node, entry.node) });
  }
  return { kind: "map", place: later.place, entries };
}

/**
 * Top-level keys like `processors::batch::timeout` as the maps they stand for, as the collector takes them. One of more
 * than `maxDepth` parts stays a key, and is reported as an unknown one.
 */
export function splitTopLevelKeys(root: MapNode, maxDepth: number): MapNode {
  let split: MapNode = { ...root, entries: new Map() };
  for (const [key, entry] of root.entries) {
    const parts = key.split("::");
    split = mergeMaps(split, nest(parts.length > maxDepth ? [key] : parts, entry, root.place));
  }
  return split;
}

/** A map in a map … in a map down to `entry`, by `path`. */
export function nest(path: readonly string[], entry: MapEntry, place: Place): MapNode {
  const [first = "", ...rest] = path;
  const node = rest.length === 0 ? entry.node : nest(rest, entry, entry.keyPlace);
  return { kind: "map", place, entries: new Map([[first, { keyPlace: entry.keyPlace, node }]]) };
}
