/**
 * A configuration as a tree in which every map, list and scalar knows where it was written, so that a problem found
 * after merging and expansion still names its file, line and column.
 *
 * Plain data without classes: the control thread posts it to the data workers.
 *
 * @module
 */

import { Scalar, withText } from "../schema.ts";

/** Where something was written. Lines and columns count from 1; 0 stands for the file as a whole. */
export interface Place {
  /** A file's path as given, or what stands for one: `env:NAME`, `yaml:`, `--set a.b`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A key of a map with its value. */
export interface MapEntry {
  readonly keyPlace: Place;
  readonly node: ConfigNode;
}

export interface MapNode {
  readonly kind: "map";
  readonly place: Place;
  /** The text that an expression gave, when it read as a map: a string field takes it as it is. */
  readonly text?: string;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface ListNode {
  readonly kind: "list";
  readonly place: Place;
  /** As of a map. */
  readonly text?: string;
  readonly items: readonly ConfigNode[];
}

export interface ScalarNode {
  readonly kind: "scalar";
  readonly place: Place;
  readonly value: string | number | bigint | boolean | null;
  /** As written, for a field that takes text: `0123`, `1e3`, `on`. */
  readonly text: string;
  /** What was expanded to get it, as `env:NAME` or `file:path`. Absent: written in place. */
  readonly from?: readonly string[];
  /** It could not be read, and a problem says so: what it holds means nothing. */
  readonly broken?: true;
}

export type ConfigNode = MapNode | ListNode | ScalarNode;

/** What one configuration may cost. Passing any bound is a problem of that configuration. */
export interface TreeLimits {
  /** One source or included file, bytes of UTF-8. Default 4 MiB. */
  readonly maxSourceBytes: number;
  /** Maps, lists and scalars, in one source and in all together; aliases count where they are used. Default 100,000. */
  readonly maxNodes: number;
  /** Maps and lists inside each other, levels. Default 100. */
  readonly maxDepth: number;
  /** `${…}` in one value, those in what it expands to included. Default 1,000, as the collector. */
  readonly maxExpansions: number;
}

export const DEFAULT_TREE_LIMITS: TreeLimits = {
  maxSourceBytes: 4 * 1024 * 1024,
  maxNodes: 100_000,
  maxDepth: 100,
  maxExpansions: 1_000,
};

/** A path into the tree: keys of maps and indexes of lists. */
export type NodePath = readonly (string | number)[];

/** A path as the collector writes it: `receivers::otlp::protocols`. */
export function formatPath(path: NodePath): string {
  return path.join("::");
}

export function emptyMap(place: Place): MapNode {
  return { kind: "map", place, entries: new Map() };
}

/** The value below `key` of a map; undefined when there is none, or `node` is no map. */
export function childNode(node: ConfigNode | undefined, key: string | number): ConfigNode | undefined {
  if (node?.kind === "map") return node.entries.get(String(key))?.node;
  return node?.kind === "list" ? node.items[Number(key)] : undefined;
}

/** The node at `path`, or the nearest one above it. */
export function nearestNode(root: ConfigNode, path: NodePath): ConfigNode {
  let node = root;
  for (const key of path) {
    const child = childNode(node, key);
    if (child === undefined) return node;
    node = child;
  }
  return node;
}

/** The values of a map or list with their keys or indexes; none for a scalar. */
export function children(node: ConfigNode): readonly (readonly [string | number, ConfigNode])[] {
  if (node.kind === "map") return [...node.entries].map(([key, entry]) => [key, entry.node] as const);
  return node.kind === "list" ? node.items.map((item, index) => [index, item] as const) : [];
}

/** What stands there, as people say it; tells nothing of the value. */
export function nodeKind(node: ConfigNode): string {
  if (node.kind !== "scalar") return `a ${node.kind}`;
  if (node.value === null) return "empty";
  if (typeof node.value === "string") return "a string";
  return typeof node.value === "boolean" ? "a boolean" : "a number";
}

/** Whether a bare key stands here: `grpc:` with nothing behind it. */
export function isNull(node: ConfigNode): boolean {
  return node.kind === "scalar" && node.value === null;
}

/**
 * The node as a schema takes it: maps, lists, strings, null, and a `Scalar` for everything that keeps its text. An
 * expression that gave nothing (`${env:EMPTY}`) is a Scalar of null, which a string field reads as "".
 */
export function toPlain(node: ConfigNode): unknown {
  if (node.kind === "list") return withText(node.items.map(toPlain), node.text);
  if (node.kind === "map") {
    const map = Object.fromEntries([...node.entries].map(([key, entry]) => [key, toPlain(entry.node)]));
    return withText(map, node.text);
  }
  if (typeof node.value === "string") return node.value;
  if (node.value === null && node.from === undefined) return null;
  return new Scalar(node.value, node.text);
}

/** A text that two nodes have in common when a schema makes the same of both. */
export function fingerprintOf(node: ConfigNode): string {
  return JSON.stringify(toPlain(node), (_, value: unknown) => typeof value === "bigint" ? `${value}n` : value);
}
