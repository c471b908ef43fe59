/**
 * Work that is done in one call: up to which size, and by a context that calls share.
 *
 * @module
 */

import type { ZlibContext } from "./zlib_context.ts";

/** A body of which at most this much goes in and comes out is decompressed in one call (about 1 ms). */
export const ONE_CALL_INPUT_BYTES = 128 * 1024;
export const ONE_CALL_OUTPUT_BYTES = 1024 * 1024;

/** A stream that is only made for its handle needs none; 64 is the least. Bytes. */
export const NO_BUFFER = { chunkSize: 64 };

/** What a full output leaves free, so that it is seen to be whole. */
const SPARE_BYTES = 64;

/** @returns undefined when it cannot be done so: see `ZlibContext`. */
export function runInto(context: ZlibContext, input: Uint8Array, wantedBytes: number): Uint8Array | undefined {
  const output = new Uint8Array(wantedBytes + SPARE_BYTES);
  const bytes = context.run(input, output);
  return bytes === undefined ? undefined : output.subarray(0, bytes);
}

/** The same, when it is not known how much will come out. */
export function runAndCopy(context: ZlibContext, input: Uint8Array): Uint8Array | undefined {
  const room = scratch();
  const bytes = context.run(input, room);
  return bytes === undefined ? undefined : room.slice(0, bytes);
}

let scratchRoom: Uint8Array | undefined;

/** Room for what one call makes, until the next call. */
export function scratch(): Uint8Array {
  return scratchRoom ??= new Uint8Array(ONE_CALL_OUTPUT_BYTES + SPARE_BYTES);
}

/** A `Buffer` as the plain array that it is: the scanners then see one kind of array only. */
export function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
