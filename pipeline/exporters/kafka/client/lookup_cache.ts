/**
 * Remembers answers that cost a question to a broker: one question at a time for each key, asked again in the background
 * when the answer is old; a failure is the answer for a moment.
 *
 * @module
 */

import type { Clock } from "../../../core/clock.ts";
import { type GatewayError, toGatewayError } from "../../../core/errors.ts";

export interface LookupSettings<Answer> {
  readonly ask: (key: string) => Promise<Answer>;
  /** Keys remembered; past it the one that was asked for longest ago is forgotten. */
  readonly maxEntries: number;
  /** Age at which a key is asked for again, milliseconds. */
  readonly refreshIntervalMs: number;
  /** How long a failure is the answer, milliseconds. */
  readonly failureMemoryMs: number;
  readonly clock: Clock;
  /** A question in the background failed: the old answer stays. */
  readonly onRefreshFailed: (key: string, error: GatewayError) => void;
}

export class LookupCache<Answer> {
  readonly #settings: LookupSettings<Answer>;
  readonly #answers = new Map<string, { readonly answer: Answer; readonly oldAtMs: number }>();
  readonly #underWay = new Map<string, Promise<Answer>>();
  readonly #failures = new Map<string, { readonly error: GatewayError; readonly untilMs: number }>();

  constructor(settings: LookupSettings<Answer>) {
    this.#settings = settings;
  }

  /** @throws {GatewayError} What `ask` threw, now or a moment ago. */
  async get(key: string): Promise<Answer> {
    const known = this.#answers.get(key);
    if (known === undefined) return await this.#lookUp(key);
    if (known.oldAtMs < this.#settings.clock.monotonicMs()) {
      this.#lookUp(key).catch((error) => this.#settings.onRefreshFailed(key, error));
    }
    return known.answer;
  }

  /** The answer has proven wrong: it is not given again. */
  forget(key: string): void {
    this.#answers.delete(key);
  }

  /** Part of the answer may be wrong: it is given until there is a new one. */
  age(key: string): void {
    const known = this.#answers.get(key);
    if (known !== undefined) this.#answers.set(key, { ...known, oldAtMs: -Infinity });
  }

  /** Forgets every answer that `isWrong`. */
  forgetWhere(isWrong: (answer: Answer) => boolean): void {
    for (const [key, { answer }] of this.#answers) {
      if (isWrong(answer)) this.#answers.delete(key);
    }
  }

  #lookUp(key: string): Promise<Answer> {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const failed = this.#failures.get(key);
    if (failed !== undefined && failed.untilMs > this.#settings.clock.monotonicMs()) {
      return Promise.reject(failed.error);
    }
    this.#failures.delete(key);
    const lookup = this.#ask(key).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, lookup);
    return lookup;
  }

  async #ask(key: string): Promise<Answer> {
    const { ask, clock, maxEntries, refreshIntervalMs, failureMemoryMs } = this.#settings;
    try {
      const answer = await ask(key);
      this.#answers.delete(key); // set again, so that the map's order is the order of asking
      this.#answers.set(key, { answer, oldAtMs: clock.monotonicMs() + refreshIntervalMs });
      dropOldest(this.#answers, maxEntries);
      return answer;
    } catch (thrown) {
      const error = toGatewayError(thrown);
      this.#failures.set(key, { error, untilMs: clock.monotonicMs() + failureMemoryMs });
      dropOldest(this.#failures, maxEntries);
      throw error;
    }
  }
}

/** Forgets the oldest entry of a map that has more than `most`. */
export function dropOldest<Value>(map: Map<string, Value>, most: number): Value | undefined {
  if (map.size <= most) return undefined;
  const [key, value] = map.entries().next().value!;
  map.delete(key);
  return value;
}
