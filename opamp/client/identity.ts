/**
 * What the agent is called, and what it was called before.
 *
 * Source: opamp-spec "instance_uid", "AgentIdentification".
 *
 * @module
 */

import { sameBytes } from "../protocol/hashes.ts";
import { isInstanceUid } from "../protocol/instance_uid.ts";

export class Identity {
  #uid: Uint8Array;
  #previous: Uint8Array | undefined;
  #isTemporary: boolean;

  /**
   * @param isTemporary The server is to give another one.
   * @throws {RangeError} The uid is not 16 bytes.
   */
  constructor(uid: Uint8Array, isTemporary: boolean) {
    if (!isInstanceUid(uid)) throw new RangeError("Cannot use the instance uid: it is not 16 bytes long");
    this.#uid = uid;
    this.#isTemporary = isTemporary;
  }

  get uid(): Uint8Array {
    return this.#uid;
  }

  get isTemporary(): boolean {
    return this.#isTemporary;
  }

  /** Whether a message is for this agent. Some have no uid; an answer to one from before a change has the old one. */
  isMine(uid: Uint8Array | undefined): boolean {
    return uid === undefined || uid.length === 0 || [this.#uid, this.#previous].some((own) => sameBytes(uid, own));
  }

  /** @returns Whether it is another one than before. */
  adopt(uid: Uint8Array): boolean {
    this.#isTemporary = false;
    if (sameBytes(uid, this.#uid)) return false;
    this.#previous = this.#uid;
    this.#uid = uid;
    return true;
  }
}
