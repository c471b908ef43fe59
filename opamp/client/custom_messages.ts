/**
 * Custom messages: of what both sides have declared, a bounded number waiting for their turn, each sent once.
 *
 * Source: opamp-spec "Custom Messages".
 *
 * @module
 */

import type { CustomMessage } from "../protocol/messages.ts";

/** What became of a custom message. */
export type CustomMessageResult = "queued" | "not connected" | "not supported" | "queue full";

/** How many wait. */
export const MAX_CUSTOM_MESSAGES = 16;

export class CustomMessages {
  /** What the agent understands. */
  own: readonly string[];
  /** What the server understands; none until it has said so. */
  ofServer: readonly string[] = [];
  readonly #waiting: CustomMessage[] = [];

  constructor(own: readonly string[]) {
    this.own = own;
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  add(message: CustomMessage): CustomMessageResult {
    const { capability = "" } = message;
    if (![this.own, this.ofServer].every((names) => names.includes(capability))) return "not supported";
    if (this.#waiting.length >= MAX_CUSTOM_MESSAGES) return "queue full";
    this.#waiting.push(message);
    return "queued";
  }

  take(): CustomMessage | undefined {
    return this.#waiting.shift();
  }

  /** They are not tried again on another link. */
  drop(): void {
    this.#waiting.length = 0;
  }

  /** Whether a message of the server is of any use. */
  isUnderstood({ capability = "" }: CustomMessage): boolean {
    return this.own.includes(capability);
  }
}
