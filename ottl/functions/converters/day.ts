/**
 * Day: the day of the month, 1 to 31.
 *
 * @module
 */

import { civilOf } from "../../time/civil.ts";
import { converter, time } from "../definition.ts";

export const day = converter({
  name: "Day",
  gives: "int",
  summary: "The day of the month, 1 to 31, in the zone that the time is told in.",
  parameters: { time },
  examples: [
    { text: 'Day(Time("2024-02-29 13:45:56.123456789", "%F %T.%s"))', result: "29" },
    { text: 'Day(Time("2024-02-29 23:00 -0500", "%F %R %z"))', result: "29" },
    { text: 'Day("2024")', error: "expected time" },
  ],
  compile: ({ time }) => (item) => BigInt(civilOf(time.evaluate(item)).day),
});
