/**
 * What one OpAMP server may cost, and how it behaves: every bound by name, in units, with its default.
 *
 * Source: opamp-spec, sections "Message Size Limits", "Duplicate Instance UIDs", "Throttling"; RFC 6455.
 *
 * @module
 */

/** Bounds and times of an OpAMP server. All may be configured. */
export interface OpampServerSettings {
  /** Where both transports listen. */
  readonly path: string;
  /** One message of an agent, after decompression, bytes. Past it: close with 1009, or 413. */
  readonly maxReceiveBytes: number;
  /** One message to an agent, before compression, bytes. A larger one is not sent, and counted. */
  readonly maxSendBytes: number;
  /** Agents that the server remembers. For a new one past it those gone longest are forgotten; else it is told UNAVAILABLE. */
  readonly maxAgents: number;
  /**
   * Agents that one token may bring, so that one that is lost does not take all the room. Past it those of its agents that are
   * gone longest are forgotten; else a new one is told UNAVAILABLE.
   */
  readonly maxAgentsPerToken: number;
  /** An agent that has been gone for this long is forgotten, milliseconds. */
  readonly forgetAfterMs: number;
  /** WebSocket connections. The next one is answered 503. */
  readonly maxConnections: number;
  /** Agents over one WebSocket: a proxy may carry many. */
  readonly maxAgentsPerConnection: number;
  /** New WebSockets, and first requests of agents over HTTP, a second; the next are told when to come. */
  readonly acceptsPerSecond: number;
  /** How many of them may come at once before that rate holds. */
  readonly acceptBurst: number;
  /** The longest that one is told to stay away, milliseconds. */
  readonly maxRetryAfterMs: number;
  /** What may wait for a slow reader of a WebSocket beyond the message being sent, bytes. */
  readonly maxSendBufferBytes: number;
  /** How long a reader may take nothing while something waits, milliseconds. Then it is cut. */
  readonly slowReaderTimeoutMs: number;
  /** A WebSocket silent for this long is sent a ping, milliseconds. */
  readonly pingIntervalMs: number;
  /** One that then stays silent for this long is cut, milliseconds. */
  readonly pongTimeoutMs: number;
  /** How long the closing handshake may take, milliseconds. */
  readonly closeTimeoutMs: number;
  /** How often agents over HTTP are expected, milliseconds. */
  readonly pollIntervalMs: number;
  /** So many polls missed, and an agent over HTTP counts as gone. */
  readonly missedPolls: number;
  /** An HTTP request whose body is not complete after this long is answered 408, milliseconds. */
  readonly requestTimeoutMs: number;
  /** An offer without an answer is repeated with an answer to the agent after this long, milliseconds. */
  readonly offerRetryMs: number;
  /** Agents that one turn of the event loop sends a new offer to. */
  readonly pushesPerTurn: number;
  /** Custom messages and commands that wait for one agent. */
  readonly maxPendingMessages: number;
  /** Changes of agents are told together, this long after the first, milliseconds. */
  readonly changeDelayMs: number;
  /** Changes of agents are written together, this often, milliseconds. */
  readonly persistIntervalMs: number;
  /** Agents, and events, that one transaction writes: it holds up everything else meanwhile. */
  readonly maxRowsPerWrite: number;
  /** Events that wait to be written. Past it new ones are dropped, and counted. */
  readonly maxPendingEvents: number;
  /** Sets of components whose content is remembered. */
  readonly maxComponentSets: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_OPAMP_SERVER_SETTINGS: OpampServerSettings = {
  path: "/v1/opamp",
  maxReceiveBytes: 64 * MIB,
  maxSendBytes: 64 * MIB,
  maxAgents: 50_000,
  maxAgentsPerToken: 25_000,
  forgetAfterMs: 7 * 24 * 3_600_000,
  maxConnections: 25_000,
  maxAgentsPerConnection: 1_000,
  acceptsPerSecond: 1_000,
  acceptBurst: 2_000,
  maxRetryAfterMs: 60_000,
  maxSendBufferBytes: 256 * 1024,
  slowReaderTimeoutMs: 30_000,
  pingIntervalMs: 30_000,
  pongTimeoutMs: 20_000,
  closeTimeoutMs: 2_000,
  pollIntervalMs: 30_000,
  missedPolls: 3,
  requestTimeoutMs: 30_000,
  offerRetryMs: 30_000,
  pushesPerTurn: 64,
  maxPendingMessages: 16,
  changeDelayMs: 20,
  persistIntervalMs: 1_000,
  maxRowsPerWrite: 500,
  maxPendingEvents: 50_000,
  maxComponentSets: 1_000,
};
