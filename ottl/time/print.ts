/**
 * Prints times by a format.
 *
 * @module
 */

import type { Time } from "../values/value.ts";
import { type Civil, civilOf } from "./civil.ts";
import { type Piece, printPieces } from "./layout.ts";
import { ENGLISH } from "./names.ts";

interface Printed extends Civil {
  readonly time: Time;
}

type Printer = (printed: Printed) => string;

const PRINTERS: Readonly<Record<string, Printer>> = {
  "2006": ({ year }) => padded(year, 4),
  "06": ({ year }) => padded(Math.abs(year) % 100, 2),
  "01": ({ month }) => padded(month, 2),
  "1": ({ month }) => String(month),
  January: ({ month }) => capitalized(ENGLISH.months[month - 1]!),
  Jan: ({ month }) => capitalized(ENGLISH.shortMonths[month - 1]!),
  "02": ({ day }) => padded(day, 2),
  _2: ({ day }) => String(day).padStart(2),
  __2: ({ yearDay }) => String(yearDay).padStart(3),
  "2": ({ day }) => String(day),
  Monday: ({ weekday }) => capitalized(ENGLISH.weekdays[weekday]!),
  Mon: ({ weekday }) => capitalized(ENGLISH.shortWeekdays[weekday]!),
  "15": ({ hour }) => padded(hour, 2),
  "03": ({ hour }) => padded(hour % 12 || 12, 2),
  "3": ({ hour }) => String(hour % 12 || 12),
  PM: ({ hour }) => hour < 12 ? "AM" : "PM",
  pm: ({ hour }) => hour < 12 ? "am" : "pm",
  "04": ({ minute }) => padded(minute, 2),
  "05": ({ second }) => padded(second, 2),
  MST: ({ time }) => time.zone || offsetText(time, "hhmm"),
  Z0700: ({ time }) => time.offsetSeconds === 0 ? "Z" : offsetText(time, "hhmm"),
  "-070000": ({ time }) => offsetText(time, "hhmmss"),
  "-07:00:00": ({ time }) => offsetText(time, "hh:mm:ss"),
  "-07:00": ({ time }) => offsetText(time, "hh:mm"),
  "-07": ({ time }) => offsetText(time, "hh"),
};

/**
 * A printer of times. The format is read once; print with it many times.
 *
 * @throws {OttlError} Of category "arg_value": it is no format.
 */
export function timePrinter(format: string): (time: Time) => string {
  const printers = printPieces(format).map(printerOf);
  return (time) => {
    const printed: Printed = { ...civilOf(time), time };
    let text = "";
    for (const print of printers) text += print(printed);
    return text;
  };
}

function printerOf(piece: Piece): Printer {
  if ("literal" in piece) return () => piece.literal;
  return PRINTERS[piece.field] ?? fractionPrinter(piece.field);
}

/** ".999": so many digits, less zeros at the end, and nothing at all when all are zero. */
function fractionPrinter(field: string): Printer {
  const separator = field.charAt(0);
  const digits = field.length - 1;
  return ({ nanosecond }) => {
    const fraction = padded(nanosecond, 9).slice(0, digits).replace(/0+$/, "");
    return fraction === "" ? "" : separator + fraction;
  };
}

function offsetText({ offsetSeconds }: Time, form: string): string {
  const seconds = Math.abs(offsetSeconds);
  const parts: Readonly<Record<string, number>> = {
    hh: Math.trunc(seconds / 3600),
    mm: Math.trunc(seconds / 60) % 60,
    ss: seconds % 60,
  };
  return (offsetSeconds < 0 ? "-" : "+") + form.replace(/hh|mm|ss/g, (part) => padded(parts[part]!, 2));
}

function padded(value: number, digits: number): string {
  return value < 0 ? `-${padded(-value, digits)}` : String(value).padStart(digits, "0");
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
