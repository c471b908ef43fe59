/**
 * Time: a time out of a string.
 *
 * @module
 */

import { timeReader } from "../../time/read.ts";
import { namesOf } from "../../time/names.ts";
import { Zone } from "../../time/zone.ts";
import { OttlError } from "../../values/errors.ts";
import { converter, litStr, optional, str } from "../definition.ts";

export const timeFrom = converter({
  name: "Time",
  gives: "time",
  summary: "The time that a string tells, read by a format of strptime directives. A text without an offset is in " +
    "`location` (a name of the tz database), in UTC when the format ends in `Z`, else in the gateway's zone. `locale` is " +
    "the language of names, a tag such as `de-AT`.",
  parameters: { time: str, format: litStr, location: optional(litStr), locale: optional(litStr) },
  examples: [
    { text: 'UnixNano(Time("2024-03-05 10:11:12.345", "%F %T.%L"))', result: "1709633472345000000" },
    { text: 'UnixSeconds(Time("10/Oct/2000:13:55:36 -0700", "%d/%b/%Y:%H:%M:%S %z"))', result: "971211336" },
    { text: 'UnixSeconds(Time("2024-07-05 10:00", "%F %R", "America/New_York"))', result: "1720188000" },
    { text: 'Month(Time("5. März 2024", "%d. %B %Y", locale="de"))', result: "3" },
    { text: 'Time("2024-02-30", "%F")', error: "day" },
    { text: 'Time("2024", "%Y-%m-%d 10")', error: "decimals" },
    { text: 'Time("2024", "%Y", "Nowhere")', error: "unknown time zone" },
    { text: 'Time("2024", "%Y", locale="xx")', error: "locale" },
  ],
  compile: ({ time, format, location, locale }, { nowUnixNano, zone }) => {
    const hostZone = Zone.named(zone);
    const read = timeReader(format, {
      zone: zoneOf(location, format, hostZone),
      hostZone,
      names: locale === undefined ? undefined : namesOf(locale),
      nowUnixNano,
    });
    return (item) => {
      const text = time.evaluate(item);
      if (text === "") throw new OttlError("value", "cannot read a time: the text is empty");
      return read(text);
    };
  },
});

function zoneOf(location: string | undefined, format: string, hostZone: Zone): Zone {
  if (location === "Local") return hostZone;
  if (location !== undefined && location !== "") return Zone.named(location);
  return format.endsWith("Z") ? Zone.named("UTC") : hostZone;
}
