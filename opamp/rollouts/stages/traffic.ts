/**
 * What each agent has handled lately, from counts that grow since its process started.
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";
import type { AgentTraffic } from "../agents.ts";
import type { Traffic } from "./gate.ts";

/** How long is "lately": this long at least, twice as long at most, milliseconds. */
export const WINDOW_MS = 5 * 60_000;

interface Meter {
  items: number;
  errors: number;
  windowStartMs: number;
  window: { items: number; errors: number };
  lastWindow: Traffic;
}

const NOTHING: Traffic = { items: 0, errors: 0 };

export class TrafficMeter {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #meters = new Map<string, Meter>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** Takes in counts. @returns What has come since the last; undefined for the first of an agent. */
  add(uid: string, { items, errors }: AgentTraffic): Traffic | undefined {
    const nowMs = this.#clock.monotonicMs();
    const meter = this.#meters.get(uid);
    if (meter === undefined) {
      const window = { ...NOTHING };
      this.#meters.set(uid, { items, errors, windowStartMs: nowMs, window, lastWindow: NOTHING });
      return undefined;
    }
    // Counts that shrink are of a process that has started anew: all of it is new.
    const isNewProcess = items < meter.items || errors < meter.errors;
    const delta = isNewProcess ? { items, errors } : { items: items - meter.items, errors: errors - meter.errors };
    Object.assign(meter, { items, errors });
    this.#turn(meter, nowMs);
    meter.window.items += delta.items;
    meter.window.errors += delta.errors;
    return delta;
  }

  recent(uid: string): Traffic {
    const meter = this.#meters.get(uid);
    if (meter === undefined) return NOTHING;
    this.#turn(meter, this.#clock.monotonicMs());
    const { window, lastWindow } = meter;
    return { items: window.items + lastWindow.items, errors: window.errors + lastWindow.errors };
  }

  forget(uid: string): void {
    this.#meters.delete(uid);
  }

  #turn(meter: Meter, nowMs: number): void {
    const passedMs = nowMs - meter.windowStartMs;
    if (passedMs < WINDOW_MS) return;
    meter.lastWindow = passedMs < 2 * WINDOW_MS ? meter.window : NOTHING;
    meter.window = { ...NOTHING };
    meter.windowStartMs = nowMs;
  }
}
