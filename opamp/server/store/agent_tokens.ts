/**
 * Tokens with which agents show who they are. Only their hashes are kept, in memory and in the store.
 *
 * A token has 256 random bits, so a plain hash of it is as good as a slow one, and finding it by its hash gives nothing
 * away.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { TokenRow } from "./store.ts";

/** Where tokens are kept. */
export interface TokenStore {
  readTokens(): readonly TokenRow[];
  addToken(row: TokenRow): void;
  removeToken(id: string): void;
}

/** Says what a string is, for people and for scanners of secrets. */
const PREFIX = "sluice_agent_";

const TOKEN_BYTES = 32;
const ID_BYTES = 6;

export class AgentTokens {
  readonly #store: TokenStore;
  readonly #randomBytes: (count: number) => Uint8Array;
  readonly #idByHash = new Map<string, string>();

  constructor(store: TokenStore, randomBytes: (count: number) => Uint8Array) {
    this.#store = store;
    this.#randomBytes = randomBytes;
    for (const { id, hash } of store.readTokens()) this.#idByHash.set(hash, id);
  }

  /**
   * A new token. It is told this once.
   *
   * @param nowMs Milliseconds since 1970.
   * @throws {GatewayError} The store did not take it: there is no such token.
   */
  issue(label: string, nowMs: number): { readonly id: string; readonly token: string } {
    const id = Buffer.from(this.#randomBytes(ID_BYTES)).toString("hex");
    const token = PREFIX + Buffer.from(this.#randomBytes(TOKEN_BYTES)).toString("base64url");
    const hash = hashOf(token);
    this.#store.addToken({ id, label, hash, createdMs: nowMs });
    this.#idByHash.set(hash, id);
    return { id, token };
  }

  /**
   * Makes a token worthless. What is connected with it is for the caller to cut.
   *
   * @throws {GatewayError} The store did not take it: the token is still good.
   * @returns Whether there was such a token.
   */
  revoke(id: string): boolean {
    const found = [...this.#idByHash].find(([, known]) => known === id);
    if (found === undefined) return false;
    this.#store.removeToken(id);
    this.#idByHash.delete(found[0]);
    return true;
  }

  /** @returns The token's id; undefined when the header has no good one. */
  identify(authorization: string | undefined): string | undefined {
    const token = /^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
    return token === undefined ? undefined : this.#idByHash.get(hashOf(token));
  }

  /** Without hashes. */
  list(): readonly Pick<TokenRow, "id" | "label" | "createdMs">[] {
    return this.#store.readTokens().map(({ id, label, createdMs }) => ({ id, label, createdMs }));
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
