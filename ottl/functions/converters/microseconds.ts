/**
 * Microseconds: a duration in microseconds.
 *
 * @module
 */

import { converter, duration } from "../definition.ts";

export const microseconds = converter({
  name: "Microseconds",
  gives: "int",
  summary: "The duration in microseconds, without its fraction.",
  parameters: { duration },
  examples: [
    { text: 'Microseconds(Duration("1.5ms"))', result: "1500" },
    { text: "Microseconds(1.5)", error: "expected duration" },
  ],
  compile: ({ duration }) => (item) => duration.evaluate(item).nanos / 1_000n,
});
