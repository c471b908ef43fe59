/**
 * Decompresses gzip and zlib.
 *
 * Sources: RFC 1952 (gzip, its members), RFC 1950 (`deflate` in HTTP is the zlib format, RFC 9110 8.4.1.2).
 *
 * @module
 */

import zlib from "node:zlib";
import { broken, isTooLarge, tooLarge, trailing } from "./failures.ts";
import { NO_BUFFER, ONE_CALL_INPUT_BYTES, ONE_CALL_OUTPUT_BYTES, plain, runInto } from "./one_call.ts";
import { BELIEVED_RATIO, DECOMPRESS_SLICE_BYTES, drive, Output, slices, type ZlibStream } from "./slices.ts";
import { ZlibContext } from "./zlib_context.ts";

/** Room that is made before the size is known. */
const LEAST_OUTPUT_BYTES = 16 * 1024;

interface InflateFormat {
  readonly name: string;
  readonly sync: (body: Uint8Array, options: InflateOptions) => Inflated;
  readonly create: (options: { readonly chunkSize: number }) => ZlibStream;
}

interface InflateOptions {
  readonly chunkSize: number;
  readonly maxOutputLength: number;
  readonly info: true;
}

/** What `info: true` gives: the bytes, and how many of the input they took. */
interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

const GZIP: InflateFormat = {
  name: "gzip",
  sync: zlib.gunzipSync as unknown as InflateFormat["sync"],
  create: (options) => zlib.createGunzip(options) as unknown as ZlibStream,
};
const ZLIB: InflateFormat = {
  name: "zlib",
  sync: zlib.inflateSync as unknown as InflateFormat["sync"],
  create: (options) => zlib.createInflate(options) as unknown as ZlibStream,
};

const GUNZIP = new ZlibContext(() => zlib.createGunzip(NO_BUFFER), zlib.constants.Z_FINISH);

/**
 * Decodes gzip: one member or several.
 *
 * A small body whose trailer says its size is nearly every one: it has the shared context.
 */
export function gunzip(body: Uint8Array, maxBytes: number): Uint8Array | Promise<Uint8Array> {
  const hintBytes = gzipSizeHint(body, maxBytes);
  const isSmall = body.length <= ONE_CALL_INPUT_BYTES && hintBytes <= ONE_CALL_OUTPUT_BYTES;
  const bytes = isSmall ? runInto(GUNZIP, body, hintBytes) : undefined;
  return bytes !== undefined && bytes.length <= maxBytes ? bytes : inflate(GZIP, body, maxBytes, hintBytes);
}

/** The size in a gzip trailer, as far as it can be believed. With several members it is that of the last. */
function gzipSizeHint(body: Uint8Array, maxBytes: number): number {
  const at = body.length - 4;
  if (at < 0) return LEAST_OUTPUT_BYTES;
  const size = new DataView(body.buffer, body.byteOffset + at, 4).getUint32(0, true);
  const believed = Math.max(LEAST_OUTPUT_BYTES, BELIEVED_RATIO * body.length);
  return size > 0 && size <= believed ? Math.min(size, maxBytes) : Math.min(LEAST_OUTPUT_BYTES, maxBytes);
}

/** Decodes the format of zlib, which HTTP calls deflate. */
export function unzlib(body: Uint8Array, maxBytes: number): Uint8Array | Promise<Uint8Array> {
  return inflate(ZLIB, body, maxBytes, Math.min(LEAST_OUTPUT_BYTES, maxBytes));
}

function inflate(
  format: InflateFormat,
  body: Uint8Array,
  maxBytes: number,
  hintBytes: number,
): Uint8Array | Promise<Uint8Array> {
  if (body.length <= ONE_CALL_INPUT_BYTES && hintBytes <= ONE_CALL_OUTPUT_BYTES) {
    const bytes = inflateInOneCall(format, body, Math.min(maxBytes, ONE_CALL_OUTPUT_BYTES), hintBytes);
    if (bytes !== undefined) return bytes;
    if (maxBytes <= ONE_CALL_OUTPUT_BYTES) throw tooLarge(maxBytes);
  }
  return inflateInSlices(format, body, maxBytes, hintBytes);
}

/** @returns undefined when more than `maxBytes` come out. */
function inflateInOneCall(
  format: InflateFormat,
  body: Uint8Array,
  maxBytes: number,
  hintBytes: number,
): Uint8Array | undefined {
  let inflated: Inflated;
  try {
    const chunkSize = Math.max(hintBytes, 64);
    inflated = format.sync(body, { chunkSize, maxOutputLength: Math.max(maxBytes, 1), info: true });
  } catch (cause) {
    if (isTooLarge(cause)) return undefined;
    throw broken(format.name, cause);
  }
  if (inflated.engine.bytesWritten !== body.length) throw trailing(format.name);
  return plain(inflated.buffer);
}

async function inflateInSlices(
  format: InflateFormat,
  body: Uint8Array,
  maxBytes: number,
  hintBytes: number,
): Promise<Uint8Array> {
  const stream = format.create({ chunkSize: 64 * 1024 });
  const bytes = await drive(
    stream,
    slices([body], DECOMPRESS_SLICE_BYTES),
    new Output(hintBytes, maxBytes),
    format.name,
  );
  if (stream.bytesWritten !== body.length) throw trailing(format.name);
  return bytes;
}
