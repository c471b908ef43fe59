/**
 * Several sources into one tree: maps are merged key by key, whatever else comes later replaces what was there.
 *
 * Source: collector reference 2.3.
 *
 * @module
 */

import type { MapEntry, MapNode, Place } from "./node.ts";

/** `later` over `earlier`. A list replaces a list; null over a map wipes it. Keys keep the order in which they first came. */
export function mergeMaps(earlier: MapNode, later: MapNode): MapNode {
  return new Merge().over(earlier, later);
}

/**
 * Top-level keys like `processors::batch::timeout` as the maps they stand for, as the collector takes them. One of more
 * than `maxDepth` parts stays a key, and is reported as an unknown one.
 */
export function splitTopLevelKeys(root: MapNode, maxDepth: number): MapNode {
  const merge = new Merge();
  let split: MapNode = { ...root, entries: new Map() };
  for (const [key, entry] of root.entries) {
    const parts = key.split("::");
    split = merge.over(split, nest(parts.length > maxDepth ? [key] : parts, entry, root.place));
  }
  return split;
}

/** A map in a map … in a map down to `entry`, by `path`. */
export function nest(path: readonly string[], entry: MapEntry, place: Place): MapNode {
  const [first = "", ...rest] = path;
  const node = rest.length === 0 ? entry.node : nest(rest, entry, entry.keyPlace);
  return { kind: "map", place, entries: new Map([[first, { keyPlace: entry.keyPlace, node }]]) };
}

/**
 * Merges that share their maps: each map is copied before its first change, and only then, so that any number of small
 * ones into a large one cost what all of them hold together. What it is given is not changed.
 */
class Merge {
  /** Its own copies. */
  readonly #copies = new WeakSet<ReadonlyMap<string, MapEntry>>();

  /** `earlier`, if it came from here, is no longer good. */
  over(earlier: MapNode, later: MapNode): MapNode {
    const entries = this.#writable(earlier.entries);
    for (const [key, entry] of later.entries) {
      const below = entries.get(key)?.node;
      const { node } = entry;
      const isInto = below?.kind === "map" && node.kind === "map";
      entries.set(key, isInto ? { ...entry, node: this.over(below, node) } : entry);
    }
    return { kind: "map", place: later.place, entries };
  }

  #writable(entries: ReadonlyMap<string, MapEntry>): Map<string, MapEntry> {
    if (this.#copies.has(entries)) return entries as Map<string, MapEntry>;
    const copy = new Map(entries);
    this.#copies.add(copy);
    return copy;
  }
}
