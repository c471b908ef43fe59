/**
 * Digests of strings and bytes: MD5, SHA-1, SHA-2, SHA-3 and XXH3, and HMAC with them. Whatever hashes an item uses these.
 *
 * They are hash-wasm's, and not the runtime's: each call of `node:crypto` leaves some 225 bytes of native memory behind until
 * V8 next collects its whole heap, and with 100 hashes a request that is too late.
 *
 * @module
 */

import {
  createMD5,
  createSHA1,
  createSHA256,
  createSHA3,
  createSHA512,
  createXXHash128,
  createXXHash3,
  type IHasher,
} from "hash-wasm";
import { encodeUtf8, isBroken } from "../values/utf8.ts";

// One instance each: they are used in one step, and making one takes a promise that statements cannot wait for.
const HASHERS = {
  md5: await createMD5(),
  sha1: await createSHA1(),
  sha256: await createSHA256(),
  sha512: await createSHA512(),
  "sha3-256": await createSHA3(256),
  xxh3: await createXXHash3(0, 0),
  xxh128: await createXXHash128(0, 0),
} as const satisfies Readonly<Record<string, IHasher>>;

export type DigestName = keyof typeof HASHERS;

const ENCODER = new TextEncoder();
/** Strings of up to a third of it are encoded here: a fresh array for each is dearer than to hash it. */
const SCRATCH = new Uint8Array(16 * 1024);

/** The digest of `data`, of a string's UTF-8 bytes, in lower-case hexadecimal. XXH3 has seed 0 and is big-endian. */
export function digest(name: DigestName, data: string | Uint8Array): string {
  return digestBytes(name, data).toHex();
}

/** The digest of `data`, of a string's UTF-8 bytes. */
export function digestBytes(name: DigestName, data: string | Uint8Array): Uint8Array {
  return HASHERS[name].init().update(bytesOf(data)).digest("binary");
}

/**
 * Makes HMAC with one key; the function gives it in lower-case hexadecimal. Source: RFC 2104.
 *
 * @param key Of any length; one that is longer than the hash's block is hashed first.
 */
export function hmac(name: "sha256" | "sha512", key: string): (data: string | Uint8Array) => string {
  const hasher = HASHERS[name];
  const keyBytes = encodeUtf8(key);
  const block = new Uint8Array(hasher.blockSize);
  block.set(keyBytes.length > hasher.blockSize ? digestBytes(name, keyBytes) : keyBytes);
  const inner = block.map((byte) => byte ^ 0x36);
  const outer = block.map((byte) => byte ^ 0x5c);
  return (data) => {
    const innerDigest = hasher.init().update(inner).update(bytesOf(data)).digest("binary");
    return hasher.init().update(outer).update(innerDigest).digest("binary").toHex();
  };
}

/** Valid until the next call: a hasher copies what it is given. */
function bytesOf(data: string | Uint8Array): Uint8Array {
  if (typeof data !== "string") return data;
  if (data.length * 3 > SCRATCH.length || isBroken(data)) return encodeUtf8(data);
  return SCRATCH.subarray(0, ENCODER.encodeInto(data, SCRATCH).written);
}
