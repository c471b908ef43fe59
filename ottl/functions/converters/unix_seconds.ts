/**
 * UnixSeconds: seconds since 1970.
 *
 * @module
 */

import { floorDivide } from "../../time/civil.ts";
import { converter, time } from "../definition.ts";

export const unixSecondsOf = converter({
  name: "UnixSeconds",
  gives: "int",
  summary: "The seconds from 1970-01-01 00:00 UTC to the time, rounded down; wraps at 64 bits.",
  parameters: { time },
  examples: [
    { text: "UnixSeconds(Unix(1, 234567890))", result: "1" },
    { text: 'UnixSeconds(Unix(0) - Duration("1ns"))', result: "-1" },
    { text: "UnixSeconds(1)", error: "expected time" },
  ],
  compile: ({ time }) => (item) => BigInt.asIntN(64, floorDivide(time.evaluate(item).unixNano, 1_000_000_000n)),
});
