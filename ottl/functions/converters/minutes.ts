/**
 * Minutes: a duration in minutes.
 *
 * @module
 */

import { inUnits, NANOS_PER_MINUTE } from "../../time/duration.ts";
import { converter, duration } from "../definition.ts";

export const minutes = converter({
  name: "Minutes",
  gives: "float",
  summary: "The duration in minutes, as a float.",
  parameters: { duration },
  examples: [
    { text: 'Minutes(Duration("90s"))', result: "1.5" },
    { text: 'Minutes(Duration("-2m"))', result: "-2.0" },
  ],
  compile: ({ duration }) => (item) => inUnits(duration.evaluate(item).nanos, NANOS_PER_MINUTE),
});
