/**
 * Format: a text made by a format.
 *
 * @module
 */

import { durationText, timeText } from "../../text/go_text.ts";
import { sprintf } from "../../text/sprintf/sprintf.ts";
import { plainJson } from "../../values/json.ts";
import { any, converter, listOf, litStr } from "../definition.ts";

export const format = converter({
  name: "Format",
  gives: "string",
  summary:
    "`vals` put into `format` by Go's rules: `%v %s %q %d %x %o %b %c %U %f %e %g %t %T`, flags, width, precision, " +
    "`*` and `%[1]s`. What does not fit is printed (`%!d(string=hi)`). Maps print as JSON.",
  parameters: { format: litStr, vals: listOf(any) },
  examples: [
    { text: 'Format("%03d:%-4s|", [7, "a"])', result: '"007:a   |"' },
    { text: 'Format("%6.2f%%", [99.5])', result: '" 99.50%"' },
    { text: 'Format("%v %s", [[1, "a"], true])', result: '"[1 a] %!s(bool=true)"' },
    { text: 'Format("%s%s", ["a"])', result: '"a%!s(MISSING)"' },
    { text: 'Format("%v", [Duration("1h2m")])', result: '"1h2m0s"' },
  ],
  compile: ({ format, vals }, { limits }) => (item) =>
    sprintf(format, vals.map((value) => value.evaluate(item)), PRINTERS, limits.maxValueBytes),
});

const PRINTERS = { time: timeText, duration: durationText, json: plainJson };
