/**
 * The place of each tenant in the memory that all threads share. A tenant keeps its slot as long as it exists, and for a
 * while after: what is still queued or counted of it must not become another one's.
 *
 * @module
 */

/** How long the slot of a tenant that is gone stays its own, milliseconds: longer than data is retried by default. */
export const SLOT_GRACE_MS = 15 * 60_000;

export interface SlotOptions {
  /** How many slots there are. */
  readonly capacity: number;
  readonly nowMs: () => number;
  /** A slot is about to be another tenant's: makes its numbers as new. */
  readonly onReuse: (slot: number) => void;
}

export class TenantSlots {
  readonly #options: SlotOptions;
  readonly #held = new Map<string, number>();
  /** Those of tenants that are gone, the longest gone first. */
  readonly #gone = new Map<string, { readonly slot: number; readonly sinceMs: number }>();
  #used = 0;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** One past the highest slot that was ever given. */
  get used(): number {
    return this.#used;
  }

  /** The slot of a tenant; one that was gone gets its own back while nobody else has it. @returns undefined: none is free. */
  take(id: string): number | undefined {
    const held = this.#held.get(id);
    if (held !== undefined) return held;
    const slot = this.#own(id) ?? this.#longestGone() ?? this.#fresh();
    if (slot !== undefined) this.#held.set(id, slot);
    return slot;
  }

  /** Lets go of all tenants but these. */
  keep(ids: { has(id: string): boolean }): void {
    const sinceMs = this.#options.nowMs();
    for (const [id, slot] of this.#held) {
      if (ids.has(id)) continue;
      this.#held.delete(id);
      this.#gone.set(id, { slot, sinceMs });
    }
  }

  #own(id: string): number | undefined {
    const slot = this.#gone.get(id)?.slot;
    this.#gone.delete(id);
    return slot;
  }

  #longestGone(): number | undefined {
    const [first] = this.#gone;
    if (first === undefined) return undefined;
    const [id, { slot, sinceMs }] = first;
    if (this.#options.nowMs() - sinceMs < SLOT_GRACE_MS) return undefined;
    this.#gone.delete(id);
    this.#options.onReuse(slot);
    return slot;
  }

  #fresh(): number | undefined {
    return this.#used < this.#options.capacity ? this.#used++ : undefined;
  }
}
