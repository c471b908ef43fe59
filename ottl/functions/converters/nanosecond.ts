/**
 * Nanosecond: the nanoseconds of the second, 0 to 999,999,999.
 *
 * @module
 */

import { civilOf } from "../../time/civil.ts";
import { converter, time } from "../definition.ts";

export const nanosecond = converter({
  name: "Nanosecond",
  gives: "int",
  summary: "The nanoseconds of the second, 0 to 999,999,999, in the zone that the time is told in.",
  parameters: { time },
  examples: [
    { text: 'Nanosecond(Time("2024-02-29 13:45:56.123456789", "%F %T.%s"))', result: "123456789" },
    { text: 'Nanosecond("2024")', error: "expected time" },
  ],
  compile: ({ time }) => (item) => BigInt(civilOf(time.evaluate(item)).nanosecond),
});
