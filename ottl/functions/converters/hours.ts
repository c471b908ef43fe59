/**
 * Hours: a duration in hours.
 *
 * @module
 */

import { inUnits, NANOS_PER_HOUR } from "../../time/duration.ts";
import { converter, duration } from "../definition.ts";

export const hours = converter({
  name: "Hours",
  gives: "float",
  summary: "The duration in hours, as a float.",
  parameters: { duration },
  examples: [
    { text: 'Hours(Duration("90m"))', result: "1.5" },
    { text: "Hours(1)", error: "expected duration" },
  ],
  compile: ({ duration }) => (item) => inUnits(duration.evaluate(item).nanos, NANOS_PER_HOUR),
});
