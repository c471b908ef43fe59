/**
 * The signals that ask the process for an end.
 *
 * @module
 */

/** SIGINT is a terminal's Ctrl-C, SIGTERM what a service manager sends. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * How long after the first signal another is taken for the same one, milliseconds. A terminal signals every process in
 * its foreground, and a parent among them (`deno task`, npx) hands its own on: one Ctrl-C comes twice, milliseconds apart.
 */
export const SAME_SIGNAL_MS = 1_000;

export interface StopSignalsOptions {
  /** Asks for a call at each of a process's signals. */
  readonly listen: (signal: Deno.Signal, onSignal: () => void) => void;
  /** Any clock that does not go back, milliseconds. */
  readonly monotonicMs: () => number;
  /** Somebody does not want to wait for the drain. */
  readonly onSecond: () => void;
}

/** Listens for a stop. @returns Settles at the first signal. */
export function stopSignal({ listen, monotonicMs, onSecond }: StopSignalsOptions): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let firstMs: number | undefined;
  const onSignal = () => {
    const nowMs = monotonicMs();
    if (firstMs === undefined) {
      firstMs = nowMs;
      resolve();
    } else if (nowMs - firstMs >= SAME_SIGNAL_MS) onSecond();
  };
  for (const signal of STOP_SIGNALS) listen(signal, onSignal);
  return promise;
}
