/**
 * google.rpc.Status, the body of every OTLP answer that is not 200, written and read in both encodings.
 *
 * Sources: OTLP 1.11.0 "Failures", "Bad Data", "OTLP/HTTP Response"; google/rpc/{status,error_details}.proto; the proto3
 * JSON mapping of Any and Duration.
 *
 * @module
 */

import { type GatewayError, InvalidPayloadError } from "../core/errors.ts";
import { FieldReader, tagOf, varintLow, WireType } from "../wire/protobuf.ts";
import { ProtoWriter } from "../wire/protobuf_writer.ts";

/** A peer's answer longer than this is not read, bytes. Source: OTLP 1.11.0 recommends 4 MiB. */
export const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

/** Text of an answer, ours or a peer's, is cut here, UTF-16 units. */
export const MAX_MESSAGE_LENGTH = 4_096;

const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";
const BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest";

/** What a peer said. */
export interface RpcStatus {
  /** google.rpc.Code; 0 when it was left out. */
  readonly code: number;
  /** Cut at MAX_MESSAGE_LENGTH. */
  readonly message: string;
}

/** `error` as a Status: with RetryInfo when a retry can help at a known time, with BadRequest for bad data. */
export function encodeStatus(error: GatewayError): Uint8Array<ArrayBuffer> {
  const writer = new ProtoWriter();
  const message = clip(error.message);
  writer.varintField(1, error.rpcCode);
  if (message !== "") writer.stringField(2, message);
  const delayMs = retryDelayMs(error);
  if (delayMs !== undefined) {
    const any = openDetail(writer, RETRY_INFO);
    const duration = writer.open(1);
    writer.tag(1, WireType.varint);
    writer.varint64(Math.floor(delayMs / 1_000), Math.floor(delayMs / 1_000 / 0x1_0000_0000));
    writer.varintField(2, delayMs % 1_000 * 1_000_000);
    writer.close(duration);
    closeDetail(writer, any);
  }
  if (error instanceof InvalidPayloadError) {
    const any = openDetail(writer, BAD_REQUEST);
    const violation = writer.open(1);
    writer.stringField(1, VIOLATED_FIELD);
    writer.stringField(2, message);
    writer.close(violation);
    closeDetail(writer, any);
  }
  return writer.finish();
}

/** The same as JSON text. */
export function encodeStatusJson(error: GatewayError): string {
  const message = clip(error.message);
  const details: unknown[] = [];
  const delayMs = retryDelayMs(error);
  if (delayMs !== undefined) details.push({ "@type": RETRY_INFO, retryDelay: jsonDuration(delayMs) });
  if (error instanceof InvalidPayloadError) {
    details.push({ "@type": BAD_REQUEST, fieldViolations: [{ field: VIOLATED_FIELD, description: message }] });
  }
  return JSON.stringify({ code: error.rpcCode, message, ...(details.length > 0 ? { details } : {}) });
}

/** What a BadRequest complains of: OTLP has no finer name for a place in a body that could not be read. */
const VIOLATED_FIELD = "body";

/** A protobuf Status from a peer; undefined when it is none, or too long. */
export function decodeStatus(bytes: Uint8Array): RpcStatus | undefined {
  return tolerant(bytes, () => {
    const fields = new FieldReader(bytes);
    let code = 0;
    let message = "";
    while (fields.next()) {
      if (fields.tag === CODE_TAG) code = varintLow(bytes, fields.start) | 0;
      if (fields.tag === MESSAGE_TAG) message = decodeText(fields.view());
    }
    return { code, message };
  });
}

/** A JSON Status from a peer; undefined when it is none, or too long. */
export function decodeStatusJson(bytes: Uint8Array): RpcStatus | undefined {
  return tolerant(bytes, () => {
    const status = asRecord(JSON.parse(decoder.decode(bytes)));
    if (status === undefined) return undefined;
    const { code, message } = status;
    return {
      code: typeof code === "number" && Number.isInteger(code) ? code : 0,
      message: typeof message === "string" ? clip(message) : "",
    };
  });
}

const CODE_TAG = tagOf(1, WireType.varint);
const MESSAGE_TAG = tagOf(2, WireType.bytes);

const decoder = new TextDecoder();

/** `read`'s value; undefined when `bytes` are too many, or are not what it wants. A peer's answer never fails a call. */
export function tolerant<T>(bytes: Uint8Array, read: () => T | undefined): T | undefined {
  if (bytes.length > MAX_RESPONSE_BYTES) return undefined;
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidPayloadError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A peer's text, cut; what is not UTF-8 becomes U+FFFD, since it is for people to read. */
export function decodeText(bytes: Uint8Array): string {
  return clip(decoder.decode(bytes.subarray(0, 4 * MAX_MESSAGE_LENGTH)));
}

export function clip(text: string): string {
  return text.length > MAX_MESSAGE_LENGTH ? text.slice(0, MAX_MESSAGE_LENGTH).toWellFormed() : text;
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
}

function retryDelayMs(error: GatewayError): number | undefined {
  if (!error.retryable || error.retryAfterMs === undefined) return undefined;
  return Math.min(Math.max(0, Math.ceil(error.retryAfterMs)), Number.MAX_SAFE_INTEGER);
}

/** As proto3 JSON writes a Duration: "7s", "1.500s". */
function jsonDuration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const rest = ms % 1_000;
  return rest === 0 ? `${seconds}s` : `${seconds}.${String(rest).padStart(3, "0")}s`;
}

/** Begins an Any of `typeUrl` in Status.details and its value. */
function openDetail(writer: ProtoWriter, typeUrl: string): { readonly any: number; readonly value: number } {
  const any = writer.open(3);
  writer.stringField(1, typeUrl);
  return { any, value: writer.open(2) };
}

function closeDetail(writer: ProtoWriter, detail: { readonly any: number; readonly value: number }): void {
  writer.close(detail.value);
  writer.close(detail.any);
}
