/**
 * Texts to times: the answers of the reference engine, and that what is printed is read again.
 *
 * @module
 */

import { strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { namesOf } from "../../../ottl/time/names.ts";
import { timePrinter } from "../../../ottl/time/print.ts";
import { timeReader } from "../../../ottl/time/read.ts";
import { Zone } from "../../../ottl/time/zone.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { Time } from "../../../ottl/values/value.ts";

const UTC = Zone.named("UTC");
const NOW = BigInt(Date.UTC(2026, 10, 22, 18, 45)) * 1_000_000n;
const inUtc = timePrinter("%FT%T.%sZ");

function read(text: string, format: string, location = "UTC", locale?: string): Time {
  const names = locale === undefined ? undefined : namesOf(locale);
  return timeReader(format, { zone: Zone.named(location), hostZone: UTC, names, nowUnixNano: () => NOW })(text);
}

/** The instant in UTC, and the zone that it is told in. */
function told({ unixNano, offsetSeconds, zone }: Time): string {
  return `${inUtc(new Time(unixNano))} ${offsetSeconds} ${zone}`;
}

type Case = readonly [text: string, format: string, want: string, location?: string];

async function runCases(t: Deno.TestContext, cases: readonly Case[]): Promise<void> {
  for (const [text, format, want, location] of cases) {
    await t.step(`${JSON.stringify(text)} as ${JSON.stringify(format)} ${location ?? ""}`, () => {
      strictEqual(told(read(text, format, location)), want);
    });
  }
}

Deno.test("fields", (t) =>
  runCases(t, [
    ["2024-3-5 1:2:3", "%F %T", "2024-03-05T01:02:03Z 0 UTC"],
    ["  2024-  3-5  1: 2:  3", "%F %T", "2024-03-05T01:02:03Z 0 UTC"],
    ["2024   3", "%Y  %m", "2024-03-01T00:00:00Z 0 UTC"],
    ["2024\t3%", "%Y%t%m%%", "2024-03-01T00:00:00Z 0 UTC"],
    ["20240311", "%Y%m%d", "2024-03-11T00:00:00Z 0 UTC"],
    ["69-03-05", "%y-%o-%g", "1969-03-05T00:00:00Z 0 UTC"],
    ["68-03-05", "%y-%q-%e", "2068-03-05T00:00:00Z 0 UTC"],
    ["-5", "%y", "1995-01-01T00:00:00Z 0 UTC"],
    ["02/03/06", "%x", "2006-02-03T00:00:00Z 0 UTC"],
    ["2/3/0068 5", "%D %H", "0068-02-03T05:00:00Z 0 UTC"],
    ["TUESDAY MARCH 5 2024", "%A %B %d %Y", "2024-03-05T00:00:00Z 0 UTC"],
    ["Wed mar 5 2024", "%a %h %d %Y", "2024-03-05T00:00:00Z 0 UTC"],
    ["Mon Jan  2 5:4:5 2006", "%c", "2006-01-02T05:04:05Z 0 UTC"],
    ["2024 12:30:45 am", "%Y %r", "2024-01-01T00:30:45Z 0 UTC"],
    ["2024 12 PM", "%Y %l %p", "2024-01-01T12:00:00Z 0 UTC"],
    ["2024 pm 3", "%Y %P %I", "2024-01-01T15:00:00Z 0 UTC"],
    ["2024 15 PM", "%Y %H %p", "2024-01-01T15:00:00Z 0 UTC"],
    ["2024-3-5 2025", "%F %Y", "2025-03-05T00:00:00Z 0 UTC"],
    ["2024-3-5   ", "%F ", "2024-03-05T00:00:00Z 0 UTC"],
    ["Mar 2024", "Jan %Y", "2024-03-01T00:00:00Z 0 UTC"],
    ["11 2024", "%m%S %Y", "2024-01-01T11:00:00Z 0 UTC"],
    ["2024 060", "%Y __%g", "2024-02-29T00:00:00Z 0 UTC"],
  ]));

Deno.test("fractions", (t) =>
  runCases(t, [
    ["2024 5.123456789123", "%Y %S.%L", "2024-01-01T00:00:05.123456789Z 0 UTC"],
    ["2024 5,5", "%Y %S.%f", "2024-01-01T00:00:05.5Z 0 UTC"],
    ["2024 5", "%Y %S.%s", "2024-01-01T00:00:05Z 0 UTC"],
    ["2024 5.5", "%Y %S", "2024-01-01T00:00:05.5Z 0 UTC"],
    ["2024 5.1.", "%Y %S.", "2024-01-01T00:00:05.1Z 0 UTC"],
    ["2024 12.5", "%Y %H.%L", "2024-01-01T12:00:00.5Z 0 UTC"],
    ["2024 1 foo.7", "%Y %S foo.%L", "2024-01-01T00:00:01.7Z 0 UTC"],
    ["999 2024", "%L %Y", "2024-01-01T00:00:00Z 0 UTC"],
  ]));

Deno.test("offsets and zones", (t) =>
  runCases(t, [
    ["2024 +05:30", "%Y %z", "2023-12-31T18:30:00Z 19800 "],
    ["2024 -05", "%Y %z", "2024-01-01T05:00:00Z -18000 "],
    ["2024 Z", "%Y %z", "2024-01-01T00:00:00Z 0 UTC", "Europe/Paris"],
    ["2024 +2460", "%Y %z", "2023-12-30T23:00:00Z 90000 "],
    ["2024 -07", "%Y %i", "2024-01-01T07:00:00Z -25200 "],
    ["2024 -07:30", "%Y %j", "2024-01-01T07:30:00Z -27000 "],
    ["2024 -07:30:12", "%Y %k", "2024-01-01T07:30:12Z -27012 "],
    ["2024 -073012", "%Y %w", "2024-01-01T07:30:12Z -27012 "],
    ["2024-07-01 +0200", "%F %z", "2024-06-30T22:00:00Z 7200 CEST", "Europe/Paris"],
    ["2024-07-01 +0100", "%F %z", "2024-06-30T23:00:00Z 3600 ", "Europe/Paris"],
    ["2024-3-5 +0100 EST", "%F %z %Z", "2024-03-04T23:00:00Z 3600 EST"],
    ["2024 UTC", "%Y %Z", "2024-01-01T00:00:00Z 0 UTC"],
    ["2024 EST", "%Y %Z", "2024-01-01T05:00:00Z -18000 EST"],
    ["2024-07-01 CET", "%F %Z", "2024-06-30T23:00:00Z 7200 CEST"],
    ["2024-07-01 BST", "%F %Z", "2024-06-30T23:00:00Z 3600 BST", "Europe/London"],
    ["2024 EDT", "%Y %Z", "2024-01-01T04:00:00Z -18000 EST", "America/New_York"],
    ["2024 GMT+3", "%Y %Z", "2024-01-01T00:00:00Z 10800 GMT+3"],
  ]));

Deno.test("clocks that are changed", (t) =>
  runCases(t, [
    ["2024-03-10 02:30", "%F %R", "2024-03-10T06:30:00Z -18000 EST", "America/New_York"],
    ["2024-11-03 01:30", "%F %R", "2024-11-03T05:30:00Z -14400 EDT", "America/New_York"],
    ["2024-03-31 02:30", "%F %R", "2024-03-31T01:30:00Z 7200 CEST", "Europe/Paris"],
    ["2024-10-27 02:30", "%F %R", "2024-10-27T01:30:00Z 3600 CET", "Europe/Paris"],
    ["2024-10-06 02:15", "%F %R", "2024-10-05T15:45:00Z 39600 +11", "Australia/Lord_Howe"],
    ["2011-12-30 12:00", "%F %R", "2011-12-30T22:00:00Z 50400 +14", "Pacific/Apia"],
    ["1883-11-18 12:00", "%F %R", "1883-11-18T16:56:02Z -17762 LMT", "America/New_York"],
    ["2100-07-01 12:00", "%F %R", "2100-07-01T16:00:00Z -14400 EDT", "America/New_York"],
  ]));

Deno.test("texts without a year", (t) =>
  runCases(t, [
    ["Nov 29 18:44", "%b %d %R", "2026-11-29T18:44:00Z 0 UTC"],
    ["Nov 29 18:46", "%b %d %R", "2025-11-29T18:46:00Z 0 UTC"],
    ["Jan 1 00:30", "%b %d %R", "2025-12-31T15:30:00Z 32400 JST", "Asia/Tokyo"],
    ["Feb 29", "%b %d", "2026-03-01T00:00:00Z 0 UTC"],
    ["Nov 22 10:00 +0300", "%b %d %R %z", "2026-11-22T07:00:00Z 10800 "],
    ["10:00", "%R", "2026-01-01T10:00:00Z 0 UTC"],
    ["0000-01-01", "%F", "2026-01-01T00:00:00Z 0 UTC"],
  ]));

Deno.test("names of a language", async (t) => {
  const cases: { text: string; format: string; locale: string; want: string }[] = [
    { text: "mardi 5 MARS 2024", format: "%A %d %B %Y", locale: "fr", want: "2024-03-05T00:00:00Z 0 UTC" },
    { text: "mar. 5 févr. 2024", format: "%a %d %b %Y", locale: "fr", want: "2024-02-05T00:00:00Z 0 UTC" },
    { text: "5 марта 2024", format: "%d %B %Y", locale: "ru", want: "2024-03-05T00:00:00Z 0 UTC" },
    { text: "5 Jänner 2024", format: "%d %B %Y", locale: "de-AT", want: "2024-01-05T00:00:00Z 0 UTC" },
    { text: "2024 12月 午後 3", format: "%Y %B %p %I", locale: "ja", want: "2024-12-01T15:00:00Z 0 UTC" },
    { text: "p.m. 3 2024", format: "%p %I %Y", locale: "es", want: "2024-01-01T15:00:00Z 0 UTC" },
    { text: "5 Sept 2024", format: "%d %b %Y", locale: "en-GB", want: "2024-09-05T00:00:00Z 0 UTC" },
  ];
  for (const { text, format, locale, want } of cases) {
    await t.step(`${locale} ${text}`, () => strictEqual(told(read(text, format, "UTC", locale)), want));
  }
  await t.step("are only those of the language", () => {
    throws(() => read("5 January 2024", "%d %B %Y", "UTC", "fr"), OttlError);
  });
  for (const locale of ["", "xx", "ES", "es_MX", "es-XX", "not a locale"]) {
    await t.step(`no locale "${locale}"`, () => throws(() => namesOf(locale), OttlError));
  }
});

Deno.test("texts that are no such time", async (t) => {
  const cases: (readonly [text: string, format: string])[] = [
    ["2024-02-30", "%F"],
    ["2023-02-29", "%F"],
    ["2024-00-01", "%F"],
    ["2024-13-01", "%F"],
    ["2024-1-0", "%F"],
    ["24-03-05", "%F"],
    ["2024 24:00", "%Y %R"],
    ["2024 23:60", "%Y %R"],
    ["2024 1:1:60", "%Y %T"],
    ["2024 13 x", "%Y %I x"],
    ["2024 3 Pm", "%Y %I %p"],
    ["2024 5.", "%Y %S"],
    ["2024-3-5 x", "%F"],
    ["2024", "%Y x"],
    ["A2024", "a%Y"],
    ["2024\t3", "%Y %m"],
    ["March 5", "%b %d"],
    ["Sept 5", "%b %d"],
    ["2024 +5", "%Y %z"],
    ["2024 +2500", "%Y %z"],
    ["2024 Z", "%Y %j"],
    ["2024 XYZ", "%Y %Z"],
    ["2024 +03", "%Y %Z"],
    ["2024 EST5EDT", "%Y %Z"],
    ["2024 ABCDE", "%Y %Z"],
    ["2024 366", "%Y __%g."],
  ];
  for (const [text, format] of cases) {
    await t.step(`${JSON.stringify(text)} as ${format}`, () => throws(() => read(text, format), OttlError));
  }
});

Deno.test("what is printed with an offset is read again", () => {
  const zones = [
    "UTC",
    "America/New_York",
    "Europe/Dublin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Monrovia",
  ];
  const instant = fc.bigInt({ min: -62_135_500_000_000_000_000n, max: 253_402_200_000_000_000_000n });
  const print = timePrinter("%FT%T.%s%k");
  fc.assert(fc.property(instant, fc.constantFrom(...zones), (unixNano, id) => {
    const time = Zone.named(id).timeAt(unixNano);
    const again = read(print(time), "%FT%T.%s%k", id);
    strictEqual(again.unixNano, unixNano);
    strictEqual(again.offsetSeconds, time.offsetSeconds);
  }));
});
