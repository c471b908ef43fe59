/**
 * Year: the year.
 *
 * @module
 */

import { civilOf } from "../../time/civil.ts";
import { converter, time } from "../definition.ts";

export const year = converter({
  name: "Year",
  gives: "int",
  summary: "The year, in the zone that the time is told in.",
  parameters: { time },
  examples: [
    { text: 'Year(Time("2024-02-29 13:45:56.123456789", "%F %T.%s"))', result: "2024" },
    { text: 'Year("2024")', error: "expected time" },
  ],
  compile: ({ time }) => (item) => BigInt(civilOf(time.evaluate(item)).year),
});
