/**
 * What agents can run. It is the same for many of them, so it is asked for once and kept by its hash.
 *
 * Source: opamp-spec, "AvailableComponents Message".
 *
 * @module
 */

import type { AgentToServer } from "../../protocol/messages.ts";
import type { AgentSession } from "./agent_session.ts";
import { fieldBytes } from "./report_fields.ts";

export class ComponentSets {
  readonly #max: number;
  /** By hash, as an AgentToServer of that field alone; the oldest first. */
  readonly #sets = new Map<string, Uint8Array>();

  constructor(max: number) {
    this.#max = max;
  }

  /** AvailableComponents of a hash, as an AgentToServer of that field alone. */
  get(hash: string): Uint8Array | undefined {
    return this.#sets.get(hash);
  }

  /** Keeps the set of a report, or has the agent asked for it. */
  absorb(session: AgentSession, { availableComponents }: AgentToServer, bytes: Uint8Array): void {
    const hash = session.componentsHash;
    if (availableComponents === undefined || hash === undefined || this.#sets.has(hash)) return;
    if (availableComponents.components === undefined || availableComponents.components.size === 0) {
      session.wantsComponents = true;
      return;
    }
    const content = fieldBytes(bytes, "availableComponents");
    if (content === undefined) return;
    const [oldest] = this.#sets.keys();
    if (this.#sets.size >= this.#max && oldest !== undefined) this.#sets.delete(oldest);
    this.#sets.set(hash, new Uint8Array(content));
  }
}
