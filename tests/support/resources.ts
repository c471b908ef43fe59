/**
 * The resources of a payload, as protobufjs reads them.
 *
 * @module
 */

import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, type Payload, payloadBytes } from "../../pipeline/otlp/payload.ts";
import { readPayload } from "../../pipeline/otlp/validate.ts";
import { encodeMessage, messageType, type Plain, REQUEST_TYPES } from "./otlp_proto.ts";

export interface ResourceItems {
  /** A Resource message; empty when there is none. */
  readonly resource: Uint8Array;
  readonly itemCount: number;
}

/** Of each ResourceXxx, in their order. */
export function resourcesOf(payload: Payload): ResourceItems[] {
  const { signal } = payload;
  const type = messageType(REQUEST_TYPES[signal]);
  const [list] = type.fieldsArray;
  const entries = type.toObject(type.decode(payloadBytes(payload)))[list!.name] as Plain[];
  return entries.map((entry) => {
    const alone = encodeMessage(type.name, { [list!.name]: [entry] });
    return {
      resource: encodeMessage("Resource", (entry.resource ?? {}) as Plain),
      itemCount: readPayload(signal, alone, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN).itemCount,
    };
  });
}
