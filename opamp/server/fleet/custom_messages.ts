/**
 * Custom messages of agents, told to whoever listens.
 *
 * Source: opamp-spec, "Custom Messages".
 *
 * @module
 */

import type { CustomMessage } from "../../protocol/messages.ts";

/** @param uid Of the agent, in hexadecimal. */
export type MessageListener = (uid: string, message: CustomMessage) => void;

export class CustomMessages {
  readonly #capabilities: readonly string[];
  readonly #listeners = new Set<MessageListener>();

  /** @param capabilities Custom capabilities of this server: messages of others are passed over. */
  constructor(capabilities: readonly string[]) {
    this.#capabilities = capabilities;
  }

  /** @returns Ends it. */
  listen(listener: MessageListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(uid: string, message: CustomMessage): void {
    if (!this.knows(message)) return;
    for (const listener of this.#listeners) listener(uid, message);
  }

  knows({ capability = "" }: CustomMessage): boolean {
    return this.#capabilities.includes(capability);
  }
}
