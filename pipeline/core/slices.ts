/**
 * Work that is done in slices, so that a thread which serves requests is never held for long: a generator stops where it
 * may be interrupted, and whoever runs it decides whether it is.
 *
 * @module
 */

/** Work that stops now and then; what it returns is its result. */
export type Sliced<Result> = Generator<undefined, Result, undefined>;

/** Asked at each stop; settles when the work may go on. undefined: at once. */
export type Pause = () => Promise<void> | undefined;

/** How long a thread is held in one go, milliseconds. A request of 44 kB takes 0.1. */
export const SLICE_MS = 3;

/** Without a pause. */
export function atOnce<Result>(work: Sliced<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** With the pauses of `pause`. */
export async function inSlices<Result>(work: Sliced<Result>, pause: Pause): Promise<Result> {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    const paused = pause();
    if (paused !== undefined) await paused;
  }
}

/** After each `SLICE_MS` of work a turn of the event loop, in which what came meanwhile is done. Made anew for each work. */
export function eventLoopPause(
  monotonicMs: () => number = () => performance.now(),
  turn: () => Promise<void> = nextTurn,
): Pause {
  let startedMs = monotonicMs();
  return () => {
    if (monotonicMs() - startedMs < SLICE_MS) return undefined;
    return turn().then(() => void (startedMs = monotonicMs()));
  };
}

/** Settles when what came meanwhile is done. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
