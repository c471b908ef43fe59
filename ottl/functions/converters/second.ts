/**
 * Second: the second of the minute, 0 to 59.
 *
 * @module
 */

import { civilOf } from "../../time/civil.ts";
import { converter, time } from "../definition.ts";

export const second = converter({
  name: "Second",
  gives: "int",
  summary: "The second of the minute, 0 to 59, in the zone that the time is told in.",
  parameters: { time },
  examples: [
    { text: 'Second(Time("2024-02-29 13:45:56.123456789", "%F %T.%s"))', result: "56" },
    { text: 'Second("2024")', error: "expected time" },
  ],
  compile: ({ time }) => (item) => BigInt(civilOf(time.evaluate(item)).second),
});
