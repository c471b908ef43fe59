/**
 * What a remote configuration may not do to TLS: take it off, verify less, or trust somebody else. One permission stands for
 * all of it, `allow_insecure_skip_verify`: each of these keys alone gives the data to who is in between.
 *
 * @module
 */

import { childNode, children, type ConfigNode, isNull, type MapNode } from "../../../pipeline/config/tree/node.ts";
import { type Change, changesOf, lastKey, REACHING } from "./changes.ts";
import { type Destination, destinationsOf } from "./hosts.ts";

/** Whether a key's new value is no weaker than what is here; what is not read so is refused. */
type IsHarmless = (node: ConfigNode, local: ConfigNode | undefined) => boolean;

const VERSIONS = ["1.0", "1.1", "1.2", "1.3"];
const DEFAULT_VERSION = "1.2";

const isFalse: IsHarmless = (node) => node.kind === "scalar" && node.value === false;
const never: IsHarmless = () => false;
const isNoLower: IsHarmless = (node, local) => rank(node) >= Math.max(0, rank(local));
const isHighest: IsHarmless = (node) => rank(node) === VERSIONS.length - 1;

function rank(node: ConfigNode | undefined): number {
  return VERSIONS.indexOf(node === undefined ? DEFAULT_VERSION : node.kind === "scalar" ? node.text : "");
}

/** Keys below `tls`. Certificates of one's own weaken nothing: they say who the gateway is, not whom it believes. */
const GUARDED: Readonly<Record<string, IsHarmless>> = {
  insecure: isFalse,
  insecure_skip_verify: isFalse,
  include_system_ca_certs_pool: isFalse,
  ca_file: never,
  ca_pem: never,
  client_ca_file: never,
  server_name_override: never,
  cipher_suites: never,
  min_version: isNoLower,
  max_version: isHighest,
};

const PERMISSION = "allow_insecure_skip_verify is false";

export interface TlsTrees {
  readonly remote: MapNode;
  /** Of the local configuration, expanded. */
  readonly local: MapNode;
}

/** @returns Why a change is not allowed; undefined when it weakens nothing. */
export function tlsCheck({ remote, local }: TlsTrees): (change: Change) => string | undefined {
  const known = knownHosts(local);
  return (change) => {
    const { path, node } = change;
    const section = String(path[0]);
    if (!REACHING.test(section)) return undefined;
    const counterpart = path.reduce(childNode, local as ConfigNode | undefined);
    if (isEmptied(node) && (lastKey(path) === "tls" ? counterpart !== undefined : holdsTls(counterpart))) {
      return `takes the TLS settings away: ${PERMISSION}`;
    }
    const key = path.includes("tls") ? lastKey(path) : "";
    if (Object.hasOwn(GUARDED, key) && GUARDED[key]?.(node, counterpart) === false) {
      return `weakens TLS, or changes whom it trusts: ${PERMISSION}`;
    }
    if (section === "receivers") return undefined;
    return becomesPlain(change, { remote, local }, known)
      ? `has no TLS where there is some here: ${PERMISSION}`
      : undefined;
  };
}

/** A bare key, or an empty list in the place of a map: what was below is gone. */
function isEmptied(node: ConfigNode): boolean {
  return node.kind !== "map" && children(node).length === 0;
}

function holdsTls(node: ConfigNode | undefined): boolean {
  if (node === undefined) return false;
  return children(node).some(([key, child]) => key === "tls" || holdsTls(child));
}

/** A proxy is only asked for a way: the TLS that goes through it is with the destination. */
function dataGoesTo(change: Change): readonly Destination[] {
  return lastKey(change.path) === "proxy_url" ? [] : destinationsOf(change);
}

interface KnownHosts {
  /** Names that are reached by TLS. */
  readonly secure: ReadonlySet<string>;
  /** `host:port` that are reached without. */
  readonly plain: ReadonlySet<string>;
  /** `exporters/otlp_http` of components that have a URL with TLS. */
  readonly components: ReadonlySet<string>;
}

function knownHosts(local: MapNode): KnownHosts {
  const known = { secure: new Set<string>(), plain: new Set<string>(), components: new Set<string>() };
  for (const change of changesOf(local, undefined, [])) {
    for (const { host, isSecure } of dataGoesTo(change)) {
      if (isSecure === true) known.components.add(componentOf(change));
      if (isSecure ?? hasTls(change, local)) known.secure.add(nameOf(host));
      else known.plain.add(host);
    }
  }
  return known;
}

function becomesPlain(change: Change, { remote, local }: TlsTrees, known: KnownHosts): boolean {
  return dataGoesTo(change).some(({ host, isSecure }) => {
    if (isSecure ?? hasTls(change, remote, local)) return false;
    return !known.plain.has(host) && (known.secure.has(nameOf(host)) || known.components.has(componentOf(change)));
  });
}

/** Whether the component of a value has TLS by its section, as the first of the trees says that has one. */
function hasTls({ path: [section = "", id = ""] }: Change, ...trees: readonly MapNode[]): boolean {
  const own = trees.map((tree) => childNode(childNode(childNode(tree, section), id), "tls"));
  const tls = own.find((node) => node !== undefined);
  if (tls === undefined) return false;
  const insecure = childNode(tls, "insecure");
  return isNull(tls) || (tls.kind === "map" && (insecure === undefined || isFalse(insecure, undefined)));
}

function componentOf({ path: [section, id] }: Change): string {
  return `${section}/${id}`;
}

function nameOf(host: string): string {
  return host.replace(/:\d*$/, "");
}
