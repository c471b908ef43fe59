/**
 * Versions of configurations as agents are offered them, each encoded once for the whole fleet.
 *
 * @module
 */

import { type ConfigCatalog, type ConfigVersionRef } from "../opamp/rollouts/mod.ts";
import { createRemoteConfigOffer, type RemoteConfigOffer } from "../opamp/server/offers.ts";

/** Offers that are kept at hand; agents hold their own as long as they are to have them. */
const MAX_OFFERS = 64;

export class ConfigOffers {
  readonly #catalog: ConfigCatalog;
  /** By hash, the one used last at the end. */
  readonly #offers = new Map<string, RemoteConfigOffer>();

  constructor(catalog: ConfigCatalog) {
    this.#catalog = catalog;
  }

  /** @throws {GatewayError} There is no such version, or the store cannot be read. */
  of({ name, version, hash }: ConfigVersionRef): RemoteConfigOffer {
    const known = this.#offers.get(hash);
    const offer = known ?? this.#make(name, version);
    this.#offers.delete(hash);
    this.#offers.set(hash, offer);
    const [oldest] = this.#offers.keys();
    if (this.#offers.size > MAX_OFFERS && oldest !== undefined) this.#offers.delete(oldest);
    return offer;
  }

  /** The offer of a content; undefined when it is of no version. */
  byHash(hash: string): RemoteConfigOffer | undefined {
    const config = this.#catalog.byHash(hash);
    return config && this.of(config);
  }

  /** @param version 0: the empty configuration. */
  #make(name: string, version: number): RemoteConfigOffer {
    const contents = version === 0 ? [] : this.#catalog.get(name, version).contents;
    return createRemoteConfigOffer({ configMap: new Map(contents.map((file) => [file.name, file])) });
  }
}
