/**
 * What is mutated, and the tests that must notice.
 *
 * @module
 */

import type { Target } from "./target.ts";

/** Not its properties over whole chains and its simulations of fairness: a survivor would run them all, for seconds. */
const CHAIN_TESTS = [
  ...["sending/retry", "sending/retry_edges", "sending/timeout", "sending/timeout_edges", "deadlines"],
  ...[
    "memory_queue",
    "memory_queue_edges",
    "queue_control",
    "sender_chain",
    "sending/export_usage",
    "sending/destination_state",
    "contract",
    "handover",
  ],
  ...["fair_queue", "fair_queue_model", "room", "room_edges", "batch", "batch_edges"],
];

/** By the name that the command line takes. */
export const TARGETS: Readonly<Record<string, Target>> = {
  varints: {
    sources: under("pipeline/wire", "protobuf", "protobuf_writer"),
    tests: testsUnder("pipeline/wire", "protobuf", "protobuf_edges", "protobuf_writer", "protobuf_writer_edges"),
  },
  slicer: {
    sources: under("pipeline/otlp", "split", "envelopes"),
    tests: testsUnder("pipeline/otlp", "split", "split_edges"),
  },
  senders: {
    sources: under("pipeline/queue", "sending/retry", "sending/timeout", "deadlines", "linked_list", "sender_chain"),
    tests: testsUnder("pipeline/queue", ...CHAIN_TESTS),
  },
  queue: {
    sources: under("pipeline/queue", "memory_queue", "flights", "request", "fair_queue", "room", "batch", "partition"),
    tests: testsUnder("pipeline/queue", ...CHAIN_TESTS),
  },
  rollouts: {
    sources: [
      ...under("opamp/rollouts", "rollouts", "decisions", "conflicts", "placements"),
      ...under("opamp/rollouts/stages", "run", "gate", "soak", "evidence", "member", "members", "placement"),
    ],
    tests: testsUnder(
      "opamp/rollouts",
      "rollouts",
      "rollouts_edges",
      "model",
      ...["stages/run", "stages/members", "stages/traffic"],
      ...["stages/gate", "stages/gate_edges", "stages/placement", "stages/placement_edges"],
    ),
  },
  ottl: {
    sources: [
      ...under("ottl/values", "compare", "math", "int_halves"),
      ...under("ottl/compile", "operators", "int_math"),
    ],
    tests: [
      ...testsUnder("ottl/values", "compare", "math", "types", "numbers"),
      ...testsUnder("ottl/compile", "int_math", "terms", "evaluator", "acceptance"),
    ],
  },
  rates: {
    sources: under("pipeline/tenants/rates", "gcra", "cells", "shared_clock"),
    tests: testsUnder(
      "pipeline/tenants/rates",
      ...["gcra", "gcra_edges", "cells", "cells_edges", "shared_clock", "shared_clock_edges"],
    ),
  },
};

/** Small, and with one mutant of each fate: what the tool's own test runs. */
export const SMOKE_TARGET: Target = {
  sources: ["tests/tools/mutate/smoke/counter.ts"],
  tests: ["tests/tools/mutate/smoke/counter_test.ts"],
};

function under(folder: string, ...names: readonly string[]): string[] {
  return names.map((name) => `${folder}/${name}.ts`);
}

function testsUnder(folder: string, ...names: readonly string[]): string[] {
  return names.map((name) => `tests/${folder}/${name}_test.ts`);
}
