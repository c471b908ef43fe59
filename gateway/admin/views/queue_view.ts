/**
 * One sending queue of the parts of it that each thread has.
 *
 * @module
 */

import type { Queue } from "../../../routes/admin/schemas.ts";
import { exporterNodeParts } from "../node_names.ts";
import type { NodeQueue } from "../thread_messages.ts";

export function queueView(node: string, parts: readonly NodeQueue[]): Queue {
  const queues = parts.map(({ queue }) => queue);
  const total = (size: (queue: NodeQueue["queue"]) => number) => queues.reduce((sum, queue) => sum + size(queue), 0);
  const ages = queues.flatMap(({ oldestAgeMs }) => oldestAgeMs ?? []);
  const { exporter, signal } = exporterNodeParts(node);
  return {
    id: node,
    exporter,
    signal,
    state: queues.every(({ isPaused }) => isPaused) ? "paused" : "running",
    unit: queues[0]?.unit ?? "requests",
    depth: total(({ depth }) => depth),
    capacity: total(({ capacity }) => capacity),
    in_flight_requests: total(({ inFlightRequests }) => inFlightRequests),
    waiting_requests: total(({ waitingRequests }) => waitingRequests),
    oldest_age_ms: ages.length === 0 ? null : Math.max(...ages),
  };
}
