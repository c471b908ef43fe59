/**
 * One connection to a server as the client sees it: a WebSocket, or a series of HTTP exchanges.
 *
 * Two implementations; both are held to it by tests/opamp/client/transports/transports_test.ts.
 *
 * @module
 */

import type { ServerConnection } from "./server_connection.ts";

/** Why a link ended, or could not begin. */
export interface LinkFailure {
  /** For logs: without secrets. */
  readonly reason: string;
  /** The status of an HTTP answer other than 200 or 101. */
  readonly status?: number | undefined;
  /** From Retry-After, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the server certainly has not taken the message that was sent last: it never got it, or refused to look. */
  readonly isUnsent: boolean;
}

/** What becomes of a message: the server has it (HTTP), it is on its way (WebSocket), or the server will never take it. */
export type SendResult = "delivered" | "written" | "refused";

export interface LinkEvents {
  /** Ready for the first message. Comes after `open` has returned. */
  onOpen(): void;
  /** One message of the server, without its frame. A view that is not kept. */
  onMessage(message: Uint8Array): void;
  /** The server sent what cannot be read: it is dropped, the link goes on. */
  onUnreadable(reason: string): void;
  /** The last message is done with; the next may be sent. After `onMessage` for an HTTP answer. */
  onSent(result: SendResult): void;
  /** The link is no more; nothing comes after it. Not after `close`. */
  onClosed(failure: LinkFailure): void;
}

export interface Link {
  /**
   * Sends one message. Not before `onOpen`, and not before `onSent` of the one before.
   *
   * @param message Protobuf, without a frame.
   * @param instanceUid For the header of an HTTP request.
   */
  send(message: Uint8Array, instanceUid: Uint8Array): void;
  /** Ends the link in an orderly way, bounded in time. No event comes after the call. */
  close(): Promise<void>;
  /** Ends the link at once. No event comes after the call. */
  abort(): void;
}

export interface LinkOptions {
  /** Largest message in either direction, with its frame, without compression, bytes. */
  readonly maxMessageBytes: number;
  /** Whether HTTP bodies are sent with gzip. */
  readonly gzip: boolean;
}

export interface Transport {
  /** Begins a link; failures come as `onClosed`. */
  open(connection: ServerConnection, options: LinkOptions, events: LinkEvents): Link;
}
