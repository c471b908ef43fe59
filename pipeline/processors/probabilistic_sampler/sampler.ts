/**
 * Whether an item is sampled, and what it then says of its sampling. One body for spans and log records.
 *
 * Source: the collector's probabilisticsamplerprocessor, by its behaviour (`tests/golden/sampler`); collector reference
 * 6.6.
 *
 * @module
 */

import {
  ALWAYS,
  ANY,
  NEVER,
  probabilityOf,
  type Randomness,
  type Threshold,
  thresholdOf,
  thresholdOfHash,
} from "./threshold.ts";

export const MODES = ["hash_seed", "proportional", "equalizing"] as const;
export type Mode = typeof MODES[number];

/** What the mode asks of a sampler. */
export interface SamplerSettings {
  readonly mode: Mode;
  /** 0 samples nothing, 100 and more everything. */
  readonly percentage: number;
  /** Whether an item whose sampling cannot be told is dropped; otherwise it is kept. */
  readonly failClosed: boolean;
  /** Hexadecimal digits of a threshold. */
  readonly precision: number;
  /** Whether an item without anything to hash still gets a randomness (spans do, log records do not). */
  readonly marksMissing: boolean;
}

/** What an item says of its sampling so far. */
export interface SamplingState {
  /** Whether it could be read. */
  readonly valid: boolean;
  readonly randomness: Randomness | undefined;
  readonly threshold: Threshold | undefined;
}

/** Randomness, and the name that the counter has for where it is from. */
export interface Source {
  readonly randomness: Randomness;
  readonly policy: string;
}

export const MISSING: Source = { randomness: ANY, policy: "missing_randomness" };

export interface Decision {
  readonly sampled: boolean;
  readonly policy: string;
  /** What the item is to say now; undefined leaves it as it is. */
  readonly randomness: Randomness | undefined;
  readonly threshold: Threshold | undefined;
}

export class Sampler {
  readonly #settings: SamplerSettings;
  readonly #ratio: number;
  /** For an item that was not sampled before. */
  readonly #own: Threshold;
  /** The last product of proportional mode: whoever samples before us mostly does so with one threshold. */
  #incoming: Threshold = ALWAYS;
  #product: Threshold;

  constructor(settings: SamplerSettings) {
    const percentage = Math.min(100, Math.fround(settings.percentage));
    this.#settings = settings;
    this.#ratio = percentage / 100;
    this.#own = settings.mode === "hash_seed"
      ? thresholdOfHash(percentage)
      : thresholdOf(this.#ratio, settings.precision) ?? NEVER;
    this.#product = this.#own;
  }

  /** Nothing is sampled but what asks for it by priority. */
  get #never(): boolean {
    return this.#own === NEVER;
  }

  /**
   * @param source Randomness by the item's trace id or attribute; MISSING when it has none.
   * @param priority The threshold that an attribute of the item asks for instead.
   */
  decide(state: SamplingState, source: Source, priority: Threshold | undefined): Decision {
    const hashes = this.#settings.mode === "hash_seed" && !this.#never;
    const { randomness, policy } = this.#sourceOf(state, source);
    const inUse = hashes && (state.randomness !== undefined || state.threshold !== undefined);
    const editable = state.valid && !inUse;
    const consistent = state.threshold === undefined || state.threshold <= randomness;
    const told = editable && policy !== MISSING.policy && consistent;
    const threshold = priority ?? (told ? this.#thresholdFor(state) : this.#settings.failClosed ? NEVER : ALWAYS);
    const sampled = threshold <= randomness;
    const edit = sampled && editable;
    const marks = hashes && (policy !== MISSING.policy || this.#settings.marksMissing);
    return {
      sampled,
      policy: priority === undefined ? policy : "sampling_priority",
      randomness: edit && marks ? randomness : undefined,
      threshold: edit && mayReplace(state.threshold, threshold, consistent) ? threshold : undefined,
    };
  }

  #sourceOf(state: SamplingState, source: Source): Source {
    if (this.#never) return { randomness: ANY, policy: "sampling_priority" };
    if (this.#settings.mode === "hash_seed" || !state.valid || state.randomness === undefined) return source;
    return { randomness: state.randomness, policy: "sampling_randomness" };
  }

  #thresholdFor({ threshold: incoming }: SamplingState): Threshold {
    if (incoming === undefined || this.#never) return this.#own;
    return this.#settings.mode === "equalizing" ? later(incoming, this.#own) : this.#productWith(incoming);
  }

  #productWith(incoming: Threshold): Threshold {
    if (incoming !== this.#incoming) {
      this.#incoming = incoming;
      this.#product = thresholdOf(probabilityOf(incoming) * this.#ratio, this.#settings.precision) ?? NEVER;
    }
    return this.#product;
  }
}

/** The one that samples less. */
function later(a: Threshold, b: Threshold): Threshold {
  return a > b ? a : b;
}

/** A threshold may rise, not fall: what was not sampled before cannot be counted in. One that cannot be true goes. */
function mayReplace(before: Threshold | undefined, after: Threshold, consistent: boolean): boolean {
  return before === undefined || !consistent || before <= after;
}
