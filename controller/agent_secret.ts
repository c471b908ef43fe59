/**
 * The token that agents show at the controller's other doors. It is in the offers that they get, is the same for all,
 * and is good for nothing else.
 *
 * @module
 */

import { timingSafeEqual } from "node:crypto";

export class AgentSecret {
  readonly token: string;
  readonly #expected: Uint8Array;

  constructor(token: string) {
    this.token = token;
    this.#expected = new TextEncoder().encode(`Bearer ${token}`);
  }

  isShownBy({ headers }: Request): boolean {
    const given = new TextEncoder().encode(headers.get("authorization") ?? "");
    return given.length === this.#expected.length && timingSafeEqual(given, this.#expected);
  }
}
