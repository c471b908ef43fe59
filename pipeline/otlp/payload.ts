/**
 * A payload: validated OTLP of one signal, as wire bytes. Everything between a receiver and an exporter is made of it.
 *
 * Source: the protobuf encoding guide: concatenated messages merge, repeated fields append.
 *
 * @module
 */

import { concatBytes } from "../core/bytes.ts";
import type { TenantTag } from "../core/tenant.ts";
import type { TraceLink } from "../core/telemetry/trace.ts";
import { type Signal, SIGNALS } from "./signals.ts";

/** Where a payload came from, as far as a later component asked to know. */
export interface Origin {
  /** Client metadata (request headers, lower-case names) kept because a config asked for it. */
  readonly metadata: ReadonlyMap<string, readonly string[]>;
  /** What else statements may ask of the connection (OTTL: `otelcol.client`, `otelcol.grpc`); mostly nobody does. */
  readonly client?: ClientInfo;
  /** Whose it is. Absent: no tenants are configured, or the data is of several of them. */
  readonly tenant?: TenantTag;
  /** The trace that its request is a part of, while the gateway traces itself. */
  readonly trace?: TraceLink;
}

/** Of the connection that a payload came by. What is not there is not known. */
export interface ClientInfo {
  /** The peer with its port: `10.1.1.9:52114`. */
  readonly address?: string;
  /** Metadata of a gRPC call (lower-case names). */
  readonly grpcMetadata?: ReadonlyMap<string, readonly string[]>;
  /** What an authenticator found out about the sender. */
  readonly authAttributes?: ReadonlyMap<string, string | number | boolean>;
}

/** Of a sender about whom nobody asked. */
export const NO_ORIGIN: Origin = { metadata: new Map() };

/** Immutable, shared by every branch: nobody writes to `chunks` or their bytes. */
export interface Payload {
  readonly signal: Signal;
  /** Concatenated they are one valid Export*ServiceRequest; each chunk alone is one too. Profiles: always one chunk. */
  readonly chunks: readonly Uint8Array[];
  /** Spans, data points, log records or samples. */
  readonly itemCount: number;
  /** Sum of the chunks' lengths. */
  readonly byteLength: number;
  readonly origin: Origin;
}

/** The payload of one chunk. */
export function payloadOf(signal: Signal, bytes: Uint8Array, itemCount: number, origin: Origin): Payload {
  return { signal, chunks: [bytes], itemCount, byteLength: bytes.length, origin };
}

/**
 * One payload of many, in their order, without copying a byte.
 *
 * @param payloads One or more, of one signal that can be merged.
 * @param origin What is known of all of them together: that of a partition, or NO_ORIGIN.
 */
export function mergePayloads(payloads: readonly Payload[], origin: Origin): Payload {
  const [first] = payloads;
  if (first === undefined) throw new TypeError("Cannot merge payloads: there are none, wanted one or more");
  if (payloads.length === 1) return first;
  if (!SIGNALS[first.signal].mergeable) throw new TypeError(`Cannot merge payloads of ${first.signal}`);
  const chunks: Uint8Array[] = [];
  let itemCount = 0;
  let byteLength = 0;
  for (const payload of payloads) {
    for (const chunk of payload.chunks) chunks.push(chunk);
    itemCount += payload.itemCount;
    byteLength += payload.byteLength;
  }
  return { signal: first.signal, chunks, itemCount, byteLength, origin };
}

/** The whole request in one piece: the chunk itself when there is only one, else a copy. */
export function payloadBytes(payload: Payload): Uint8Array {
  return concatBytes(payload.chunks, payload.byteLength);
}
