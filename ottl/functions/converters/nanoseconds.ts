/**
 * Nanoseconds: a duration in nanoseconds.
 *
 * @module
 */

import { converter, duration } from "../definition.ts";

export const nanoseconds = converter({
  name: "Nanoseconds",
  gives: "int",
  summary: "The duration in nanoseconds, without its fraction.",
  parameters: { duration },
  examples: [
    { text: 'Nanoseconds(Duration("1.5us"))', result: "1500" },
    { text: "Nanoseconds(1.5)", error: "expected duration" },
  ],
  compile: ({ duration }) => (item) => duration.evaluate(item).nanos,
});
