/**
 * Duration: a duration out of a string.
 *
 * @module
 */

import { parseDuration } from "../../time/duration.ts";
import { Duration } from "../../values/value.ts";
import { converter, str } from "../definition.ts";

export const durationFrom = converter({
  name: "Duration",
  gives: "duration",
  isPure: true,
  summary: 'The duration that a string such as `"1h30m"` tells: numbers with the units `ns us ms s m h`.',
  parameters: { duration: str },
  examples: [
    { text: 'Nanoseconds(Duration("1h30m"))', result: "5400000000000" },
    { text: 'Duration("-1.5s")', result: 'Duration("-1500ms")' },
    { text: 'Duration("0")', result: 'Duration("0s")' },
    { text: 'Duration("1d")', error: "units" },
    { text: "Duration(1)", error: "expected string" },
  ],
  compile: ({ duration }) => {
    if (duration.constant === undefined) return (item) => new Duration(parseDuration(duration.evaluate(item)));
    const text = duration.constant;
    let parsed: Duration | undefined; // when it first runs: a bad literal is an error of the item, not of the load
    return () => parsed ??= new Duration(parseDuration(text));
  },
});
