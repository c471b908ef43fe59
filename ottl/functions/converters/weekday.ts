/**
 * Weekday: the day of the week, Sunday is 0.
 *
 * @module
 */

import { civilOf } from "../../time/civil.ts";
import { converter, time } from "../definition.ts";

export const weekday = converter({
  name: "Weekday",
  gives: "int",
  summary: "The day of the week, Sunday is 0, in the zone that the time is told in.",
  parameters: { time },
  examples: [
    { text: 'Weekday(Time("2024-02-29 13:45:56.123456789", "%F %T.%s"))', result: "4" },
    { text: 'Weekday("2024")', error: "expected time" },
  ],
  compile: ({ time }) => (item) => BigInt(civilOf(time.evaluate(item)).weekday),
});
