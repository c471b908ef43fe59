/**
 * How exporters do, of what all threads tell of them.
 *
 * @module
 */

import type { ExporterState } from "../../../routes/admin/exporter_schema.ts";
import type { Status } from "../../../routes/admin/schemas.ts";
import { exporterNodeParts } from "../node_names.ts";
import type { NodeDestination } from "../thread_messages.ts";

/** Exporters that a status has; those that do worst come first. */
export const MAX_STATUS_EXPORTERS = 100;
/** How long attempts go without an answer until that is told, milliseconds: most destinations answer within one. */
export const NO_ANSWER_MS = 5_000;

const WORST_FIRST: readonly ExporterState["state"][] = ["failing", "held", "ok"];

/** @param nowMs Milliseconds since 1970. */
export function exporterStates(
  told: readonly NodeDestination[],
  nowMs: number,
): Pick<Status, "exporters" | "exporters_total"> {
  const states = [...Map.groupBy(told, ({ node }) => node)].map(([node, parts]) => stateOf(node, parts, nowMs));
  states.sort((a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state));
  return { exporters: states.slice(0, MAX_STATUS_EXPORTERS), exporters_total: states.length };
}

function stateOf(node: string, parts: readonly NodeDestination[], nowMs: number): ExporterState {
  const { exporter, signal } = exporterNodeParts(node);
  const heldBy = holdOf(parts, nowMs);
  const failingSinceMs = failingSince(parts);
  // What an operator has paused is not the destination's doing.
  const state = heldBy === "pause" ? "held" : failingSinceMs !== null ? "failing" : heldBy !== null ? "held" : "ok";
  const error = parts.flatMap(({ destination }) => destination.lastError ?? [])
    .reduce<{ atMs: number; message: string } | undefined>(
      (last, each) => last === undefined || each.atMs > last.atMs ? each : last,
      undefined,
    );
  return {
    ...{ id: node, exporter, signal, state },
    held_by: state === "held" ? heldBy : null,
    failing_since_ms: state === "failing" ? failingSinceMs : null,
    last_error: error === undefined ? null : { at_ms: error.atMs, message: error.message },
    delivered_at_ms: latest(parts.map(({ destination }) => destination.deliveredAtMs)),
    oldest_age_ms: latest(parts.map(({ queue }) => queue?.oldestAgeMs)),
  };
}

/**
 * One that failed on a thread that had nothing to send since is well when another delivers later. Where it fails, since
 * when nothing is delivered by any.
 */
function failingSince(parts: readonly NodeDestination[]): number | null {
  const failing = parts.map(({ destination }) => destination).filter((each) => each.failingSinceMs !== undefined);
  const deliveredAtMs = latest(parts.map(({ destination }) => destination.deliveredAtMs)) ?? -Infinity;
  const lastFailureMs = latest(failing.map(({ lastError }) => lastError?.atMs)) ?? -Infinity;
  if (failing.length === 0 || lastFailureMs < deliveredAtMs) return null;
  return Math.max(deliveredAtMs, Math.min(...failing.flatMap(({ failingSinceMs }) => failingSinceMs ?? [])));
}

function holdOf(parts: readonly NodeDestination[], nowMs: number): ExporterState["held_by"] {
  const queues = parts.flatMap(({ queue }) => queue ?? []);
  if (queues.length > 0 && queues.every(({ isPaused }) => isPaused)) return "pause";
  if (queues.some(({ depth, capacity }) => depth >= capacity)) return "full_queue";
  const isSilent = parts.some(({ destination: { unansweredSinceMs } }) =>
    unansweredSinceMs !== undefined && nowMs - unansweredSinceMs >= NO_ANSWER_MS
  );
  return isSilent ? "no_answer" : null;
}

function latest(values: readonly (number | undefined)[]): number | null {
  const known = values.flatMap((value) => value ?? []);
  return known.length === 0 ? null : Math.max(...known);
}
