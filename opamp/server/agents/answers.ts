/**
 * Answers that are not an agent's own state: errors, and how long a message is.
 *
 * Source: opamp-spec, "ServerErrorResponse Message", "Throttling".
 *
 * @module
 */

import { ServerErrorResponseType } from "../../protocol/capabilities.ts";
import { encodeServerToAgent } from "../../protocol/messages.ts";
import type { MessageParts } from "./link.ts";

/** @param type Of `ServerErrorResponseType`. */
export function errorAnswer(instanceUid: Uint8Array | undefined, type: number, errorMessage: string): MessageParts {
  return [encodeServerToAgent({ instanceUid, errorResponse: { type, errorMessage } })];
}

/** The answer of a server that has too much to do: UNAVAILABLE, and when to come back. */
export function busyAnswer(
  instanceUid: Uint8Array | undefined,
  errorMessage: string,
  retryAfterMs: number,
): MessageParts {
  const retryInfo = { retryAfterNanoseconds: retryAfterMs * 1_000_000 };
  const errorResponse = { type: ServerErrorResponseType.Unavailable, errorMessage, retryInfo };
  return [encodeServerToAgent({ instanceUid, errorResponse })];
}

/** Bytes of a message. */
export function lengthOf(parts: MessageParts): number {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes;
}
