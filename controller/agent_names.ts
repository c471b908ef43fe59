/**
 * Which agent a report is of, by the `service.instance.id` that the agent's telemetry carries.
 *
 * That is its instance uid for most. Where somebody configured another id, and until an agent whose uid the server changed
 * starts anew, it is what the agent's description says. An id that several agents describe names none of them.
 * Source: opamp-spec, "AgentDescription.identifying_attributes"; semantic conventions, `service.instance.id`.
 *
 * @module
 */

import { bytesToHex } from "../opamp/protocol/hashes.ts";
import { parseInstanceUid } from "../opamp/protocol/instance_uid.ts";

/** An id of more characters than this names nobody. */
export const MAX_ID_CHARS = 256;

export class AgentNames {
  readonly #idOf = new Map<string, string>();
  readonly #uidsOf = new Map<string, Set<string>>();

  /** Takes in what an agent describes itself as. @param uid In hexadecimal. @param id Undefined: it does not say. */
  note(uid: string, id: string | undefined): void {
    if (this.#idOf.get(uid) === id) return;
    this.forget(uid);
    if (id === undefined || id.length > MAX_ID_CHARS || uidIn(id) === uid) return;
    this.#idOf.set(uid, id);
    const uids = this.#uidsOf.get(id) ?? new Set();
    this.#uidsOf.set(id, uids.add(uid));
  }

  forget(uid: string): void {
    const id = this.#idOf.get(uid);
    if (id === undefined) return;
    this.#idOf.delete(uid);
    const uids = this.#uidsOf.get(id);
    uids?.delete(uid);
    if (uids?.size === 0) this.#uidsOf.delete(id);
  }

  /** @param isKnown Whether there is an agent of that uid. @returns Undefined: it names none, or several. */
  uidOf(id: string, isKnown: (uid: string) => boolean): string | undefined {
    const own = uidIn(id);
    if (own !== undefined && isKnown(own)) return own;
    const uids = this.#uidsOf.get(id);
    return uids?.size === 1 ? [...uids][0] : undefined;
  }
}

/** Of a UUID's text, or of its digits alone. */
function uidIn(id: string): string | undefined {
  const uid = parseInstanceUid(id);
  if (uid !== undefined) return bytesToHex(uid);
  return /^[0-9a-f]{32}$/i.test(id) ? id.toLowerCase() : undefined;
}
