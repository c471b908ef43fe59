/**
 * One monotonic time for all threads. Each thread has a clock of its own that begins with it (`performance.now()`), so
 * they agree by cells. Whoever is furthest ahead writes them, whoever is behind follows. All run at one speed, so after
 * that they stay together to two milliseconds, and none ever tells less than another one has told, in whole milliseconds.
 *
 * Who follows must not pass the one ahead: that one would follow in its turn, and the time of all, and all rates with it,
 * would run faster than it is (by 7 % with two busy threads, by 16 % with three, before this was so).
 *
 * A thread begins at the latest time that any other has told, and adds what the wall clock has gone on since: a thread that
 * began behind would refuse for longer than another one has told a sender to wait. A step of the wall clock counts only
 * between those two: forward, it lets all rates begin full once; back, the thread begins behind and follows.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { CLOCK_WORD, type TenantCells } from "./cells.ts";

const NS_PER_MS = 1_000_000;
/** A wall clock that stands still is believed so often: at the rate of a busy thread that is some milliseconds. */
const MAX_RECENT_USES = 64;

export class SharedClock {
  /** The latest time that was told, nanoseconds: where a thread begins. */
  readonly #latest: BigInt64Array;
  /** Its milliseconds modulo 2^32, which cost a request no object. */
  readonly #latestMs: Int32Array;
  /** The wall clock's milliseconds at its zero, by who told it last; 0: nobody has. */
  readonly #zeroMs: BigInt64Array;
  readonly #clock: Clock;
  /** From the thread's own time to the shared one. */
  #offsetNs: number;
  #recentMs = 0;
  #recentWallMs = NaN;
  #recentUses = 0;

  constructor({ words }: Pick<TenantCells, "words">, clock: Clock) {
    this.#latest = words.subarray(CLOCK_WORD, CLOCK_WORD + 1);
    this.#latestMs = new Int32Array(words.buffer, 8 * (CLOCK_WORD + 1), 1);
    this.#zeroMs = words.subarray(CLOCK_WORD + 2, CLOCK_WORD + 3);
    this.#clock = clock;
    this.#offsetNs = this.#beginNs() - Math.round(clock.monotonicMs() * NS_PER_MS);
  }

  #beginNs(): number {
    const latestNs = Number(Atomics.load(this.#latest, 0));
    const zeroMs = Number(Atomics.load(this.#zeroMs, 0)) || this.#noteZero(0);
    return Math.max(latestNs, (this.#clock.nowMs() - zeroMs) * NS_PER_MS);
  }

  #noteZero(nowMs: number): number {
    const zeroMs = Math.floor(this.#clock.nowMs()) - nowMs;
    Atomics.store(this.#zeroMs, 0, BigInt(zeroMs));
    return zeroMs;
  }

  /** Nanoseconds, a whole number; exact for 104 days, then to two of them. */
  nowNs(): number {
    return this.atNs(this.#clock.monotonicMs());
  }

  /**
   * The thread's own time, monotonic milliseconds, read anew when the wall clock shows another millisecond: to look at that takes
   * a third of the time.
   */
  recentMs(): number {
    const wallMs = this.#clock.nowMs();
    if (wallMs === this.#recentWallMs && ++this.#recentUses < MAX_RECENT_USES) return this.#recentMs;
    this.#recentWallMs = wallMs;
    this.#recentUses = 0;
    return this.#recentMs = this.#clock.monotonicMs();
  }

  /** As `nowNs`, for who has read the thread's clock just now: that is the dearest part of it. */
  atNs(monotonicMs: number): number {
    const nowNs = this.#ownNs(monotonicMs);
    const nowMs = Math.floor(nowNs / NS_PER_MS);
    const latestMs = Atomics.load(this.#latestMs, 0);
    const behindMs = (latestMs - nowMs) | 0;
    if (behindMs === 0) return nowNs;
    if (behindMs < 0) {
      this.#tell(nowNs, nowMs, latestMs);
      return nowNs;
    }
    return this.#followNs();
  }

  /**
   * Looks at what was told first, and then at its own clock: the other way round, a thread that was held between the two would
   * take that for being behind. Whole milliseconds may feign one that is none, which is left.
   */
  #followNs(): number {
    const latestMs = Atomics.load(this.#latestMs, 0);
    const nowNs = this.#ownNs(this.#clock.monotonicMs());
    const nowMs = Math.floor(nowNs / NS_PER_MS);
    const behindMs = (latestMs - nowMs) | 0;
    if (behindMs <= 0) return nowNs;
    this.#offsetNs += (behindMs - 1) * NS_PER_MS;
    return (nowMs + behindMs) * NS_PER_MS;
  }

  #ownNs(monotonicMs: number): number {
    return Math.round(monotonicMs * NS_PER_MS) + this.#offsetNs;
  }

  /** One try is enough: who was faster has told nearly the same, and the next request tries again. */
  #tell(nowNs: number, nowMs: number, latestMs: number): void {
    if (Atomics.compareExchange(this.#latestMs, 0, latestMs, nowMs | 0) !== latestMs) return;
    Atomics.store(this.#latest, 0, BigInt(nowNs));
    this.#noteZero(nowMs);
  }
}
