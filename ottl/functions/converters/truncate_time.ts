/**
 * TruncateTime: a time rounded down.
 *
 * @module
 */

import { truncated } from "../../time/duration.ts";
import { converter, duration, time } from "../definition.ts";

export const truncateTime = converter({
  name: "TruncateTime",
  gives: "time",
  summary:
    "The time, rounded down to a multiple of `duration` since 0001-01-01 00:00 UTC; itself when that is not above 0.",
  parameters: { time, duration },
  examples: [
    { text: 'UnixSeconds(TruncateTime(Unix(100), Duration("1m")))', result: "60" },
    { text: 'UnixSeconds(TruncateTime(Unix(-1), Duration("1h")))', result: "-3600" },
    { text: 'UnixSeconds(TruncateTime(Unix(100), Duration("0s")))', result: "100" },
    { text: "TruncateTime(Unix(1), 60)", error: "expected duration" },
  ],
  compile: ({ time, duration }) => (item) => {
    const instant = time.evaluate(item);
    return instant.at(truncated(instant.unixNano, duration.evaluate(item).nanos));
  },
});
