/**
 * Time zones: what a clock in a place shows at an instant, by the time zone data of the runtime.
 *
 * The rules for readings that a clock never shows or shows twice, and for abbreviations, are those of Go's `time` package,
 * which the reference engine uses.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";
import { Time } from "../values/value.ts";
import { type Abbreviation, abbreviationsOf } from "./abbreviations.ts";
import { floorDivide, NANOS_PER_SECOND, SECONDS_PER_DAY } from "./civil.ts";

/** A span of time in which the clocks of a zone were not changed. Bounds are seconds since 1970. */
interface Period {
  readonly from: number;
  /** The first second of the next one. */
  readonly until: number;
  readonly offsetSeconds: number;
  /** Such as "CEST"; "LMT" before zones were introduced; else the offset. */
  readonly name: string;
}

/** Periods kept a zone; a stream of log records uses one or two. */
const MAX_PERIODS = 64;

/** The runtime's calendar ends this many seconds from 1970. */
const CALENDAR_END = 8_640_000_000_000;
/** 400 years, in seconds: days of the month and of the week repeat, and so do the changes of the clocks. */
const CYCLE = 146_097 * SECONDS_PER_DAY;

const zones = new Map<string, Zone>();

export class Zone {
  readonly id: string;
  readonly #abbreviations: readonly Abbreviation[];
  /** Most recently found first. */
  readonly #periods: Period[] = [];

  /** @throws {RangeError} The runtime knows no such zone. */
  constructor(id: string) {
    this.id = new Temporal.ZonedDateTime(0n, id).timeZoneId;
    this.#abbreviations = abbreviationsOf(id);
  }

  /** @throws {OttlError} Of category "arg_value": there is no zone of that name in the tz database. */
  static named(id: string): Zone {
    const known = zones.get(id);
    if (known !== undefined) return known;
    const zone = loadZone(id);
    zones.set(id, zone);
    return zone;
  }

  /** The instant as it is told here. */
  timeAt(unixNano: bigint): Time {
    if (this.id === "UTC") return new Time(unixNano);
    const { offsetSeconds, name } = this.#periodAt(Number(floorDivide(unixNano, NANOS_PER_SECOND)));
    return new ZonedTime(unixNano, offsetSeconds, name, this);
  }

  /**
   * The instant when clocks here show so many seconds since 1970-01-01 00:00. A reading that is skipped or shown twice is
   * taken by the offset before or after the change, whichever applies that many seconds after 1970 UTC.
   */
  instantOf(clockSeconds: number): number {
    const { from, until, offsetSeconds } = this.#periodAt(clockSeconds);
    const instant = clockSeconds - offsetSeconds;
    if (instant >= from && instant < until) return instant;
    return clockSeconds - this.#periodAt(instant).offsetSeconds;
  }

  /** Offset of the abbreviation around that clock reading; undefined when it is not used here. */
  offsetNamed(name: string, clockSeconds: number): number | undefined {
    const now = this.#periodAt(clockSeconds);
    if (now.name === name) return now.offsetSeconds;
    return this.#abbreviations.find((abbreviation) => abbreviation.name === name)?.offsetSeconds;
  }

  #periodAt(seconds: number): Period {
    const known = withinCalendar(seconds);
    for (const period of this.#periods) if (known >= period.from && known < period.until) return period;
    return this.#findPeriod(known);
  }

  #findPeriod(seconds: number): Period {
    const at = new Temporal.ZonedDateTime(BigInt(seconds) * NANOS_PER_SECOND, this.id);
    const start = toSeconds(at.add({ nanoseconds: 1 }).getTimeZoneTransition("previous"));
    const end = toSeconds(at.getTimeZoneTransition("next"));
    const offsetSeconds = at.offsetNanoseconds / 1e9;
    const period: Period = {
      from: start ?? -Infinity,
      until: end ?? Infinity,
      offsetSeconds,
      name: this.#nameOf(offsetSeconds, start === undefined && end !== undefined),
    };
    this.#periods.unshift(period);
    if (this.#periods.length > MAX_PERIODS) this.#periods.pop();
    return period;
  }

  #nameOf(offsetSeconds: number, isFirst: boolean): string {
    if (isFirst) return "LMT";
    if (this.id === "UTC") return "UTC";
    const known = this.#abbreviations.find((abbreviation) => abbreviation.offsetSeconds === offsetSeconds);
    return known?.name ?? offsetName(offsetSeconds);
  }
}

/** A time that knows its zone: moved past a change of the clocks it is told by the new offset. */
class ZonedTime extends Time {
  readonly #zone: Zone;

  constructor(unixNano: bigint, offsetSeconds: number, name: string, zone: Zone) {
    super(unixNano, offsetSeconds, name);
    this.#zone = zone;
  }

  override at(unixNano: bigint): Time {
    return this.#zone.timeAt(unixNano);
  }
}

function loadZone(id: string): Zone {
  if (id === "") return Zone.named("UTC");
  try {
    const zone = new Zone(id);
    if (zone.id === id && !/^[+-]/.test(id)) return zone;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new OttlError("arg_value", `failed to load location: unknown time zone ${id}`);
}

/** An instant of the runtime's calendar at which clocks show the same. */
function withinCalendar(seconds: number): number {
  if (seconds < -CALENDAR_END) return -CALENDAR_END;
  return seconds < CALENDAR_END ? seconds : 600 * CYCLE + (seconds % CYCLE);
}

function toSeconds(at: Temporal.ZonedDateTime | null | undefined): number | undefined {
  return at ? Math.trunc(at.epochMilliseconds / 1000) : undefined;
}

/** "+0545", "-03", as the tz database writes them. */
function offsetName(offsetSeconds: number): string {
  const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
  const hour = String(Math.trunc(minutes / 60)).padStart(2, "0");
  const rest = minutes % 60 === 0 ? "" : String(minutes % 60).padStart(2, "0");
  return `${offsetSeconds < 0 ? "-" : "+"}${hour}${rest}`;
}
