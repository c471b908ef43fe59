/**
 * How often one peer may try credentials that are not known: a token bucket an address, as GCRA keeps it in one number.
 *
 * @module
 */

import { parseAddress } from "../../../ottl/text/ip.ts";
import { AnswerCache } from "./answer_cache.ts";

/** Peers that are remembered, in each of two generations. Who is forgotten begins anew. */
const MAX_PEERS = 8_192;

export interface PeerLimitConfig {
  readonly attempts_per_second: number;
  /** Attempts at once. */
  readonly burst: number;
}

/** When the bucket of a peer will be full again, monotonic milliseconds. */
interface Bucket {
  fullMs: number;
}

export class PeerLimit {
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  readonly #buckets: AnswerCache<Bucket>;

  constructor({ attempts_per_second, burst }: PeerLimitConfig, maxPeers = MAX_PEERS) {
    this.#intervalMs = 1_000 / attempts_per_second;
    this.#toleranceMs = (burst - 1) * this.#intervalMs;
    this.#buckets = new AnswerCache(maxPeers);
  }

  /** How many are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes one attempt.
   *
   * @param address As the connection has it; "" when it is not known: all those share one bucket.
   * @returns 0 when there was one, else milliseconds until there is.
   */
  take(address: string, nowMs: number): number {
    const peer = peerOf(address);
    const bucket = this.#buckets.get(peer);
    if (bucket === undefined) {
      this.#buckets.put(peer, { fullMs: nowMs + this.#intervalMs }, nowMs);
      return 0;
    }
    const fullMs = Math.max(bucket.fullMs, nowMs);
    const waitMs = fullMs - nowMs - this.#toleranceMs;
    if (waitMs > 0) return waitMs;
    bucket.fullMs = fullMs + this.#intervalMs;
    return 0;
  }

  /** An attempt that was taken has turned out to be none. */
  giveBack(address: string): void {
    const bucket = this.#buckets.get(peerOf(address));
    if (bucket !== undefined) bucket.fullMs -= this.#intervalMs;
  }
}

/** Whose an address is: an IPv6 host has a /64 to itself, and could come from any address in it (RFC 4291 2.5.4). */
export function peerOf(address: string): string {
  if (!address.includes(":")) return address;
  const [unscoped = ""] = address.split("%", 1);
  const bits = parseAddress(unscoped);
  if (bits === undefined) return address;
  if (bits >> 32n === 0xffffn) return [24n, 16n, 8n, 0n].map((shift) => bits >> shift & 0xffn).join(".");
  return `${[112n, 96n, 80n, 64n].map((shift) => (bits >> shift & 0xffffn).toString(16)).join(":")}::/64`;
}
