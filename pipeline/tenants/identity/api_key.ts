/**
 * API keys: `slk_KEYID_SECRET`. The id finds the key's row, the secret proves it; kept is a salted hash of the secret.
 *
 * The secret is 256 random bits, so one round of SHA-256 is enough: there is nothing to guess that a slow hash would
 * make dearer, and a slow one would be a way to keep the gateway busy with wrong keys. The salt makes rows of one secret
 * differ. The prefix lets scanners of repositories find a key that was published.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { createSHA256 } from "hash-wasm";

export const API_KEY_PREFIX = "slk_";

const KEY_ID_CHARS = 12;
const SECRET_BYTES = 32;
/** Of base64url without padding. */
const SECRET_CHARS = 43;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const MIN_SALT_BYTES = 8;
const MAX_SALT_BYTES = 64;
const HASH_SCHEME = "sha256";
const SCHEME_PREFIX = `${HASH_SCHEME}:`;
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

const KEY_ID = /^[a-z2-7]{12}$/;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** The two parts of a key. */
export interface ApiKey {
  readonly id: string;
  readonly secret: string;
}

/** What is kept of a secret. */
export interface SecretHash {
  /** At most 64 bytes. */
  readonly salt: Uint8Array;
  /** SHA-256 of the salt and the secret's text, 32 bytes. */
  readonly hash: Uint8Array;
}

/** A new key, and what to keep of it: the key itself is shown once and then known by its owner alone. */
export function mintApiKey(): { readonly id: string; readonly key: string; readonly hash: string } {
  const id = Array.from(randomBytes(KEY_ID_CHARS), (byte) => BASE32[byte % 32]).join("");
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  return { id, key: `${API_KEY_PREFIX}${id}_${secret}`, hash: hashSecret(secret) };
}

/** As it stands in a tenant's file: `sha256:SALT:HASH`, both in hex. */
export function hashSecret(secret: string, salt: Uint8Array = randomBytes(SALT_BYTES)): string {
  return `${HASH_SCHEME}:${Buffer.from(salt).toString("hex")}:${digest(secret, salt).toHex()}`;
}

/** Reads `hashSecret`'s text; undefined when it is none. */
export function parseSecretHash(text: string): SecretHash | undefined {
  const saltEnd = text.length - 2 * HASH_BYTES - 1;
  const saltChars = saltEnd - SCHEME_PREFIX.length;
  if (!text.startsWith(SCHEME_PREFIX) || text[saltEnd] !== ":" || saltChars % 2 !== 0) return undefined;
  if (saltChars < 2 * MIN_SALT_BYTES || saltChars > 2 * MAX_SALT_BYTES) return undefined;
  const salt = readHex(text, SCHEME_PREFIX.length, saltEnd);
  const hash = readHex(text, saltEnd + 1, text.length);
  return salt === undefined || hash === undefined ? undefined : { salt, hash };
}

/** The value of each lower-case hex digit by its code; others have a high bit. */
const HEX_VALUES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = "0123456789abcdef".indexOf(String.fromCharCode(code));
  return value < 0 ? 0x80 : value;
});

/** What hashes are read into, piece by piece: an array with memory of its own costs ten times the reading. */
let readInto = new Uint8Array(0);
let readTo = 0;
const READ_BYTES = 8_192;

/** @returns Never written to again. undefined: no hex. */
function readHex(text: string, from: number, to: number): Uint8Array<ArrayBuffer> | undefined {
  const length = (to - from) / 2;
  if (readTo + length > readInto.length) [readInto, readTo] = [new Uint8Array(READ_BYTES), 0];
  const bytes = readInto.subarray(readTo, readTo + length);
  readTo += length;
  let seen = 0;
  for (let i = 0; i < length; i++) {
    const high = HEX_VALUES[text.charCodeAt(from + 2 * i)] ?? 0x80;
    const low = HEX_VALUES[text.charCodeAt(from + 2 * i + 1)] ?? 0x80;
    seen |= high | low;
    bytes[i] = high << 4 | low;
  }
  return seen < 0x80 ? bytes : undefined;
}

/** Whether text is the id of a key. */
export function isKeyId(text: string): boolean {
  return text.length === KEY_ID_CHARS && KEY_ID.test(text);
}

/** Takes a key apart; undefined when it is none, whatever its length. */
export function parseApiKey(text: string): ApiKey | undefined {
  const secretAt = API_KEY_PREFIX.length + KEY_ID_CHARS + 1;
  if (text.length !== secretAt + SECRET_CHARS || !text.startsWith(API_KEY_PREFIX)) return undefined;
  const id = text.slice(API_KEY_PREFIX.length, secretAt - 1);
  const secret = text.slice(secretAt);
  return text[secretAt - 1] === "_" && KEY_ID.test(id) && SECRET.test(secret) ? { id, secret } : undefined;
}

/** What an unknown key id is compared with, so that it takes as long as a wrong secret. */
const NOBODY: SecretHash = { salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };

/**
 * Whether `secret` is the one that `kept` was made of.
 *
 * @param kept Undefined: no such key; it takes the same time as a wrong secret.
 */
export function isSecret(secret: string, kept: SecretHash | undefined): boolean {
  const { salt, hash } = kept ?? NOBODY;
  const isRight = isSame(digest(secret, salt), hash);
  return isRight && kept !== undefined;
}

/** Not the runtime's: each call of that leaves native memory behind until a full collection, and anybody may try keys. */
const SHA256 = await createSHA256();

function digest(secret: string, salt: Uint8Array): Uint8Array {
  const text = new Uint8Array(secret.length);
  for (let at = 0; at < secret.length; at++) text[at] = secret.charCodeAt(at); // base64url is ASCII
  return SHA256.init().update(salt).update(text).digest("binary");
}

/** Takes the same time wherever they differ. */
function isSame(some: Uint8Array, others: Uint8Array): boolean {
  let difference = some.length ^ others.length;
  for (let at = 0; at < some.length; at++) difference |= (some[at] ?? 0) ^ (others[at] ?? 0);
  return difference === 0;
}
