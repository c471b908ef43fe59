/**
 * Begins a tap in all threads.
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";
import type { TapQuery } from "../../../routes/admin/schemas.ts";
import { Tap } from "./tap.ts";
import type { ThreadHub } from "../thread_hub.ts";

/** A tap, and whether any thread has such a node. */
export interface OpenTap {
  readonly tap: Tap;
  readonly isFound: Promise<boolean>;
}

/** @param onEnd Called once, when it has ended for whatever reason. */
export function openTap(hub: ThreadHub, node: string, query: TapQuery, clock: Clock, onEnd = () => {}): OpenTap {
  const id = crypto.randomUUID();
  const tap: Tap = new Tap({
    durationMs: query.duration_ms,
    maxSamples: query.max_samples,
    clock,
    onEnd: () => {
      stopListening();
      void hub.askAll({ type: "untap", tap: id });
      onEnd();
    },
  });
  const stopListening = hub.listen(id, (sample) => tap.push(sample));
  const mask = query.mask.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const settings = { perSecond: query.per_second, maxItems: query.max_items, mask };
  const isFound = hub.askAll({ type: "tap", tap: id, node, settings }).then((found) => found.includes(true));
  return { tap, isFound };
}
