/**
 * Hashes of contents: the same for the same content, whatever the order it came in.
 *
 * Every part is hashed with its length before it, so that no two contents run into each other.
 * Source: opamp-spec, `config_hash`, `AvailableComponents.hash`, `content_hash`. Hashes of a server are opaque to an agent.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import { encode } from "./codec.ts";
import type { AgentConfigMap, AvailableComponents, ComponentDetails } from "./types.ts";

/** SHA-256 of bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return digestOf(createHash("sha256").update(bytes));
}

/** `config_hash` for a configuration: of names, content types, roles and bodies. */
export function hashConfigMap({ configMap = new Map() }: AgentConfigMap): Uint8Array {
  const hash = createHash("sha256");
  for (const [name, { body, contentType, role }] of sortedEntries(configMap)) {
    for (const part of [name, contentType ?? "", role ?? "", body ?? ""]) addPart(hash, part);
  }
  return digestOf(hash);
}

/** `AvailableComponents.hash`: equal sets of components hash alike on all agents. */
export function hashComponents(components: NonNullable<AvailableComponents["components"]>): Uint8Array {
  const hash = createHash("sha256");
  addComponents(hash, components);
  return digestOf(hash);
}

function addComponents(hash: Hash, components: ReadonlyMap<string, ComponentDetails>): void {
  addPart(hash, String(components.size));
  for (const [name, { metadata = [], subComponentMap = new Map() }] of sortedEntries(components)) {
    addPart(hash, name);
    addPart(hash, encode("ComponentDetails", { metadata }));
    addComponents(hash, subComponentMap);
  }
}

function addPart(hash: Hash, part: string | Uint8Array): void {
  const bytes = typeof part === "string" ? Buffer.from(part) : part;
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  hash.update(length).update(bytes);
}

function digestOf(hash: Hash): Uint8Array {
  return new Uint8Array(hash.digest());
}

/** By the code units of the key: a fixed order, the same everywhere. */
function sortedEntries<Item>(map: ReadonlyMap<string, Item>): [string, Item][] {
  return [...map].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
}

/** Whether two hashes or uids are the same; absent and empty are. */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return (a?.length ?? 0) === (b?.length ?? 0);
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Lower-case hexadecimal. */
export function bytesToHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/** @param hex An even number of hexadecimal digits. */
export function hexToBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
