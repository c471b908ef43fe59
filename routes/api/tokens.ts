/**
 * Bearer tokens: made once, kept as hashes, compared in constant time.
 *
 * A token holds 256 random bits, so one round of SHA-256 is hash enough: there is nothing to guess by trying words.
 * Source: RFC 6750 2.1 (the header).
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";

export type TokenScope = "read" | "write";

/** One line of a file of tokens: `alice write sha256:9f86d0…`. */
export interface TokenEntry {
  readonly name: string;
  /** `write` may read too. */
  readonly scope: TokenScope;
  readonly hash: Uint8Array;
}

/** Says whose a token is. */
export interface TokenBook {
  find(token: string): TokenEntry | undefined;
}

/** Random bytes of a token. */
const TOKEN_BYTES = 32;
/** Tokens in one file. */
export const MAX_TOKENS = 1_000;
/** What a header may hold of a token, characters. */
const MAX_TOKEN_CHARS = 200;
const PREFIX = "sluice_";
const LINE = /^([\w.@-]{1,60})\s+(read|write)\s+sha256:([0-9a-f]{64})$/;

/** A new token, and the line of a file that stands for it. */
export function makeToken(name: string, scope: TokenScope, random: (bytes: Uint8Array) => void) {
  const secret = new Uint8Array(TOKEN_BYTES);
  random(secret);
  const token = PREFIX + secret.toBase64({ alphabet: "base64url", omitPadding: true });
  const line = `${name} ${scope} sha256:${hashOf(token).toHex()}`;
  if (!LINE.test(line)) {
    throw new TypeError(`Cannot make a token: its name is ${JSON.stringify(name)}, wanted letters, digits and . @ - _`);
  }
  return { token, line };
}

/**
 * The tokens of a file: one a line, `name scope sha256:hash`; empty lines and lines that begin with # do not count.
 *
 * @throws {TypeError} A line is of another form, a name stands twice, or there are too many.
 */
export function parseTokens(text: string): readonly TokenEntry[] {
  const entries = text.split(/\r?\n/).flatMap((line, index): TokenEntry[] => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const [, name, scope, hash] = LINE.exec(line.trim()) ?? [];
    if (name === undefined || hash === undefined) {
      throw new TypeError(
        `Cannot read the tokens: line ${index + 1} is of another form, wanted name scope sha256:hash`,
      );
    }
    return [{ name, scope: scope as TokenScope, hash: Uint8Array.fromHex(hash) }];
  });
  if (entries.length > MAX_TOKENS) {
    throw new TypeError(`Cannot read the tokens: there are ${entries.length}, wanted ${MAX_TOKENS} at the most`);
  }
  const names = entries.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new TypeError(`Cannot read the tokens: "${repeated}" stands twice, wanted it once`);
  return entries;
}

/** Whose a token is. Looks at every entry, whichever fits, so that the time tells nothing. */
export function findToken(token: string, entries: readonly TokenEntry[]): TokenEntry | undefined {
  const hash = hashOf(token.slice(0, MAX_TOKEN_CHARS));
  let found: TokenEntry | undefined;
  for (const entry of entries) {
    if (timingSafeEqual(entry.hash, hash)) found = entry;
  }
  return found;
}

/** The token of an Authorization header; undefined when it has none. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer +([\w.~+/=-]+) *$/i.exec(header ?? "")?.[1];
}

function hashOf(token: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(token).digest());
}
