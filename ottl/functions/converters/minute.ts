/**
 * Minute: the minute of the hour, 0 to 59.
 *
 * @module
 */

import { civilOf } from "../../time/civil.ts";
import { converter, time } from "../definition.ts";

export const minute = converter({
  name: "Minute",
  gives: "int",
  summary: "The minute of the hour, 0 to 59, in the zone that the time is told in.",
  parameters: { time },
  examples: [
    { text: 'Minute(Time("2024-02-29 13:45:56.123456789", "%F %T.%s"))', result: "45" },
    { text: 'Minute("2024")', error: "expected time" },
  ],
  compile: ({ time }) => (item) => BigInt(civilOf(time.evaluate(item)).minute),
});
