/**
 * OTLP/JSON that a command is given, as a payload.
 *
 * @module
 */

import { readJsonPayload } from "../../pipeline/otlp/json_decode.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, type Payload } from "../../pipeline/otlp/payload.ts";
import { isSignal, type Signal } from "../../pipeline/otlp/signals.ts";
import { UsageError } from "./usage_error.ts";

/** Reads a file, or standard input for `-`. */
export async function readInput(path: string): Promise<Uint8Array> {
  return path === "-" ? await readAll(Deno.stdin.readable) : await Deno.readFile(path);
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

/**
 * The payload in `bytes`.
 *
 * @param signal Undefined: the JSON's first key tells.
 * @throws {UsageError} It does not.
 * @throws {InvalidPayloadError} It is no OTLP/JSON of the signal.
 * @throws {LimitExceededError} It is larger than a request may be.
 */
export function jsonPayload(bytes: Uint8Array, signal: Signal | undefined): Payload {
  return readJsonPayload(signal ?? signalOf(bytes), bytes, DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
}

function signalOf(bytes: Uint8Array): Signal {
  const key = /^\s*\{\s*"resource_?(\w+)"/.exec(new TextDecoder().decode(bytes.subarray(0, 256)))?.[1]?.toLowerCase();
  const signal = key === "spans" ? "traces" : key;
  if (signal !== undefined && isSignal(signal)) return signal;
  throw new UsageError(
    "Cannot tell the signal: the input does not begin with resourceSpans and so on, wanted --signal",
  );
}
