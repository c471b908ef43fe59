/**
 * What a header that holds a credential was found to be, at hand for the usual one in half the time of a look-up by text.
 *
 * A text that comes off the wire is new each time: a map has to hash all of it and to compare all of it. Here some of its
 * characters choose a pair of seats, and where the text that sits there is the same, its answer is the answer. Who finds
 * others there asks the map behind them, and takes a seat. With one seat each, one of eight among a thousand credentials would
 * share it, and ask the map half of the time.
 *
 * Nothing is told of a secret by the time: texts are compared only where 32 bits of a hash agree whose seed is the
 * process's own, so that whoever does not know a credential cannot bring about that his is compared with it, but by
 * 2^32 attempts; a peer has ten a second.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import type { Identity } from "../../contract/tenants.ts";
import { AnswerCache, ownText } from "./answer_cache.ts";
import { MAX_CREDENTIAL_CHARS } from "./authorization.ts";

/** A power of two. */
const SEATS = 8_192;
/** Characters that are hashed, of the middle and of the end each: ids and secrets are there. */
const SAMPLE = 4;

/** Who may sit: one object, in the map and on its seat, that is the answer as well. */
export interface Seated extends Identity {
  readonly hash: number;
  readonly header: string;
  /** Of the tenants that were asked. */
  readonly generation: number;
  /** How long it counts, monotonic: whole milliseconds, which lie in the object itself. */
  readonly untilMs: number;
}

/** For how long an identity counts, as far as its owner says. */
export type Validity = Pick<Seated, "generation" | "untilMs">;

export class HeaderCache {
  readonly #all: AnswerCache<Seated>;
  readonly #seats: (Seated | undefined)[] = Array.from({ length: SEATS });
  readonly #seed = randomBytes(4).readInt32LE();

  /** @param maxEntries As of an `AnswerCache`; there are `SEATS` more at the most. */
  constructor(maxEntries: number, maxAgeMs: number) {
    this.#all = new AnswerCache(maxEntries, maxAgeMs);
  }

  /** One that is no credential for its length is not looked for: that would go through all of it. */
  get(header: string): Seated | undefined {
    if (header.length > MAX_CREDENTIAL_CHARS) return undefined;
    const hash = this.#hash(header);
    const at = hash & (SEATS - 1);
    const first = this.#seats[at];
    if (first !== undefined && first.hash === hash && first.header === header) return first;
    const second = this.#seats[at ^ 1];
    if (second !== undefined && second.hash === hash && second.header === header) return second;
    const other = this.#all.get(header);
    if (other !== undefined) this.#sit(other);
    return other;
  }

  /** Whoever sat there moves on by one. */
  #sit(seated: Seated): void {
    const at = seated.hash & (SEATS - 1);
    this.#seats[at ^ 1] = this.#seats[at];
    this.#seats[at] = seated;
  }

  /** @param nowMs Monotonic. */
  put(
    header: string,
    { tenant, credential, attributes }: Identity,
    { generation, untilMs }: Validity,
    nowMs: number,
  ): Seated {
    const own = ownText(header);
    const [hash, wholeMs] = [this.#hash(own), Math.floor(untilMs)];
    const seated = { hash, header: own, generation, untilMs: wholeMs, tenant, credential, attributes };
    this.#all.putOwn(seated.header, seated, nowMs);
    this.#sit(seated);
    return seated;
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
