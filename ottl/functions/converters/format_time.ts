/**
 * FormatTime: a time as a string.
 *
 * @module
 */

import { timePrinter } from "../../time/print.ts";
import { converter, litStr, time } from "../definition.ts";

export const formatTime = converter({
  name: "FormatTime",
  gives: "string",
  summary: "The time as a string, by a format of strptime directives, in the zone that the time is told in.",
  parameters: { time, format: litStr },
  examples: [
    { text: 'FormatTime(Unix(1709633472, 345000000), "%F %T.%L")', result: '"2024-03-05 10:11:12.345"' },
    { text: 'FormatTime(Unix(1709633472), "%a, %d %b %Y %I:%M %p %z")', result: '"Tue, 05 Mar 2024 10:11 AM Z"' },
    { text: 'FormatTime(Time("2024-07-05", "%F", "Asia/Kolkata"), "%j %Z")', result: '"+05:30 IST"' },
    { text: 'FormatTime(Unix(0), "%S%L")', error: "preceded" },
    { text: 'FormatTime(Unix(0), "%Q")', error: "directive" },
    { text: 'FormatTime("2024", "%Y")', error: "expected time" },
  ],
  compile: ({ time, format }) => {
    const print = timePrinter(format);
    return (item) => print(time.evaluate(item));
  },
});
