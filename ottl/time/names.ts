/**
 * Names of months, days of the week and halves of the day, in English and in the languages that the runtime knows.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";

/** All in lower case, since case does not matter when a text is read. */
export interface Names {
  /** January first. */
  readonly months: readonly string[];
  readonly shortMonths: readonly string[];
  /** Sunday first. */
  readonly weekdays: readonly string[];
  readonly shortWeekdays: readonly string[];
  /** Before noon, after noon; undefined in English, where %p and %P tell how they are written. */
  readonly dayPeriods: readonly string[] | undefined;
}

const MONTHS = "january february march april may june july august september october november december".split(" ");
const WEEKDAYS = "sunday monday tuesday wednesday thursday friday saturday".split(" ");

export const ENGLISH: Names = {
  months: MONTHS,
  shortMonths: MONTHS.map((name) => name.slice(0, 3)),
  weekdays: WEEKDAYS,
  shortWeekdays: WEEKDAYS.map((name) => name.slice(0, 3)),
  dayPeriods: undefined,
};

/**
 * The names of a language, as they stand in a date (Russian "марта", not "март"). Source: CLDR, through Intl.
 *
 * @throws {OttlError} Of category "arg_value": no language tag of BCP 47 in its usual form, or one without data.
 */
export function namesOf(locale: string): Names {
  if (!isKnown(locale)) throw new OttlError("arg_value", `unsupported locale "${locale}"`);
  return {
    months: monthNames(locale, "long"),
    shortMonths: monthNames(locale, "short"),
    weekdays: weekdayNames(locale, "long"),
    shortWeekdays: weekdayNames(locale, "short"),
    dayPeriods: dayPeriods(locale),
  };
}

function isKnown(locale: string): boolean {
  try {
    return new Intl.DateTimeFormat(locale).resolvedOptions().locale === locale;
  } catch {
    return false; // not even a language tag
  }
}

function monthNames(locale: string, form: "long" | "short"): string[] {
  const days = MONTHS.map((_, month) => Date.UTC(2024, month, 1));
  const inDates = days.map((day) => part(locale, { month: form, day: "numeric" }, "month", day));
  if (!inDates.some((name) => /^\d+$/.test(name))) return inDates;
  return days.map((day) => part(locale, { month: form }, undefined, day)); // Japanese: "3月", of which "3" is the month
}

function weekdayNames(locale: string, form: "long" | "short"): string[] {
  const options = { weekday: form, month: "long", day: "numeric" } as const;
  return WEEKDAYS.map((_, day) => part(locale, options, "weekday", Date.UTC(2024, 0, 7 + day)));
}

function dayPeriods(locale: string): string[] {
  const options = { hour: "numeric", hour12: true } as const;
  return [1, 13].map((hour) => part(locale, options, "dayPeriod", Date.UTC(2024, 0, 1, hour)).replaceAll(" ", ""));
}

/** One part of a formatted instant, or all of it when no part is named. */
function part(locale: string, options: Intl.DateTimeFormatOptions, type: string | undefined, at: number): string {
  const format = new Intl.DateTimeFormat(locale, { ...options, calendar: "gregory", timeZone: "UTC" });
  const parts = format.formatToParts(at).filter((one) => type === undefined || one.type === type);
  const name = parts.map(({ value }) => value).join("").replace(/[\u00a0\u202f]/g, " ");
  return name.toLowerCase();
}
