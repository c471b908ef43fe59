/**
 * Seconds: a duration in seconds.
 *
 * @module
 */

import { inUnits } from "../../time/duration.ts";
import { converter, duration } from "../definition.ts";

export const seconds = converter({
  name: "Seconds",
  gives: "float",
  summary: "The duration in seconds, as a float.",
  parameters: { duration },
  examples: [
    { text: 'Seconds(Duration("1500ms"))', result: "1.5" },
    { text: 'Seconds(Duration("-1ns"))', result: "-1.0e-9" },
  ],
  compile: ({ duration }) => (item) => inUnits(duration.evaluate(item).nanos, 1_000_000_000n),
});
