/**
 * The MD5 formats of htpasswd files: `$apr1$` of Apache and `$1$` of crypt(3). For files that have them: MD5 is weak.
 *
 * Source: Poul-Henning Kamp's crypt_md5 of 1994 as Apache's apr_md5.c has it; `openssl passwd -apr1`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

const FORMAT = /^(\$apr1\$|\$1\$)([^$]{0,8})\$([./0-9A-Za-z]{22})$/;
const ROUNDS = 1_000;
const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Which bytes of the digest make four characters together, the first the highest. */
const TRIPLES = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] as const;
const LAST_BYTE = 11;

export function isMd5Crypt(hash: string): boolean {
  return FORMAT.test(hash);
}

/**
 * The hash of a password, with the prefix and the salt of `like`.
 *
 * @throws {TypeError} `like` is no such hash.
 */
export function md5Crypt(password: string, like: string): string {
  const [, prefix, salt] = FORMAT.exec(like) ?? [];
  if (prefix === undefined || salt === undefined) throw new TypeError("Cannot hash a password: wanted $apr1$ or $1$");
  return `${prefix}${salt}$${encode(digest(Buffer.from(password), prefix, Buffer.from(salt)))}`;
}

function digest(password: Buffer, prefix: string, salt: Buffer): Buffer {
  const inner = md5(password, salt, password);
  const start = createHash("md5").update(password).update(prefix).update(salt);
  for (let left = password.length; left > 0; left -= 16) start.update(inner.subarray(0, Math.min(left, 16)));
  for (let bits = password.length; bits > 0; bits >>= 1) {
    start.update((bits & 1) === 1 ? Buffer.of(0) : password.subarray(0, 1));
  }
  let sum: Buffer = start.digest();
  for (let round = 0; round < ROUNDS; round++) {
    const isOdd = (round & 1) === 1;
    const hash = createHash("md5").update(isOdd ? password : sum);
    if (round % 3 !== 0) hash.update(salt);
    if (round % 7 !== 0) hash.update(password);
    sum = hash.update(isOdd ? sum : password).digest();
  }
  return sum;
}

function md5(...parts: Buffer[]): Buffer {
  return createHash("md5").update(Buffer.concat(parts)).digest();
}

/** crypt's base64: little groups, the lowest bits first. */
function encode(sum: Buffer): string {
  const byte = (at: number) => sum[at] ?? 0;
  const groups = TRIPLES.map(([high, middle, low]) => chars((byte(high) << 16) | (byte(middle) << 8) | byte(low), 4));
  return groups.join("") + chars(byte(LAST_BYTE), 2);
}

function chars(value: number, count: number): string {
  let text = "";
  for (let i = 0; i < count; i++) text += ALPHABET[(value >> (6 * i)) & 63];
  return text;
}
