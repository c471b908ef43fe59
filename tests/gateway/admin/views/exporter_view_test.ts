/** How an exporter does, of what each thread tells. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { exporterStates, MAX_STATUS_EXPORTERS, NO_ANSWER_MS } from "../../../../gateway/admin/views/exporter_view.ts";
import type { NodeDestination } from "../../../../gateway/admin/thread_messages.ts";
import type { DestinationSnapshot } from "../../../../pipeline/contract/destination.ts";
import type { QueueSnapshot } from "../../../../pipeline/contract/queue_control.ts";
import type { ExporterState } from "../../../../routes/admin/exporter_schema.ts";

const NODE = "exporter:otlp_http/eu:traces";
const NOW_MS = 100_000;

/** One thread. */
interface Part {
  readonly destination?: Partial<DestinationSnapshot>;
  readonly queue?: Partial<QueueSnapshot>;
}

const error = (atMs: number) => ({ atMs, message: `at ${atMs}` });
const failing = (sinceMs: number, lastMs: number, deliveredAtMs?: number): Part => ({
  destination: { failingSinceMs: sinceMs, lastError: error(lastMs), deliveredAtMs },
});
const delivered = (deliveredAtMs: number): Part => ({ destination: { deliveredAtMs } });

function told(parts: readonly Part[], node = NODE): NodeDestination[] {
  return parts.map(({ destination, queue }) => ({
    node,
    destination: {
      ...{ deliveredAtMs: undefined, failingSinceMs: undefined, unansweredSinceMs: undefined, lastError: undefined },
      ...destination,
    },
    queue: queue === undefined ? undefined : {
      ...{ unit: "requests", depth: 0, capacity: 10, inFlightRequests: 0, waitingRequests: 0 },
      ...{ oldestAgeMs: undefined, isPaused: false, tenants: [] },
      ...queue,
    },
  }));
}

const cases: { name: string; parts: readonly Part[]; want: Partial<ExporterState> }[] = [
  {
    name: "nothing was tried",
    parts: [{}, {}],
    want: { state: "ok", failing_since_ms: null, last_error: null, delivered_at_ms: null, oldest_age_ms: null },
  },
  {
    name: "it fails on all threads: since the first, with the last error",
    parts: [failing(50, 90), failing(40, 60)],
    want: { state: "failing", failing_since_ms: 40, last_error: { at_ms: 90, message: "at 90" } },
  },
  {
    name: "it fails on one, and another has delivered since: well",
    parts: [failing(40, 60), delivered(61)],
    want: { state: "ok", failing_since_ms: null, last_error: { at_ms: 60, message: "at 60" }, delivered_at_ms: 61 },
  },
  {
    name: "it fails on one, and another delivered before: since then",
    parts: [failing(40, 60), delivered(55)],
    want: { state: "failing", failing_since_ms: 55, delivered_at_ms: 55 },
  },
  {
    name: "it fails on one that delivered before that",
    parts: [failing(50, 60, 45), delivered(44)],
    want: { state: "failing", failing_since_ms: 50, delivered_at_ms: 45 },
  },
  { name: "paused everywhere", parts: [{ queue: { isPaused: true } }], want: { state: "held", held_by: "pause" } },
  {
    name: "paused while it fails: that is the operator's doing",
    parts: [{ ...failing(40, 60), queue: { isPaused: true } }],
    want: { state: "held", held_by: "pause", failing_since_ms: null },
  },
  {
    name: "paused on one thread of two",
    parts: [{ queue: { isPaused: true } }, { queue: {} }],
    want: { state: "ok", held_by: null },
  },
  {
    name: "a full queue on one thread",
    parts: [{ queue: {} }, { queue: { depth: 10 } }],
    want: { state: "held", held_by: "full_queue" },
  },
  { name: "a queue with room for one", parts: [{ queue: { depth: 9 } }], want: { state: "ok" } },
  {
    name: "a full queue that fails, fails",
    parts: [{ ...failing(40, 60), queue: { depth: 10 } }],
    want: { state: "failing", held_by: null },
  },
  {
    name: "no answer for long",
    parts: [{ destination: { unansweredSinceMs: NOW_MS - NO_ANSWER_MS } }],
    want: { state: "held", held_by: "no_answer" },
  },
  {
    name: "no answer yet",
    parts: [{ destination: { unansweredSinceMs: NOW_MS - NO_ANSWER_MS + 1 } }],
    want: { state: "ok", held_by: null },
  },
  {
    name: "the oldest of all queues",
    parts: [{ queue: { oldestAgeMs: 3 } }, { queue: { oldestAgeMs: 7 } }, { queue: {} }],
    want: { oldest_age_ms: 7 },
  },
];

Deno.test("exporterStates()", async (t) => {
  for (const { name, parts, want } of cases) {
    await t.step(name, () => {
      const { exporters: [state, ...others] } = exporterStates(told(parts), NOW_MS);
      strictEqual(others.length, 0);
      deepStrictEqual({ ...state, ...want }, state);
      deepStrictEqual([state?.id, state?.exporter, state?.signal], [NODE, "otlp_http/eu", "traces"]);
    });
  }

  await t.step("the worst first, otherwise in their order", () => {
    const { exporters } = exporterStates([
      ...told([delivered(1)], "exporter:a:logs"),
      ...told([{ queue: { isPaused: true } }], "exporter:b:logs"),
      ...told([failing(1, 2)], "exporter:c:logs"),
      ...told([failing(1, 2)], "exporter:d:logs"),
    ], NOW_MS);
    deepStrictEqual(exporters.map(({ exporter }) => exporter), ["c", "d", "b", "a"]);
  });

  for (const count of [MAX_STATUS_EXPORTERS, MAX_STATUS_EXPORTERS + 1]) {
    await t.step(`${count} of them`, () => {
      const well = Array.from({ length: count - 1 }, (_, at) => told([delivered(1)], `exporter:e${at}:logs`)).flat();
      const { exporters, exporters_total } = exporterStates([...well, ...told([failing(1, 2)])], NOW_MS);
      deepStrictEqual([exporters.length, exporters_total], [MAX_STATUS_EXPORTERS, count]);
      strictEqual(exporters[0]?.id, NODE);
    });
  }
});
