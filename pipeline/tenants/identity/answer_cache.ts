/**
 * A bounded map of what is costly to find out. It has two generations, so that a hit costs one look-up and changes
 * nothing: a full one becomes the older one, and what is asked for in the older one moves back.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/**
 * The same text in memory of its own: a part of a request's head, as a header is, holds the whole head as long as it is
 * kept, and with long heads that is no longer bounded by the number of entries.
 */
export function ownText(text: string): string {
  const own = Buffer.from(text, "latin1").toString("latin1");
  return own === text ? own : text; // no header has a wider character
}

export class AnswerCache<Answer> {
  readonly #maxEntries: number;
  readonly #maxAgeMs: number;
  #young = new Map<string, Answer>();
  #old = new Map<string, Answer>();
  #turnedMs = -Infinity;

  /**
   * @param maxEntries Of each generation.
   * @param maxAgeMs After this a generation is older even when it is not full; what nobody asks for is gone after two.
   */
  constructor(maxEntries: number, maxAgeMs = Infinity) {
    this.#maxEntries = maxEntries;
    this.#maxAgeMs = maxAgeMs;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Answer | undefined {
    return this.#young.get(key) ?? this.#revived(key);
  }

  /** @param nowMs Monotonic. */
  put(key: string, answer: Answer, nowMs: number): void {
    this.putOwn(ownText(key), answer, nowMs);
  }

  /** As `put`, of a key in memory of its own: it is kept as it is. */
  putOwn(key: string, answer: Answer, nowMs: number): void {
    if (this.#young.size >= this.#maxEntries || nowMs - this.#turnedMs >= this.#maxAgeMs) this.#turn(nowMs);
    this.#old.delete(key);
    this.#young.set(key, answer);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  #revived(key: string): Answer | undefined {
    const answer = this.#old.get(key);
    if (answer === undefined || this.#young.size >= this.#maxEntries) return answer;
    this.#old.delete(key);
    this.#young.set(key, answer);
    return answer;
  }

  #turn(nowMs: number): void {
    this.#turnedMs = nowMs;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
