/**
 * Month: the month, 1 to 12.
 *
 * @module
 */

import { civilOf } from "../../time/civil.ts";
import { converter, time } from "../definition.ts";

export const month = converter({
  name: "Month",
  gives: "int",
  summary: "The month, 1 to 12, in the zone that the time is told in.",
  parameters: { time },
  examples: [
    { text: 'Month(Time("2024-02-29 13:45:56.123456789", "%F %T.%s"))', result: "2" },
    { text: 'Month("2024")', error: "expected time" },
  ],
  compile: ({ time }) => (item) => BigInt(civilOf(time.evaluate(item)).month),
});
