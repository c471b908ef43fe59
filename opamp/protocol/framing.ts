/**
 * A message inside a WebSocket message: a varint header, which is 0, and the protobuf.
 *
 * Source: opamp-spec "WebSocket Message Format". Messages without a header, as before 2023, are refused: their first byte
 * (0x0a) reads as header 10.
 *
 * @module
 */

import { MalformedMessageError } from "./errors.ts";

const MAX_VARINT_BYTES = 10;

/** The payload of one binary WebSocket message. */
export function frame(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(message.length + 1);
  framed.set(message, 1);
  return framed;
}

/**
 * The protobuf in the payload of a WebSocket message, a view of it; it may be empty.
 *
 * @throws {MalformedMessageError} No whole header, or one that is not 0.
 */
export function unframe(payload: Uint8Array): Uint8Array {
  for (let at = 0; at < MAX_VARINT_BYTES; at++) {
    const byte = payload[at];
    if (byte === undefined) throw new MalformedMessageError("Cannot read a frame: its header is cut off");
    if ((byte & 0x7f) !== 0) throw new MalformedMessageError("Cannot read a frame: its header is not 0");
    if (byte === 0) return payload.subarray(at + 1);
  }
  throw new MalformedMessageError(`Cannot read a frame: its header is longer than ${MAX_VARINT_BYTES} bytes`);
}
