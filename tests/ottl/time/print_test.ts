/**
 * Times to texts: the answers of the reference engine.
 *
 * @module
 */

import { strictEqual, throws } from "node:assert";
import { timePrinter } from "../../../ottl/time/print.ts";
import { readPieces } from "../../../ottl/time/layout.ts";
import { Zone } from "../../../ottl/time/zone.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { Time } from "../../../ottl/values/value.ts";

const AT = new Time(1_653_334_445_120_000_000n); // 2022-05-23 19:34:05.12, a Monday

Deno.test("timePrinter()", async (t) => {
  const cases: { format: string; want: string }[] = [
    { format: "%Y %y %m %o %q %b %h %B", want: "2022 22 05 _5 5 May May May" },
    { format: "%d %e %g %a %A", want: "23 23 23 Mon Monday" },
    { format: "%H %I %l %p %P %M %S", want: "19 07 7 PM pm 34 05" },
    { format: "%D %x %F %T %X %R", want: "05/23/2022 05/23/2022 2022-05-23 19:34:05 19:34:05 19:34" },
    { format: "%r|%c", want: "07:34:05 pm|Mon May 23 19:34:05 2022" },
    { format: ".%L ,%L .%f .%s", want: ".12 ,12 .12 .12" },
    { format: "%S.%L%S", want: "05.99905" },
    { format: "%L", want: "999" },
    { format: "%i %j %k %w %z %Z", want: "+00 +00:00 +00:00:00 +000000 Z UTC" },
    { format: "%n%t%%%", want: "\n\t%%" },
    { format: "Jan MST PM pm Mon Monday January", want: "May UTC PM pm Mon Monday May" },
    { format: "%bx %buary %aday", want: "Janx May Monday" },
    { format: "_%g _%Y __%g", want: "23 _2022 143" },
    { format: "é ٣ plain", want: "é ٣ plain" },
  ];
  for (const { format, want } of cases) {
    await t.step(format, () => strictEqual(timePrinter(format)(AT), want));
  }
});

Deno.test("timePrinter() of odd times", async (t) => {
  const cases: { name: string; time: Time; format: string; want: string }[] = [
    { name: "no fraction", time: new Time(0n), format: "%T.%L", want: "00:00:00" },
    {
      name: "far past",
      time: new Time(-99_999_999_999_999n * 10n ** 9n),
      format: "%c %y",
      want: "Mon Feb 24 14:13:21 -3166904 04",
    },
    {
      name: "far future",
      time: new Time(9_223_372_036_854_775_807n * 10n ** 9n),
      format: "%F %T",
      want: "292277026596-12-04 15:30:07",
    },
    { name: "before year 0", time: new Time(-62_167_219_201n * 10n ** 9n), format: "%F", want: "-0001-12-31" },
    {
      name: "an offset with seconds",
      time: new Time(0n, -27_012, ""),
      format: "%i %j %k %w %z %Z",
      want: "-07 -07:30 -07:30:12 -073012 -0730 -0730",
    },
    { name: "an abbreviation", time: Zone.named("Asia/Kolkata").timeAt(0n), format: "%R %Z", want: "05:30 IST" },
    { name: "a zone without one", time: Zone.named("Asia/Kathmandu").timeAt(10n ** 18n), format: "%Z", want: "+0545" },
    {
      name: "local mean time",
      time: Zone.named("Asia/Kolkata").timeAt(-(10n ** 19n)),
      format: "%w %Z",
      want: "+055328 LMT",
    },
  ];
  for (const { name, time, format, want } of cases) {
    await t.step(name, () => strictEqual(timePrinter(format)(time), want));
  }
});

Deno.test("formats that are refused", async (t) => {
  for (const format of ["", "%Y 10", "%Q", "%E", "x%L", "%S%L", "%S %f", "%Y5"]) {
    await t.step(format, () => {
      throws(() => timePrinter(format), OttlError);
      throws(() => readPieces(format), OttlError);
    });
  }
});
