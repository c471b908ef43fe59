/**
 * The way to an agent, as the fleet sees it: a WebSocket, or one HTTP request that waits for its answer.
 *
 * @module
 */

export type Transport = "websocket" | "http";

/** An answer or a push: pieces of one ServerToAgent, in order. Pieces may be shared with other agents: read only. */
export type MessageParts = readonly Uint8Array[];

/** Close codes of RFC 6455, 7.4.1. */
export const CloseCodes = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  noStatus: 1005,
  policyViolation: 1008,
  messageTooBig: 1009,
  tryAgainLater: 1013,
} as const;

/** Where messages of one or more agents come from. */
export interface AgentLink<Session = unknown> {
  readonly transport: Transport;
  /** Who it has shown to be; undefined when no token was asked for. */
  readonly tokenId: string | undefined;
  /** The agents that are reached over it. Kept by the fleet; for HTTP always empty. */
  readonly sessions: Session[];
  /** When it was last seen alive, milliseconds on the monotonic clock. */
  readonly heardAtMs: number;
  /** Whether earlier messages still wait to be read by the other side. */
  readonly isCongested: boolean;
  /** Sends one message; past the bounds of its buffer it closes instead. Never for HTTP. */
  send(parts: MessageParts): void;
  /** Closes it with a close frame. @param code Of `CloseCodes`. */
  close(code: number, reason: string): void;
}
