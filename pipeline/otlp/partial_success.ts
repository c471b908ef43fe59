/**
 * Export*ServiceResponse, the body of an OTLP 200, written and read in both encodings: nothing at all, or how many items
 * were rejected and why.
 *
 * The collector answers every 200 with an empty `partial_success`; it reads as full success here.
 * Source: OTLP 1.11.0 "Full Success", "Partial Success"; opentelemetry-proto 1.11.0, collector/*_service.proto, where
 * the message has the same numbers for every signal.
 *
 * @module
 */

import { FieldReader, tagOf, varintHigh, varintLow, WireType } from "../wire/protobuf.ts";
import { ProtoWriter } from "../wire/protobuf_writer.ts";
import { type Signal, SIGNALS } from "./signals.ts";
import { asRecord, clip, decodeText, tolerant } from "./status.ts";

/** Some items will never be kept (`rejectedItems` > 0), or all are and there is a warning. */
export interface PartialSuccess {
  /** Spans, data points, log records or profiles. */
  readonly rejectedItems: number;
  /** English, for the sender's developer; cut at MAX_MESSAGE_LENGTH. */
  readonly message: string;
}

const NO_BYTES: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** The protobuf response: no bytes when all is kept and there is nothing to say. */
export function encodeResponse({ rejectedItems, message }: PartialSuccess): Uint8Array<ArrayBuffer> {
  if (rejectedItems === 0 && message === "") return NO_BYTES;
  const writer = new ProtoWriter();
  const partial = writer.open(1);
  if (rejectedItems > 0) {
    writer.tag(1, WireType.varint);
    writer.varint64(rejectedItems, Math.floor(rejectedItems / 0x1_0000_0000));
  }
  if (message !== "") writer.stringField(2, clip(message));
  writer.close(partial);
  return writer.finish();
}

/** The JSON response: `{}` when all is kept and there is nothing to say. */
export function encodeResponseJson(signal: Signal, { rejectedItems, message }: PartialSuccess): string {
  if (rejectedItems === 0 && message === "") return "{}";
  return JSON.stringify({
    partialSuccess: {
      ...(rejectedItems > 0 ? { [SIGNALS[signal].rejectedKey]: String(rejectedItems) } : {}),
      ...(message !== "" ? { errorMessage: clip(message) } : {}),
    },
  });
}

/** A peer's protobuf response; undefined when all was kept, or when it cannot be read: the status was 200. */
export function decodeResponse(bytes: Uint8Array): PartialSuccess | undefined {
  if (bytes.length <= LONGEST_EMPTY_RESPONSE) return undefined;
  return tolerant(bytes, () => {
    let rejectedItems = 0;
    let message = "";
    const response = new FieldReader(bytes);
    while (response.next()) {
      if (response.tag !== PARTIAL_TAG) continue;
      const partial = new FieldReader(bytes, response.start, response.valueEnd);
      while (partial.next()) {
        if (partial.tag === REJECTED_TAG) rejectedItems = countAt(bytes, partial.start);
        if (partial.tag === MESSAGE_TAG) message = decodeText(partial.view());
      }
    }
    return orNothing(rejectedItems, message);
  });
}

/** A peer's JSON response; undefined when all was kept, or when it cannot be read: the status was 200. */
export function decodeResponseJson(signal: Signal, bytes: Uint8Array): PartialSuccess | undefined {
  if (bytes.length <= LONGEST_EMPTY_JSON) return undefined;
  return tolerant(bytes, () => {
    const response = asRecord(JSON.parse(new TextDecoder().decode(bytes)));
    const partial = asRecord(response?.["partialSuccess"]);
    if (partial === undefined) return undefined;
    const { errorMessage } = partial;
    const rejected = Number(partial[SIGNALS[signal].rejectedKey] ?? 0);
    return orNothing(
      Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
      typeof errorMessage === "string" ? clip(errorMessage) : "",
    );
  });
}

/** The collector's `0a 00`. */
const LONGEST_EMPTY_RESPONSE = 2;
/** The collector's `{"partialSuccess":{}}`; a message or a count would be longer. */
const LONGEST_EMPTY_JSON = 21;

const PARTIAL_TAG = tagOf(1, WireType.bytes);
const REJECTED_TAG = tagOf(1, WireType.varint);
const MESSAGE_TAG = tagOf(2, WireType.bytes);

/** An int64 that counts: 0 when it is negative or past what a number holds. */
function countAt(bytes: Uint8Array, at: number): number {
  const count = varintHigh(bytes, at) * 0x1_0000_0000 + varintLow(bytes, at);
  return Number.isSafeInteger(count) ? count : 0;
}

function orNothing(rejectedItems: number, message: string): PartialSuccess | undefined {
  return rejectedItems === 0 && message === "" ? undefined : { rejectedItems, message };
}
