/**
 * What a header that holds a credential was found to be, at hand for the usual one in a third of a look-up by text.
 *
 * A text that comes off the wire is new each time: a map has to hash all of it and to compare all of it. Here some of its
 * characters choose a seat, and where the text that sits there is the same, its answer is the answer. Who finds another one
 * there asks the map behind it, and takes the seat.
 *
 * Nothing is told of a secret by the time: texts are compared only where 32 bits of a hash agree whose seed is the
 * process's own, so that whoever does not know a credential cannot bring about that his is compared with it, but by
 * 2^32 attempts; a peer has ten a second.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { AnswerCache, ownText } from "./answer_cache.ts";

/** A power of two. */
const SEATS = 8_192;
/** Characters that are hashed, of the middle and of the end each: ids and secrets are there. */
const SAMPLE = 4;

interface Seat<Answer> {
  readonly hash: number;
  readonly header: string;
  readonly answer: Answer;
}

export class HeaderCache<Answer> {
  readonly #answers: AnswerCache<Answer>;
  readonly #seats: (Seat<Answer> | undefined)[] = Array.from({ length: SEATS });
  readonly #seed = randomBytes(4).readInt32LE();

  /** @param maxEntries As of an `AnswerCache`; there are `SEATS` more at the most. */
  constructor(maxEntries: number, maxAgeMs: number) {
    this.#answers = new AnswerCache(maxEntries, maxAgeMs);
  }

  get(header: string): Answer | undefined {
    const hash = this.#hash(header);
    const seat = this.#seats[hash & (SEATS - 1)];
    if (seat !== undefined && seat.hash === hash && seat.header === header) return seat.answer;
    const answer = this.#answers.get(header);
    if (answer !== undefined) this.#sit(hash, ownText(header), answer);
    return answer;
  }

  /** @param nowMs Monotonic. */
  put(header: string, answer: Answer, nowMs: number): void {
    const own = ownText(header);
    this.#answers.put(own, answer, nowMs);
    this.#sit(this.#hash(own), own, answer);
  }

  #sit(hash: number, header: string, answer: Answer): void {
    this.#seats[hash & (SEATS - 1)] = { hash, header, answer };
  }

  /** The mixing steps of MurmurHash3 over eight characters. */
  #hash(header: string): number {
    const end = header.length - SAMPLE;
    const middle = header.length >> 1;
    let hash = this.#seed ^ header.length;
    for (let i = 0; i < SAMPLE; i++) {
      hash = Math.imul(hash ^ header.charCodeAt(middle + i) << 16 ^ header.charCodeAt(end + i), 0x85ebca6b);
      hash ^= hash >>> 13;
    }
    return Math.imul(hash, 0xc2b2ae35) ^ hash >>> 16;
  }
}
