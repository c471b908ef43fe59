/**
 * A tree as plain values, for comparing.
 *
 * @module
 */

import type { ConfigNode } from "../../../../pipeline/config/tree/node.ts";

export function plainValue(node: ConfigNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plainValue);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainValue(entry.node)]));
}
