/**
 * The way into a component: what is behind it can be changed while data comes, and operators can look at what goes in.
 *
 * It costs one call a payload, and no promise.
 *
 * @module
 */

import type { Consumer, Outcome } from "../contract/consumer.ts";
import type { Counter } from "../core/telemetry/meter.ts";
import type { Payload } from "../otlp/payload.ts";

/** Told of each payload as it comes; must not throw, and must not keep the caller waiting. */
export type Onlooker = (payload: Payload) => void;

export class Inlet implements Consumer {
  #target: Consumer;
  /** undefined while nobody looks: that is nearly always. */
  #onlookers: readonly Onlooker[] | undefined;

  readonly #size: Counter | undefined;

  /** @param size Takes the bytes of what goes in. Absent: nobody counts them here. */
  constructor(target: Consumer, size?: Counter) {
    this.#target = target;
    this.#size = size;
  }

  /** From now on payloads go there. */
  point(target: Consumer): void {
    this.#target = target;
  }

  /** @returns Ends it. */
  watch(onlooker: Onlooker): () => void {
    this.#onlookers = [...this.#onlookers ?? [], onlooker];
    return () => {
      const rest = this.#onlookers?.filter((each) => each !== onlooker) ?? [];
      this.#onlookers = rest.length > 0 ? rest : undefined;
    };
  }

  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    this.#size?.add(payload.byteLength);
    if (this.#onlookers !== undefined) { for (const look of this.#onlookers) look(payload); }
    return this.#target.consume(payload, abort);
  }

  admit(bodyBytes: number): void {
    this.#target.admit?.(bodyBytes);
  }
}
