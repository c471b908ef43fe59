/**
 * Milliseconds: a duration in milliseconds.
 *
 * @module
 */

import { converter, duration } from "../definition.ts";

export const milliseconds = converter({
  name: "Milliseconds",
  gives: "int",
  summary: "The duration in milliseconds, without its fraction.",
  parameters: { duration },
  examples: [
    { text: 'Milliseconds(Duration("1.5s"))', result: "1500" },
    { text: 'Milliseconds(Duration("-1.9ms"))', result: "-1" },
  ],
  compile: ({ duration }) => (item) => duration.evaluate(item).nanos / 1_000_000n,
});
