/**
 * The files of an offered configuration: read, and where a signature is wanted, verified.
 *
 * A signature is a file of the content type `application/vnd.sluice.ed25519`: 64 bytes, or those as base64. What is
 * signed is the hash of all other files, as `hashConfigMap` makes it, so that nothing can be added or taken away.
 * Files are merged in the order of their names, "" last: opamp-reference 7, as the reference implementation does.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { AgentConfigMap, AgentConfigObject } from "../../opamp/protocol/messages.ts";
import { hashConfigMap } from "../../opamp/protocol/hashes.ts";

export const SIGNATURE_TYPE = "application/vnd.sluice.ed25519";

/** Files of one offer, and all their bytes together: as much as one source of a configuration may have. */
export const MAX_REMOTE_FILES = 64;
export const MAX_REMOTE_BYTES = 4 * 1024 * 1024;

/** A source over the local ones. */
export interface RemoteFile {
  readonly name: string;
  readonly text: string;
}

/** The files in the order in which they are merged; or why they are refused. */
export type ReadFiles =
  | { readonly files: readonly RemoteFile[]; readonly problem?: undefined }
  | { readonly files?: undefined; readonly problem: string };

/** @param key What the files must be signed with; undefined: they need not be. */
export function readRemoteFiles({ configMap = new Map() }: AgentConfigMap, key: KeyObject | undefined): ReadFiles {
  const [signatures, signed] = partition([...configMap], ([, { contentType }]) => contentType === SIGNATURE_TYPE);
  if (signed.length > MAX_REMOTE_FILES) {
    return { problem: `it has ${signed.length} files, wanted ${MAX_REMOTE_FILES} at the most` };
  }
  const bytes = signed.reduce((sum, [, { body }]) => sum + (body?.length ?? 0), 0);
  if (bytes > MAX_REMOTE_BYTES) return { problem: `it has ${bytes} bytes, wanted ${MAX_REMOTE_BYTES} at the most` };
  if (key !== undefined) {
    const hash = hashConfigMap({ configMap: new Map(signed) });
    const isSigned = signatures.some(([, { body }]) => isSignature(key, hash, body));
    if (!isSigned) {
      return { problem: `it is not signed with the key of remote_config: wanted a file of ${SIGNATURE_TYPE}` };
    }
  }
  const files: RemoteFile[] = [];
  for (const [name, { body }] of signed.sort(([a], [b]) => rank(a, b))) {
    const text = decode(body);
    if (text === undefined) return { problem: `the file ${JSON.stringify(name)} is not UTF-8` };
    files.push({ name, text });
  }
  return { files };
}

/** @param body 64 bytes, or their base64. */
export function isSignature(key: KeyObject, data: Uint8Array, body: Uint8Array | undefined): boolean {
  if (body === undefined) return false;
  const signature = body.length === SIGNATURE_BYTES
    ? body
    : Buffer.from(Buffer.from(body).toString("latin1"), "base64");
  return signature.length === SIGNATURE_BYTES && verify(null, data, key, signature);
}

const SIGNATURE_BYTES = 64;

/**
 * @param pem A public key; "" for none.
 * @throws {TypeError} It is none of Ed25519.
 */
export function readPublicKey(pem: string): KeyObject | undefined {
  if (pem.trim() === "") return undefined;
  const key = parseKey(pem);
  if (key?.asymmetricKeyType !== "ed25519") {
    throw new TypeError("Cannot read the public key: it is none of Ed25519, wanted one as PEM");
  }
  return key;
}

function parseKey(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem);
  } catch {
    return undefined;
  }
}

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** The nameless file counts most. */
function rank(a: string, b: string): number {
  if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;
  return a < b ? -1 : 1;
}

function decode(body: AgentConfigObject["body"]): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}
