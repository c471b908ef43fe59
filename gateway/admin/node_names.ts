/**
 * The API's names of components, and those of the graph's instances behind them.
 *
 * `receiver:otlp`, `processor:batch:traces/eu` (of that pipeline), `exporter:otlp_http/eu:traces`,
 * `connector:routing:traces:logs`.
 *
 * @module
 */

import { isSignal, type Signal, SIGNAL_NAMES } from "../../pipeline/otlp/signals.ts";

export const receiverNode = (id: string): string => `receiver:${id}`;
export const processorNode = (id: string, pipeline: string): string => `processor:${id}:${pipeline}`;
export const exporterNode = (id: string, signal: Signal): string => `exporter:${id}:${signal}`;
export const connectorNode = (id: string, from: Signal, to: Signal): string => `connector:${id}:${from}:${to}`;

/** Names of `pipeline/graph/build.ts`; several for a receiver: one a signal. */
export function instanceNames(node: string): readonly string[] {
  const [kind, id, where, to] = node.split(":");
  switch (kind) {
    case "receiver":
      return SIGNAL_NAMES.map((signal) => `${signal} of receiver ${id}`);
    case "processor":
      return [`processor ${id} (pipeline ${where})`];
    case "exporter":
      return [`exporter ${id} (${where})`];
    case "connector":
      return [`connector ${id} (${where} to ${to})`];
    default:
      return [];
  }
}

/** @throws {TypeError} It is no exporter's. */
export function exporterNodeParts(node: string): { readonly exporter: string; readonly signal: Signal } {
  const [, exporter = "", signal = ""] = node.split(":");
  if (!isSignal(signal)) throw new TypeError(`Cannot read the node ${node}: wanted exporter:id:signal`);
  return { exporter, signal };
}

/** The node of an exporter's instance; undefined for others. */
export function exporterNodeOf(instance: string): string | undefined {
  const [, id, signal] = /^exporter (.+) \((\w+)\)$/.exec(instance) ?? [];
  return id === undefined ? undefined : `exporter:${id}:${signal}`;
}
