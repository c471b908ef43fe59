/**
 * Passwords against their hashes, in the formats of htpasswd files and the newer ones.
 *
 * | Format | Made by | Cost here |
 * |---|---|---|
 * | `$2a$`, `$2b$`, `$2y$` | bcrypt, `htpasswd -B` | up to 2^14 rounds |
 * | `$argon2id$`, `$argon2i$`, `$argon2d$` | argon2 | up to 64 MiB, 16 passes |
 * | `$5$`, `$6$` | crypt's SHA-256 and SHA-512 | up to 200,000 rounds |
 * | `$apr1$`, `$1$` | `htpasswd -m` | fixed |
 * | `{SHA}`, `{SSHA}` | `htpasswd -s`, LDAP | fixed |
 *
 * A hash that would cost more is none: whoever knows a user's name could keep the gateway busy with it.
 * Source: github.com/tg123/go-htpasswd, which the collector's basicauth uses.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { isMd5Crypt, md5Crypt } from "./md5_crypt.ts";

const MAX_BCRYPT_COST = 14;
const MAX_ARGON2_KIB = 65_536;
const MAX_ARGON2_PASSES = 16;
const MAX_ARGON2_LANES = 16;
const MAX_CRYPT_ROUNDS = 200_000;
const SHA1_BYTES = 20;

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const ARGON2 =
  /^\$argon2(?:id|i|d)\$v=19\$m=(\d{1,7}),t=(\d{1,4}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,128}\$[A-Za-z0-9+/]{11,128}$/;
const SHA_CRYPT = /^\$[56]\$(?:rounds=(\d{1,9})\$)?[^$:\s]{0,16}\$[./0-9A-Za-z]{43,86}$/;
const SHA1 = /^\{(S?)SHA\}([A-Za-z0-9+/]{27,}={0,2})$/;

type Format = "bcrypt" | "argon2" | "sha_crypt" | "md5_crypt" | "sha1";

/** Whether text is a hash in one of the formats, and not too costly. */
export function isPasswordHash(hash: string): boolean {
  return formatOf(hash) !== undefined;
}

/** Whether it costs so little that it may be done between requests. */
export function isCheap(hash: string): boolean {
  return formatOf(hash) === "sha1";
}

function formatOf(hash: string): Format | undefined {
  const bcrypt = BCRYPT.exec(hash);
  if (bcrypt !== null) return isBetween(4, bcrypt[1], MAX_BCRYPT_COST) ? "bcrypt" : undefined;
  const argon2 = ARGON2.exec(hash);
  if (argon2 !== null) return isAffordable(argon2) ? "argon2" : undefined;
  const crypt = SHA_CRYPT.exec(hash);
  if (crypt !== null) return isBetween(1_000, crypt[1] ?? "5000", MAX_CRYPT_ROUNDS) ? "sha_crypt" : undefined;
  if (isMd5Crypt(hash)) return "md5_crypt";
  const sha1 = SHA1.exec(hash);
  if (sha1 === null) return undefined;
  const { length } = Buffer.from(sha1[2] ?? "", "base64");
  return (sha1[1] === "" ? length === SHA1_BYTES : length > SHA1_BYTES) ? "sha1" : undefined;
}

function isAffordable([, memory, passes, lanes]: RegExpExecArray): boolean {
  return isBetween(8, memory, MAX_ARGON2_KIB) && isBetween(1, passes, MAX_ARGON2_PASSES) &&
    isBetween(1, lanes, MAX_ARGON2_LANES);
}

function isBetween(min: number, text: string | undefined, max: number): boolean {
  const value = Number(text);
  return value >= min && value <= max;
}

/**
 * Whether `password` is the one that `hash` was made of. Takes up to a second of CPU: not for a thread with requests.
 *
 * @returns false also for a hash in no known format.
 */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  switch (formatOf(hash)) {
    case "bcrypt": {
      const { bcryptVerify } = await import("hash-wasm");
      return isHashable(password) && await bcryptVerify({ password, hash: `$2a${hash.slice(3)}` });
    }
    case "argon2": {
      const { argon2Verify } = await import("hash-wasm");
      return password !== "" && await argon2Verify({ password, hash });
    }
    case "sha_crypt": {
      const { verify } = await import("unixcrypt");
      return verify(password, hash);
    }
    case "md5_crypt":
      return isSame(Buffer.from(md5Crypt(password, hash)), Buffer.from(hash));
    case "sha1":
      return verifyCheap(password, hash);
    case undefined:
      return false;
  }
}

/** bcrypt takes 1 to 72 bytes; Go refuses a longer password, others cut it. */
function isHashable(password: string): boolean {
  const bytes = Buffer.byteLength(password);
  return bytes > 0 && bytes <= 72;
}

/** `verifyPassword` of what `isCheap`. */
export function verifyCheap(password: string, hash: string): boolean {
  const kept = Buffer.from(SHA1.exec(hash)?.[2] ?? "", "base64");
  const salt = kept.subarray(SHA1_BYTES);
  return isSame(createHash("sha1").update(password).update(salt).digest(), kept.subarray(0, SHA1_BYTES));
}

function isSame(made: Buffer, kept: Buffer): boolean {
  return made.length === kept.length && timingSafeEqual(made, kept);
}
