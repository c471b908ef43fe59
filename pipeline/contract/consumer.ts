/**
 * The one interface that receivers, processors, connectors, sender chains and exporters are made of.
 *
 * @module
 */

import type { Payload } from "../otlp/payload.ts";
import type { Destination } from "./destination.ts";
import type { QueueControl } from "./queue_control.ts";

/** How a payload was taken: wholly kept, or kept but for some items. A failure of the whole is a GatewayError. */
export interface Outcome {
  /** Items that will never be kept, told to the sender as a partial success. 0 when all are kept. */
  readonly rejectedItems: number;
  /** Why, in English, for the sender's developer; "" when there is nothing to say. */
  readonly message: string;
  /**
   * Whether somebody goes on using the bytes of the payload: it is queued, and not delivered. Absent: nobody does, and
   * their memory may be given back. Who answers before it is done with them must say so.
   */
  readonly isHeld?: true;
}

/** Every item is kept. */
export const KEPT: Outcome = { rejectedItems: 0, message: "" };

/** Every item is in a queue, and will be delivered from there. */
export const QUEUED: Outcome = { rejectedItems: 0, message: "", isHeld: true };

/** What several outcomes come to: one of the two above where there is nothing to say. */
export function outcomeOf(rejectedItems: number, message: string, isHeld: boolean): Outcome {
  if (rejectedItems === 0 && message === "") return isHeld ? QUEUED : KEPT;
  return isHeld ? { rejectedItems, message, isHeld } : { rejectedItems, message };
}

/** Takes payloads. Called concurrently; never after `shutdown` of the component that owns it. */
export interface Consumer {
  /**
   * Settles when the payload is kept by every destination that must have it.
   *
   * @param abort Fires when the caller no longer waits: its sender left, or its deadline passed.
   * @throws {GatewayError} Not kept; it says whether and when a retry can help.
   */
  consume(payload: Payload, abort: AbortSignal): Promise<Outcome>;

  /**
   * Asked by a receiver before it reads a body, so that a refusal costs no memory. Absent: anything may come.
   *
   * @param bodyBytes The announced length, or 0 when unknown.
   * @throws {GatewayError} It would be refused now.
   */
  admit?(bodyBytes: number): void;
}

/** What holds sockets, timers or data over time. */
export interface Lifecycle {
  /** Called once before the first payload; downstream components have started. Absent: nothing to start. */
  start?(): Promise<void>;
  /**
   * Called once after the last payload; what is held is delivered before it settles.
   *
   * @param deadline When it fires, what is not delivered is given up, counted and told to whoever waits.
   * @param heir Of the component of the same name that replaces it and runs already: what it takes need not be delivered.
   */
  shutdown?(deadline: AbortSignal, heir?: Adopt): Promise<void>;
  /** Takes data from the component that this one replaces. Absent: it holds none. */
  adopt?: Adopt;
  /** Of an exporter with a sending queue, for operators. Absent: it has none. */
  readonly queue?: QueueControl | undefined;
  /** Of an exporter, for operators. Absent: nobody knows how it does. */
  readonly destination?: Destination | undefined;
}

/** Takes a payload whose sender has had its answer. @returns false when there is no room: it is as if never offered. */
export type Adopt = (payload: Payload) => boolean;
