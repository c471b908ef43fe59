/**
 * Unix: a time out of seconds since 1970.
 *
 * @module
 */

import { floorDivide, NANOS_PER_SECOND } from "../../time/civil.ts";
import { Zone } from "../../time/zone.ts";
import { converter, int, optional } from "../definition.ts";

export const unix = converter({
  name: "Unix",
  gives: "time",
  summary: "The time so many seconds and nanoseconds after 1970-01-01 00:00 UTC, told in the gateway's zone.",
  parameters: { seconds: int, nanoseconds: optional(int) },
  examples: [
    { text: 'FormatTime(Unix(1709633472), "%F %T")', result: '"2024-03-05 10:11:12"' },
    { text: "UnixNano(Unix(1, 2000000001))", result: "3000000001" },
    { text: "UnixNano(Unix(0, -1))", result: "-1" },
    { text: "Unix(1.5)", error: "expected int" },
  ],
  compile: ({ seconds, nanoseconds }, { zone }) => {
    const here = Zone.named(zone);
    return (item) => {
      const nanos = nanoseconds?.evaluate(item) ?? 0n;
      const carried = floorDivide(nanos, NANOS_PER_SECOND);
      const whole = BigInt.asIntN(64, seconds.evaluate(item) + carried); // seconds wrap, as in Go
      return here.timeAt(whole * NANOS_PER_SECOND + nanos - carried * NANOS_PER_SECOND);
    };
  },
});
