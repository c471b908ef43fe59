/**
 * Compression of bodies, in both directions, with a bound on what comes out and on how long one call holds the thread.
 *
 * A small body is done in one call of `node:zlib`; a large one goes through its stream in slices, and the event loop
 * gets a turn after each, because the zlib of this runtime has no thread of its own. (A native zstd module that has one
 * costs 20 to 60 % more CPU for the same bytes, and `DecompressionStream` twice as much, without a bound.)
 *
 * @module
 */

import { concatBytes, sumOfLengths } from "../core/bytes.ts";
import {
  type Coding,
  compressInOneCall,
  createCompressor,
  ONE_CALL_COMPRESS_BYTES,
} from "./compression/compressors.ts";
import { tooLarge } from "./compression/failures.ts";
import { gunzip, unzlib } from "./compression/inflate.ts";
import { drive, Output, slices } from "./compression/slices.ts";
import { unzstd } from "./compression/unzstd.ts";

/** Content codings, by the names of the collector's config; "" is identity. */
export type ContentEncoding = "" | Coding;

/** Input between two turns of the event loop. */
const COMPRESS_SLICE_BYTES = 128 * 1024;

/**
 * Decodes a whole body.
 *
 * @param maxBytes The most that may come out, bytes. Memory stays within it and a slice, however large the bomb.
 * @returns `body` itself for identity; else plain bytes that nobody else holds.
 * @throws {InvalidPayloadError} Not of that coding, cut short, or with something behind it. Thrown or rejected with.
 * @throws {LimitExceededError} More than `maxBytes`.
 */
export function decompress(
  encoding: ContentEncoding,
  body: Uint8Array,
  maxBytes: number,
): Uint8Array | Promise<Uint8Array> {
  if (encoding === "") {
    if (body.length > maxBytes) throw tooLarge(maxBytes);
    return body;
  }
  if (encoding === "zstd") return unzstd(body, maxBytes);
  return encoding === "gzip" ? gunzip(body, maxBytes) : unzlib(body, maxBytes);
}

/**
 * Encodes chunks as one body.
 *
 * @param chunks In their order; not changed.
 * @param level The coding's own scale; 0 or -1 is the default of this module.
 */
export function compress(
  encoding: ContentEncoding,
  chunks: readonly Uint8Array[],
  level = 0,
): Uint8Array | Promise<Uint8Array> {
  const bytes = sumOfLengths(chunks);
  if (encoding === "") return concatBytes(chunks, bytes);
  if (bytes <= ONE_CALL_COMPRESS_BYTES) return compressInOneCall(encoding, concatBytes(chunks, bytes), level);
  const compressor = createCompressor(encoding, level, bytes);
  return drive(compressor, slices(chunks, COMPRESS_SLICE_BYTES), new Output(bytes >>> 3, Infinity));
}
