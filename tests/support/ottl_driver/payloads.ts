/**
 * Payloads of requests and replies.
 *
 * @module
 */

import { DEFAULT_PAYLOAD_LIMITS } from "../../../pipeline/otlp/limits.ts";
import { readJsonPayload } from "../../../pipeline/otlp/json_decode.ts";
import { type ClientInfo, type Origin, type Payload, payloadBytes } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { readPayload } from "../../../pipeline/otlp/validate.ts";
import type { Client, Output, Request } from "./protocol.ts";

const BASE64 = "base64:";

/**
 * The payload of a request.
 *
 * @throws {TypeError} The request has none.
 */
export function payloadOfRequest({ input, client }: Request, signal: Signal): Payload {
  const origin = originOf(client);
  if (typeof input === "string" && input.startsWith(BASE64)) {
    const bytes = Uint8Array.fromBase64(input.slice(BASE64.length));
    return readPayload(signal, bytes, DEFAULT_PAYLOAD_LIMITS, origin);
  }
  if (typeof input !== "object") throw new TypeError("Cannot answer: the request has no input, wanted base64: or JSON");
  return jsonPayload(signal, input, origin);
}

/** Parsed OTLP/JSON as a payload; -0, which `JSON.stringify` would lose, stays. */
export function jsonPayload(signal: Signal, json: object, origin: Origin): Payload {
  const text = JSON.stringify(json, (_, value: unknown) => Object.is(value, -0) ? "-0" : value);
  return readJsonPayload(signal, new TextEncoder().encode(text), DEFAULT_PAYLOAD_LIMITS, origin);
}

export function outputOf(payload: Payload | undefined): Output {
  return { output: payload === undefined ? null : payloadBytes(payload).toBase64() };
}

function originOf({ addr, metadata, grpc, auth }: Client = {}): Origin {
  const client: ClientInfo = {
    ...addr !== undefined && { address: addr.includes(":") ? `[${addr}]:0` : `${addr}:0` },
    ...grpc !== undefined && { grpcMetadata: lowerKeys(grpc) },
    ...auth !== undefined && { authAttributes: new Map(Object.entries(auth).filter(isScalar)) },
  };
  return { metadata: lowerKeys(metadata ?? {}), client };
}

function lowerKeys(values: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(values).map(([key, value]) => [key.toLowerCase(), value]));
}

function isScalar(entry: [string, unknown]): entry is [string, string | number | boolean] {
  return ["string", "number", "boolean"].includes(typeof entry[1]);
}
