/**
 * UnixNano: nanoseconds since 1970.
 *
 * @module
 */

import { floorDivide } from "../../time/civil.ts";
import { converter, time } from "../definition.ts";

export const unixNano = converter({
  name: "UnixNano",
  gives: "int",
  summary: "The nanoseconds from 1970-01-01 00:00 UTC to the time, rounded down; wraps at 64 bits.",
  parameters: { time },
  examples: [
    { text: "UnixNano(Unix(1, 234567890))", result: "1234567890" },
    { text: 'UnixNano(Unix(0) - Duration("1ns"))', result: "-1" },
    { text: "UnixNano(1)", error: "expected time" },
  ],
  compile: ({ time }) => (item) => BigInt.asIntN(64, floorDivide(time.evaluate(item).unixNano, 1n)),
});
