/**
 * Hour: the hour, 0 to 23.
 *
 * @module
 */

import { civilOf } from "../../time/civil.ts";
import { converter, time } from "../definition.ts";

export const hour = converter({
  name: "Hour",
  gives: "int",
  summary: "The hour, 0 to 23, in the zone that the time is told in.",
  parameters: { time },
  examples: [
    { text: 'Hour(Time("2024-02-29 13:45:56.123456789", "%F %T.%s"))', result: "13" },
    { text: 'Hour(Time("2024-07-01 09:00", "%F %R", "America/New_York") + Duration("1h"))', result: "10" },
    { text: 'Hour("2024")', error: "expected time" },
  ],
  compile: ({ time }) => (item) => BigInt(civilOf(time.evaluate(item)).hour),
});
