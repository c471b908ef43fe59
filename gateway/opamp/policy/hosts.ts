/**
 * Which hosts a value of a configuration names: what a component that reads it would connect to.
 *
 * @module
 */

import { parseHostPort } from "../../../pipeline/config/network/host_port.ts";
import type { ConfigNode, MapNode, NodePath } from "../../../pipeline/config/tree/node.ts";
import { type Change, changesOf, lastKey, REACHING, textsOf, wholeOf } from "./changes.ts";

/** Keys whose text is a host even without a port. */
const HOST_KEY = /^(?:endpoint|.*_endpoint|brokers|host|.*_url|.*_address|address)$/;

/** Keys below which texts are only said, and never a destination: what looks like one there is none. */
const SAID = new Set(["headers", "resource"]);

/** `host:port` of everything below `tree` that may be a destination. */
export function hostsIn(tree: MapNode): ReadonlySet<string> {
  return new Set([...changesOf(tree, undefined, [])].flatMap(hostsOf));
}

/** `host:port` of the destinations that one value names; what cannot be read is given as it is. */
export function hostsOf(change: Change): readonly string[] {
  return destinationsOf(change).map(({ host }) => host);
}

export interface Destination {
  /** `host:port`. */
  readonly host: string;
  /** What a URL says of TLS; undefined: a section beside it does. */
  readonly isSecure: boolean | undefined;
}

/** All readings of a value, where it has two. */
export function destinationsOf({ path, node }: Change): readonly Destination[] {
  const section = String(path[0]);
  if (!REACHING.test(section)) return [];
  const isListener = section === "receivers" || section === "extensions";
  return addressesOf(node, path).flatMap((text) => {
    const url = isBrokers(path) ? undefined : urlHostOf(text);
    const isPlain = !isListener && (url === undefined ? isHost(path, text) : parseHostPort(text) !== undefined);
    const plain = isPlain ? [{ host: text.toLowerCase(), isSecure: undefined }] : [];
    return url === undefined ? plain : [url, ...plain];
  });
}

/** The one key that is never read as a URL: `http:80` is a broker of that name. */
function isBrokers(path: NodePath): boolean {
  return lastKey(path) === "brokers";
}

/** By its key, or, whatever a component calls the key, because it reads as `host:port`. */
function isHost(path: NodePath, text: string): boolean {
  if (HOST_KEY.test(lastKey(path))) return text !== "";
  return parseHostPort(text) !== undefined && !path.some((key) => SAID.has(String(key)));
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443" };

/**
 * The `host:port` that a component connects to which reads `text` as a URL. What means to be one and cannot be read is its
 * own host, so that nothing but `*` allows it.
 *
 * The platform's reader decides, and not how the text looks: it takes `http:host`, `http:\\host` and more. What it makes of
 * an expression in front of the path is not known yet.
 *
 * @returns undefined: no URL.
 */
function urlHostOf(text: string): Destination | undefined {
  const url = URL.parse(text);
  const port = url === null ? undefined : DEFAULT_PORTS[url.protocol];
  if (url === null || port === undefined) return text.includes("://") ? { host: text, isSecure: undefined } : undefined;
  const host = /^[^/]*\/\/[^/]*\$\{/.test(text) ? text : `${url.hostname}:${url.port || port}`;
  return { host, isSecure: url.protocol === "https:" || url.protocol === "wss:" };
}

/** A host's name and nothing else: no path, no credentials, nothing that a reader of URLs takes for their end. */
const PURE_NAME = /^[a-z0-9_.-]+$/;

/**
 * Whether a list of hosts has `host`, which is `name:port`: as `name`, as `name:port`, as `*.domain`, or as `*`.
 */
export function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  const name = host.replace(/:\d*$/, "");
  return allowed.map((pattern) => pattern.toLowerCase()).some((pattern) =>
    pattern === "*" || pattern === host || pattern === name ||
    (pattern.startsWith("*.") && PURE_NAME.test(name) && name.endsWith(pattern.slice(1)))
  );
}

/** A key that holds a list is read at its commas whatever else it looks like; a URL is one text with its commas. */
function addressesOf(node: ConfigNode, path: NodePath): readonly string[] {
  const isUrl = !isBrokers(path) && wholeOf(node).some((text) => urlHostOf(text) !== undefined);
  return isUrl ? wholeOf(node) : textsOf(node);
}
