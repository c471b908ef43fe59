/**
 * UnixMilli: milliseconds since 1970.
 *
 * @module
 */

import { floorDivide } from "../../time/civil.ts";
import { converter, time } from "../definition.ts";

export const unixMilli = converter({
  name: "UnixMilli",
  gives: "int",
  summary: "The milliseconds from 1970-01-01 00:00 UTC to the time, rounded down; wraps at 64 bits.",
  parameters: { time },
  examples: [
    { text: "UnixMilli(Unix(1, 234567890))", result: "1234" },
    { text: 'UnixMilli(Unix(0) - Duration("1ns"))', result: "-1" },
    { text: "UnixMilli(1)", error: "expected time" },
  ],
  compile: ({ time }) => (item) => BigInt.asIntN(64, floorDivide(time.evaluate(item).unixNano, 1_000_000n)),
});
