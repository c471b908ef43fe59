/**
 * Days and clock readings of the Gregorian calendar, without bounds: years of twelve digits are fine.
 *
 * Nanoseconds are bigint; days and seconds are numbers, exact over all that Go's time.Time can hold.
 *
 * @module
 */

import type { Time } from "../values/value.ts";

export const NANOS_PER_SECOND = 1_000_000_000n;
export const SECONDS_PER_DAY = 86_400;

const DAYS_PER_ERA = 146_097;
const DAYS_TO_1970 = 719_468; // from 0000-03-01, where eras and years begin here
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

/** A clock reading, in the zone that the time is told in. */
export interface Civil extends CivilDate {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  /** Sunday is 0. */
  readonly weekday: number;
  /** 1 to 366. */
  readonly yearDay: number;
}

/** Days since 1970-01-01. The day may lie outside its month. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - DAYS_TO_1970;
}

/** Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + DAYS_TO_1970;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** @param month 1 to 12. */
export function daysInMonth(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : MONTH_DAYS[month - 1]!;
}

/** What a clock and a calendar in the time's zone show. */
export function civilOf(time: Time): Civil {
  const { days, second: secondOfDay, nanosecond } = localClock(time);
  const date = civilFromDays(days);
  return {
    ...date,
    hour: Math.trunc(secondOfDay / 3600),
    minute: Math.trunc(secondOfDay / 60) % 60,
    second: secondOfDay % 60,
    nanosecond,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearDay: days - daysFromCivil(date.year, 1, 1) + 1,
  };
}

/** Seconds since 1970, rounded down. */
function unixSeconds({ unixNano }: Time): bigint {
  return floorDivide(unixNano, NANOS_PER_SECOND);
}

/** `dividend / divisor`, rounded down; the divisor is positive. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}

function localClock(time: Time): { days: number; second: number; nanosecond: number } {
  const seconds = unixSeconds(time);
  const local = seconds + BigInt(time.offsetSeconds);
  const days = floorDivide(local, BigInt(SECONDS_PER_DAY));
  return {
    days: Number(days),
    second: Number(local - days * BigInt(SECONDS_PER_DAY)),
    nanosecond: Number(time.unixNano - seconds * NANOS_PER_SECOND),
  };
}
