/**
 * What is mutated, and the tests that must notice.
 *
 * @module
 */

import type { Target } from "./target.ts";

/** By the name that the command line takes. */
export const TARGETS: Readonly<Record<string, Target>> = {
  varints: {
    sources: ["pipeline/wire/protobuf.ts", "pipeline/wire/protobuf_writer.ts"],
    tests: ["tests/pipeline/wire/protobuf_test.ts", "tests/pipeline/wire/protobuf_writer_test.ts"],
  },
  slicer: {
    sources: ["pipeline/otlp/split.ts", "pipeline/otlp/envelopes.ts"],
    tests: ["tests/pipeline/otlp/split_test.ts"],
  },
};

/** Small, and with one mutant of each fate: what the tool's own test runs. */
export const SMOKE_TARGET: Target = {
  sources: ["tests/tools/mutate/smoke/counter.ts"],
  tests: ["tests/tools/mutate/smoke/counter_test.ts"],
};
