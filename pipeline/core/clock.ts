/**
 * Time and randomness, handed in so that no test sleeps.
 *
 * @module
 */

/** Handle of a pending timer; opaque. */
export type Timer = number;

/** The time as components see it. */
export interface Clock {
  /** Milliseconds since 1970; may jump. For dates only. */
  nowMs(): number;
  /** Milliseconds on a clock that never goes back. For durations. */
  monotonicMs(): number;
  /** Runs `callback` once after `delayMs`. */
  setTimer(callback: () => void, delayMs: number): Timer;
  /** Forgets a timer that has not fired. */
  clearTimer(timer: Timer): void;
}

/** A number in [0, 1), as Math.random. */
export type Random = () => number;

/** The platform's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs) as unknown as number,
  clearTimer: (timer) => clearTimeout(timer),
};

/**
 * Waits `delayMs`, or until `abort` fires.
 *
 * @returns true when the whole time passed, false when aborted.
 */
export function sleep(clock: Clock, delayMs: number, abort: AbortSignal): Promise<boolean> {
  if (abort.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onAbort = () => {
      clock.clearTimer(timer);
      resolve(false);
    };
    const timer = clock.setTimer(() => {
      abort.removeEventListener("abort", onAbort);
      resolve(true);
    }, delayMs);
    abort.addEventListener("abort", onAbort, { once: true });
  });
}
