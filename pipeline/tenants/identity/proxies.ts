/**
 * Peers whose word counts: proxies that have found out themselves who sends.
 *
 * @module
 */

import { isWithin, parseAddress } from "../../../ottl/text/ip.ts";
import { AnswerCache } from "./answer_cache.ts";
import { type IdentityConfig, networkOf } from "./schema.ts";

/** Addresses whose answer is at hand; a connection's address is asked for with each request. */
const MAX_ADDRESSES = 4_096;
/** Hops that a list of addresses is followed back. */
const MAX_HOPS = 32;

export class TrustedProxies {
  readonly #networks: readonly ReturnType<typeof networkOf>[];
  readonly #known = new AnswerCache<boolean>(MAX_ADDRESSES);

  constructor({ peers }: Pick<NonNullable<IdentityConfig["trusted_proxy"]>, "peers">) {
    this.#networks = peers.map(networkOf);
  }

  /** Whether a peer is one of them. An address that is not known is none. */
  trusts(address: string): boolean {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const [unscoped = ""] = address.split("%", 1);
    const bits = parseAddress(unscoped);
    const isTrusted = bits !== undefined && this.#networks.some((network) => isWithin(bits, network));
    this.#known.put(address, isTrusted, 0);
    return isTrusted;
  }

  /**
   * For whom a proxy asks: the last address of the list that is no proxy itself. What stands before it anybody may have
   * written.
   *
   * @param list `x-forwarded-for`; undefined when there is none.
   * @param peer The proxy, told when the list names nobody.
   */
  behind(list: string | undefined, peer: string): string {
    const hops = (list ?? "").split(",").slice(-MAX_HOPS).map((hop) => hop.trim());
    const last = hops.findLast((hop) => !this.trusts(hop)) ?? "";
    return parseAddress(last) === undefined ? peer : last;
  }
}
