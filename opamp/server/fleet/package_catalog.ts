/**
 * Packages for agents: versions that operators have brought or pointed to, and which agents are to have which.
 *
 * An offer is for all agents of a selector, also for those that come later. Where several match, the most specific one
 * counts, of those the one made last: an agent has one set of packages. An offer that is taken back leaves agents with
 * what they have.
 * Source: opamp-spec, "Packages".
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";
import {
  type CompilePattern,
  ConflictError,
  type FleetPort,
  InvalidRequestError,
  parseSelector,
  type Selector,
  UnknownNameError,
} from "../../rollouts/mod.ts";
import { bytesToHex, hexToBytes, sameBytes, sha256 } from "../../protocol/hashes.ts";
import type { PackageAvailable } from "../../protocol/messages.ts";
import type { Fleet } from "./fleet.ts";
import { createPackagesOffer, type PackagesOffer } from "../offers.ts";
import type { PackageOfferRow, PackageRef, PackageRow, PackageStore } from "../store/package_store.ts";

/** Bounds of a catalog. */
export const PACKAGE_LIMITS = {
  /** Versions of all packages together. */
  versions: 200,
  /** One content that is kept here, bytes. */
  contentBytes: 8 * 1024 * 1024,
  offers: 100,
  packagesInOffer: 20,
} as const;

/** A version to be kept: with a content, or with the URL and the hash of one. */
export interface PackageRequest extends PackageRef {
  /** `PackageType`. */
  readonly type: number;
  readonly content: Uint8Array | undefined;
  readonly url: string | undefined;
  /** SHA-256 of the content in hexadecimal. With a content: what it must have. */
  readonly sha256: string | undefined;
  /** Over the content; agents that have a key ask for one. */
  readonly signature: Uint8Array | undefined;
  readonly note: string;
}

/** Where agents find what is kept here. */
export interface PackageSource {
  /** Of this server, without a path. */
  readonly publicUrl: string;
  /** That agents show when they download. */
  readonly token: string;
}

/** Below it is the hash of a content. */
export const PACKAGES_PATH = "/packages/";

export interface CatalogDeps {
  readonly store: PackageStore;
  readonly fleet: Pick<Fleet, "setPackages" | "uids">;
  readonly port: FleetPort;
  readonly clock: Clock;
  readonly compilePattern: CompilePattern;
  /** undefined: agents cannot be sent here, only to URLs. */
  readonly source: PackageSource | undefined;
}

/** An offer that is in force. */
interface Rule {
  readonly selector: Selector;
  readonly row: PackageOfferRow;
  /** undefined: something of it cannot be offered now. */
  readonly offer: PackagesOffer | undefined;
}

export class PackageCatalog {
  readonly #deps: CatalogDeps;
  readonly #packages = new Map<string, PackageRow>();
  /** The strongest first. */
  #rules: readonly Rule[];

  /** @throws {GatewayError} The store cannot be read. */
  constructor(deps: CatalogDeps) {
    this.#deps = deps;
    for (const row of deps.store.readPackages()) this.#packages.set(keyOf(row), row);
    this.#rules = inOrder(deps.store.readPackageOffers().map((row) => this.#ruleOf(row)));
  }

  /** All versions, by name. */
  list(): readonly PackageRow[] {
    return [...this.#packages.values()];
  }

  /** The offers, the strongest first. */
  offers(): readonly PackageOfferRow[] {
    return this.#rules.map(({ row }) => row);
  }

  /**
   * Keeps a version. No agent gets it by that.
   *
   * @throws {InvalidRequestError} It has neither content nor URL, or another hash than it says.
   * @throws {ConflictError} There is such a version, or there are as many as there may be.
   * @throws {GatewayError} The store does not take it.
   */
  add(request: PackageRequest, who: string): PackageRow {
    const { name, version, type, content, url, signature, note } = request;
    const contentHash = hashOf(request);
    if (this.#packages.has(keyOf(request))) {
      throw conflict("keep the package", "there is this version, and none changes");
    }
    if (this.#packages.size >= PACKAGE_LIMITS.versions) {
      throw conflict("keep the package", `there are ${PACKAGE_LIMITS.versions} versions, wanted fewer`);
    }
    const row: PackageRow = {
      ...{ name, version, type, url, contentHash, signature, note, who },
      byteLength: content?.length ?? 0,
      createdMs: this.#deps.clock.nowMs(),
    };
    this.#deps.store.addPackage(row, content);
    this.#packages.set(keyOf(row), row);
    return row;
  }

  /**
   * Forgets a version.
   *
   * @throws {UnknownNameError} There is none. @throws {ConflictError} Agents are to have it.
   */
  remove(ref: PackageRef): void {
    this.#known(ref);
    const isOffered = this.#rules.some(({ row }) => row.packages.some((each) => keyOf(each) === keyOf(ref)));
    if (isOffered) throw conflict("remove the package", "it is offered, wanted one that no offer names");
    this.#deps.store.removePackage(ref);
    this.#packages.delete(keyOf(ref));
  }

  /**
   * Offers packages to the agents of a selector, in the place of what was offered to that selector.
   *
   * @throws {InvalidRequestError} The selector cannot be read, or a package stands twice.
   * @throws {UnknownNameError} There is no such version.
   * @throws {ConflictError} Agents could not download it, or there are too many offers.
   * @throws {GatewayError} The store does not take it: nothing is offered.
   */
  offer(selector: string, packages: readonly PackageRef[], who: string): PackageOfferRow {
    const { text } = parseSelector(selector, this.#deps.compilePattern);
    const others = this.#rules.filter(({ row }) => row.selector !== text);
    if (others.length >= PACKAGE_LIMITS.offers) {
      throw conflict("offer the packages", `there are ${PACKAGE_LIMITS.offers} offers, wanted fewer`);
    }
    if (new Set(packages.map(({ name }) => name)).size < packages.length) {
      throw new InvalidRequestError("offer the packages", [{ path: "packages", message: "a name stands twice" }]);
    }
    if (packages.some((ref) => this.#known(ref).url === undefined) && this.#deps.source === undefined) {
      throw conflict("offer the packages", "agents cannot download them from here, wanted --public-url");
    }
    const row = { selector: text, packages, changedMs: this.#deps.clock.nowMs(), who };
    this.#deps.store.savePackageOffer(row);
    this.#rules = inOrder([...others, this.#ruleOf(row)]);
    this.follow(this.#deps.fleet.uids());
    return row;
  }

  /** @throws {UnknownNameError} There is no offer to this selector. */
  withdraw(selector: string): void {
    const { text } = parseSelector(selector, this.#deps.compilePattern);
    const others = this.#rules.filter(({ row }) => row.selector !== text);
    if (others.length === this.#rules.length) throw new UnknownNameError("Cannot take the offer back: there is none");
    this.#deps.store.removePackageOffer(text);
    this.#rules = others;
    this.follow(this.#deps.fleet.uids());
  }

  /** How many agents have this offer as theirs. */
  reach(selector: string): { readonly agents: number; readonly connected: number } {
    let [agents, connected] = [0, 0];
    for (const agent of this.#deps.port.agents()) {
      const rule = this.#rules.find((each) => each.selector.matches(agent));
      if (rule?.row.selector !== selector) continue;
      agents++;
      if (agent.connected) connected++;
    }
    return { agents, connected };
  }

  /** What agents are to have is looked up again: they, or the offers, have changed. */
  follow(uids: Iterable<string>): void {
    const { fleet, port } = this.#deps;
    for (const uid of uids) {
      const agent = this.#rules.length === 0 ? undefined : port.get(uid);
      const rule = agent && this.#rules.find(({ selector }) => selector.matches(agent));
      fleet.setPackages([uid], rule?.offer);
    }
  }

  /** @param hash In hexadecimal. @returns undefined: it is not kept here. */
  content(hash: string): Uint8Array | undefined {
    return this.#deps.store.readContent(hexToBytes(hash));
  }

  #known(ref: PackageRef): PackageRow {
    const row = this.#packages.get(keyOf(ref));
    if (row === undefined) throw new UnknownNameError(`Cannot find the package ${ref.name} ${ref.version}`);
    return row;
  }

  #ruleOf(row: PackageOfferRow): Rule {
    const selector = parseSelector(row.selector, this.#deps.compilePattern);
    const packages = row.packages.map((ref) => [ref.name, this.#available(ref)] as const);
    const isWhole = packages.every((each): each is [string, PackageAvailable] => each[1] !== undefined);
    return { selector, row, offer: isWhole ? createPackagesOffer(new Map(packages)) : undefined };
  }

  #available(ref: PackageRef): PackageAvailable | undefined {
    const { type, version, url, contentHash, signature } = this.#known(ref);
    const { source } = this.#deps;
    if (url !== undefined) {
      return { type, version, hash: contentHash, file: { downloadUrl: url, contentHash, signature } };
    }
    if (source === undefined) return undefined;
    const downloadUrl = `${source.publicUrl}${PACKAGES_PATH}${bytesToHex(contentHash)}`;
    const headers = { headers: [{ key: "Authorization", value: `Bearer ${source.token}` }] };
    return { type, version, hash: contentHash, file: { downloadUrl, contentHash, signature, headers } };
  }
}

function keyOf({ name, version }: PackageRef): string {
  return `${name}\n${version}`;
}

function inOrder(rules: readonly Rule[]): readonly Rule[] {
  return rules.toSorted((a, b) => b.selector.specificity - a.selector.specificity || b.row.changedMs - a.row.changedMs);
}

function conflict(what: string, why: string): ConflictError {
  return new ConflictError(`Cannot ${what}: ${why}`);
}

/** @throws {InvalidRequestError} It has neither content nor URL, both, or another hash than it says. */
function hashOf({ content, url, sha256: wanted }: PackageRequest): Uint8Array {
  const refuse = (path: string, message: string) => new InvalidRequestError("keep the package", [{ path, message }]);
  if ((content === undefined) === (url === undefined)) throw refuse("", "wanted either a content or a url");
  if (content === undefined) {
    if (wanted === undefined) throw refuse("sha256", "wanted the hash of what is at the url");
    return hexToBytes(wanted);
  }
  if (content.length > PACKAGE_LIMITS.contentBytes) {
    throw refuse("base64", `it has ${content.length} bytes, wanted ${PACKAGE_LIMITS.contentBytes}, or a url`);
  }
  const hash = sha256(content);
  if (wanted !== undefined && !sameBytes(hexToBytes(wanted), hash)) throw refuse("sha256", "the content has another");
  return hash;
}
