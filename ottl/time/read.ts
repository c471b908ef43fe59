/**
 * Reads times by a format.
 *
 * Follows Go's time.ParseInLocation with what the reference engine changes: numbers may have spaces before them and need
 * no leading zero, and a text without a year gets one. Its crashes and endless loops over texts that do not fit are errors.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";
import { Time } from "../values/value.ts";
import {
  type CivilDate,
  civilFromDays,
  civilOf,
  daysFromCivil,
  daysInMonth,
  NANOS_PER_SECOND,
  SECONDS_PER_DAY,
} from "./civil.ts";
import { type Piece, readPieces, SHORT_OR_LONG_YEAR } from "./layout.ts";
import { ENGLISH, type Names } from "./names.ts";
import { Zone } from "./zone.ts";

export interface ReadSettings {
  /** Of texts that tell none. */
  readonly zone: Zone;
  /** In which the year begins that a text without one is of. */
  readonly hostZone: Zone;
  /** Default English. */
  readonly names: Names | undefined;
  /** Tells the year of texts that have none: nanoseconds since 1970. */
  readonly nowUnixNano: () => bigint;
}

type Reader = (reading: Reading) => void;

/** What Go takes for a zone's name: GMT with or without hours, hours, or three to five letters. */
const ZONE_NAME = new RegExp(
  "ChST|MeST|GMT(?:HOURS)?|HOURS|(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z])"
    .replaceAll("HOURS", "[+-]0*(?:1?\\d|2[0-3])(?!\\d)"),
  "y",
);

/** UTF-16 units that a name may have; no language has one half as long. */
const LONGEST_NAME = 64;
const SPACE = 0x20;
const ZERO = 0x30;

const SEVEN_DAYS = 7n * BigInt(SECONDS_PER_DAY) * NANOS_PER_SECOND;

const READERS: Readonly<Record<string, Reader>> = {
  "2006": (reading) => reading.year = reading.longYear(),
  "06": (reading) => reading.year = reading.shortYear(),
  [SHORT_OR_LONG_YEAR]: (reading) => reading.year = reading.hasDigits(4) ? reading.longYear() : reading.shortYear(),
  "1": (reading) => reading.month = reading.number("month", 1, 12),
  January: (reading) => reading.month = reading.name("month", reading.names.months) + 1,
  Jan: (reading) => reading.month = reading.name("month", reading.names.shortMonths) + 1,
  _2: (reading) => reading.day = reading.number("day", 0, 99),
  "2": (reading) => reading.day = reading.number("day", 0, 99),
  __2: (reading) => reading.yearDay = reading.number("day", 1, 366, 3),
  Monday: (reading) => void reading.name("weekday", reading.names.weekdays),
  Mon: (reading) => void reading.name("weekday", reading.names.shortWeekdays),
  "15": (reading) => reading.hour = reading.number("hour", 0, 23),
  "3": (reading) => reading.hour = reading.number("hour", 0, 12),
  PM: (reading) => reading.half = reading.dayHalf(["AM", "PM"]),
  pm: (reading) => reading.half = reading.dayHalf(["am", "pm"]),
  "4": (reading) => reading.minute = reading.number("minute", 0, 59),
  MST: (reading) => reading.zoneName(),
  Z0700: (reading) => reading.isoOffset(),
  "-070000": (reading) => reading.offset(/([+-])(\d\d)(\d\d)(\d\d)/y),
  "-07:00:00": (reading) => reading.offset(/([+-])(\d\d):(\d\d):(\d\d)/y),
  "-07:00": (reading) => reading.offset(/([+-])(\d\d):(\d\d)/y),
  "-07": (reading) => reading.offset(/([+-])(\d\d)/y),
};

/**
 * A reader of times. The format is read once; read with it many times.
 *
 * @throws {OttlError} Of category "arg_value": it is no format. The reader: the text is no such time.
 */
export function timeReader(format: string, settings: ReadSettings): (text: string) => Time {
  const readers = readersOf(readPieces(format));
  return (text) => {
    const reading = new Reading(text, settings.names ?? ENGLISH);
    for (const read of readers) read(reading);
    reading.end();
    return reading.year > 0 ? reading.timeIn(settings.zone) : thisOrLastYear(reading, settings);
  };
}

/** A text without a year is of this one, or of the last when it would lie more than seven days ahead. */
function thisOrLastYear(reading: Reading, { zone, hostZone, nowUnixNano }: ReadSettings): Time {
  const now = nowUnixNano();
  reading.year = civilOf(hostZone.timeAt(now)).year;
  const time = reading.timeIn(zone);
  if (time.unixNano <= now + SEVEN_DAYS) return time;
  reading.year -= 1;
  return reading.timeIn(zone);
}

function readersOf(pieces: readonly Piece[]): readonly Reader[] {
  return pieces.map((piece, i) => {
    if ("literal" in piece) return (reading) => reading.literal(piece.literal);
    const { field } = piece;
    if (field === "5") return secondReader(pieces.slice(i + 1));
    return READERS[field] ?? ((reading) => reading.fraction());
  });
}

/** Seconds take a fraction with them, unless the next field of the format is one. */
function secondReader(rest: readonly Piece[]): Reader {
  const next = rest.find((piece) => "field" in piece);
  const isFractionNext = next !== undefined && /^[.,]/.test(next.field);
  return (reading) => {
    reading.second = reading.number("second", 0, 59);
    if (!isFractionNext) reading.fraction();
  };
}

/** What has been read of a text. */
class Reading {
  readonly names: Names;
  year = 0;
  month = 1;
  day = 1;
  hour = 0;
  minute = 0;
  second = 0;
  /** In place of month and day. */
  yearDay: number | undefined;
  /** 0 before noon, 1 after. */
  half: number | undefined;
  #nanosecond = 0;
  #offsetSeconds: number | undefined;
  #zoneName = "";
  #isUtc = false;
  readonly #text: string;
  #at = 0;

  constructor(text: string, names: Names) {
    this.#text = text;
    this.names = names;
  }

  /** Skips `wanted`; a run of spaces in it stands for any number of them, none only at the end of the text. */
  literal(wanted: string): void {
    for (let i = 0; i < wanted.length;) {
      if (wanted[i] === " ") {
        if (this.#at < this.#text.length && this.#text[this.#at] !== " ") throw unreadable("text");
        while (wanted[i] === " ") i++;
        this.#skipSpaces();
      } else if (this.#text[this.#at++] !== wanted[i++]) throw unreadable("text");
    }
  }

  number(what: string, least: number, most: number, mostDigits = 2): number {
    this.#skipSpaces();
    const start = this.#at;
    let value = 0;
    for (let digit; this.#at < start + mostDigits && (digit = this.#digit()) >= 0; this.#at++) {
      value = value * 10 + digit;
    }
    if (this.#at === start || value < least || value > most) throw unreadable(what);
    return value;
  }

  longYear(): number {
    this.#skipSpaces();
    return Number(this.#take(/\d{4}/y, "year"));
  }

  /** 69 to 99 are years of the last century. */
  shortYear(): number {
    this.#skipSpaces();
    const value = Number(this.#take(/\d\d|[+-]\d/y, "year")); // a sign is a quirk of the engine
    return value >= 69 ? 1900 + value : 2000 + value;
  }

  hasDigits(count: number): boolean {
    this.#skipSpaces();
    return /^\d+$/.test(this.#text.slice(this.#at, this.#at + count)) && this.#text.length >= this.#at + count;
  }

  /** The longest of `names` that stands here. */
  name(what: string, names: readonly string[]): number {
    const rest = this.#text.slice(this.#at, this.#at + LONGEST_NAME).toLowerCase();
    let best = -1;
    for (let i = 0; i < names.length; i++) {
      if (rest.startsWith(names[i]!) && names[i]!.length > (names[best]?.length ?? 0)) best = i;
    }
    if (best < 0) throw unreadable(what);
    this.#at += names[best]!.length;
    return best;
  }

  dayHalf(english: readonly string[]): number {
    if (this.names.dayPeriods !== undefined) return this.name("AM or PM", this.names.dayPeriods);
    const half = english.indexOf(this.#text.slice(this.#at, this.#at + 2));
    if (half < 0) throw unreadable("AM or PM");
    this.#at += 2;
    return half;
  }

  /** A fraction of a second, if there is one; digits past the ninth are dropped. */
  fraction(): void {
    const found = this.#match(/[.,](\d+)/y);
    if (found !== null) this.#nanosecond = Number(found[1]!.slice(0, 9).padEnd(9, "0"));
  }

  isoOffset(): void {
    if (this.#match(/Z/y) !== null) this.#isUtc = true;
    else this.offset(/([+-])(\d\d)(?::?(\d\d))?/y);
  }

  /** @param pattern Sticky: sign, hours, and perhaps minutes and seconds. */
  offset(pattern: RegExp): void {
    const found = this.#match(pattern);
    if (found === null) throw unreadable("time zone offset");
    const [hours, minutes, seconds] = [found[2], found[3], found[4]].map((digits) => Number(digits ?? 0));
    if (hours! > 24 || minutes! > 60 || seconds! > 60) throw unreadable("time zone offset");
    const size = (hours! * 60 + minutes!) * 60 + seconds!;
    this.#offsetSeconds = found[1] === "-" ? -size : size;
  }

  zoneName(): void {
    if (this.#match(/UTC/y) !== null) this.#isUtc = true;
    else this.#zoneName = this.#take(ZONE_NAME, "time zone");
  }

  /** Nothing may follow, and the day must be one of its month (29 February, when no year is told). */
  end(): void {
    if (this.#at < this.#text.length) throw unreadable("end");
    if (this.yearDay !== undefined) this.#setDate(civilFromDays(daysFromCivil(this.year, 1, this.yearDay)));
    if (this.day < 1 || this.day > daysInMonth(this.year, this.month)) throw unreadable("day");
  }

  timeIn(zone: Zone): Time {
    const clock = this.#clockSeconds();
    if (this.#isUtc || (this.#offsetSeconds === 0 && this.#zoneName === "")) {
      return this.#time(clock, Zone.named("UTC"));
    }
    if (this.#offsetSeconds !== undefined) return this.#timeByOffset(clock, this.#offsetSeconds, zone);
    if (this.#zoneName !== "") return this.#timeByZoneName(clock, zone);
    return this.#time(zone.instantOf(clock), zone);
  }

  #timeByOffset(clock: number, offsetSeconds: number, zone: Zone): Time {
    const time = this.#time(clock - offsetSeconds, zone);
    const isOfZone = time.offsetSeconds === offsetSeconds && (this.#zoneName === "" || time.zone === this.#zoneName);
    return isOfZone ? time : new Time(time.unixNano, offsetSeconds, this.#zoneName);
  }

  /** By an abbreviation of the zone wanted, or of the zone that is called so. */
  #timeByZoneName(clock: number, zone: Zone): Time {
    const offset = zone.offsetNamed(this.#zoneName, clock);
    if (offset !== undefined) return this.#time(clock - offset, zone);
    const hours = /^GMT([+-]\d+)$/.exec(this.#zoneName)?.[1];
    // Go tells "GMT+3" in a zone of that offset, but takes the clock reading for UTC.
    if (hours !== undefined) return new Time(this.#unixNano(clock), Number(hours) * 3600, this.#zoneName);
    const named = Zone.named(this.#zoneName);
    return this.#time(clock - (named.offsetNamed(this.#zoneName, clock) ?? 0), named);
  }

  #time(seconds: number, zone: Zone): Time {
    return zone.timeAt(this.#unixNano(seconds));
  }

  #unixNano(seconds: number): bigint {
    return BigInt(seconds) * NANOS_PER_SECOND + BigInt(this.#nanosecond);
  }

  #setDate({ year, month, day }: CivilDate): void {
    if (year !== this.year) throw unreadable("day");
    this.month = month;
    this.day = day;
  }

  #clockSeconds(): number {
    const days = daysFromCivil(this.year, this.month, this.day);
    return days * SECONDS_PER_DAY + (this.#hours() * 60 + this.minute) * 60 + this.second;
  }

  #hours(): number {
    if (this.half === 1 && this.hour < 12) return this.hour + 12;
    return this.half === 0 && this.hour === 12 ? 0 : this.hour;
  }

  #skipSpaces(): void {
    while (this.#text.charCodeAt(this.#at) === SPACE) this.#at++;
  }

  /** The digit that stands here; another number when none does. */
  #digit(): number {
    const digit = this.#text.charCodeAt(this.#at) - ZERO;
    return digit <= 9 ? digit : -1;
  }

  #take(pattern: RegExp, what: string): string {
    const found = this.#match(pattern);
    if (found === null) throw unreadable(what);
    return found[0];
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }
}

function unreadable(what: string): OttlError {
  return new OttlError("arg_value", `cannot read the time: its ${what} is not there, or not possible`);
}
