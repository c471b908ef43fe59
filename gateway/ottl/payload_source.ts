/**
 * OTLP/JSON that a command is given, as payloads: one document, or one request a line, as the file exporter writes them.
 *
 * @module
 */

import { readNamedFile } from "../../pipeline/config/environment.ts";
import { GatewayError } from "../../pipeline/core/errors.ts";
import { readJsonPayload } from "../../pipeline/otlp/json_decode.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, type Origin, type Payload } from "../../pipeline/otlp/payload.ts";
import { isSignal, type Signal } from "../../pipeline/otlp/signals.ts";
import { UsageError } from "./usage_error.ts";

/** Reads a file, or standard input for `-`. @throws {UnreadableFileError} It cannot be read. */
export async function readInput(path: string): Promise<Uint8Array> {
  return path === "-"
    ? await readAll(Deno.stdin.readable)
    : await readNamedFile(`--input ${path}`, path, Deno.readFile);
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

/** What a command is given. */
export interface Input {
  /** One or more. */
  readonly payloads: readonly Payload[];
  /** One request a line. */
  readonly isLines: boolean;
}

/**
 * The payloads in `bytes`.
 *
 * @param signal Undefined: each request's first key tells.
 * @param from What the input is called in messages.
 * @throws {UsageError} There is none, a line is none, or what signal it is of cannot be told.
 * @throws {InvalidPayloadError} It is no OTLP/JSON of the signal.
 * @throws {LimitExceededError} It is larger than a request may be.
 */
export function jsonInput(bytes: Uint8Array, signal: Signal | undefined, origin: Origin, from: string): Input {
  const lines = linesOf(bytes);
  if (lines.length === 0) throw new UsageError(`Cannot read ${from}: it is empty, wanted OTLP/JSON`);
  const isLines = lines.length > 1 && isWhole(lines[0]!.bytes);
  if (!isLines) return { payloads: [jsonPayload(bytes, signal, origin)], isLines };
  return { payloads: lines.map(({ bytes, line }) => linePayload(bytes, signal, origin, `${from}:${line}`)), isLines };
}

/**
 * The payload in `bytes`.
 *
 * @throws As `jsonInput`.
 */
export function jsonPayload(bytes: Uint8Array, signal: Signal | undefined, origin: Origin = NO_ORIGIN): Payload {
  return readJsonPayload(signal ?? signalOf(bytes), bytes, DEFAULT_PAYLOAD_LIMITS, origin);
}

function linePayload(bytes: Uint8Array, signal: Signal | undefined, origin: Origin, from: string): Payload {
  try {
    return jsonPayload(bytes, signal, origin);
  } catch (thrown) {
    if (thrown instanceof UsageError || thrown instanceof GatewayError) {
      throw new UsageError(`${from}: ${thrown.message}`);
    }
    throw thrown;
  }
}

const LINE_BREAK = 0x0a;

/** Lines that are not blank, with their numbers from 1. */
function linesOf(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly line: number }[] {
  const lines: { bytes: Uint8Array; line: number }[] = [];
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const found = bytes.indexOf(LINE_BREAK, start);
    const end = found === -1 ? bytes.length : found;
    const content = bytes.subarray(start, end);
    if (content.some((byte) => byte > 0x20)) lines.push({ bytes: content, line });
    start = end + 1;
  }
  return lines;
}

/** Whether it is a JSON document by itself: the first line of one that is laid out is none. */
function isWhole(line: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(line));
    return true;
  } catch {
    return false;
  }
}

function signalOf(bytes: Uint8Array): Signal {
  const key = /^\s*\{\s*"resource_?(\w+)"/.exec(new TextDecoder().decode(bytes.subarray(0, 256)))?.[1]?.toLowerCase();
  const signal = key === "spans" ? "traces" : key;
  if (signal !== undefined && isSignal(signal)) return signal;
  throw new UsageError(
    "Cannot tell the signal: the input does not begin with resourceSpans and so on, wanted --signal",
  );
}
