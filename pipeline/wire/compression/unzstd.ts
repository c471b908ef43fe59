/**
 * Decompresses zstd, frame by frame.
 *
 * Source: RFC 8878.
 *
 * @module
 */

import zlib from "node:zlib";
import { concatBytes } from "../../core/bytes.ts";
import { InvalidPayloadError } from "../../core/errors.ts";
import { broken, isTooLarge, tooLarge } from "./failures.ts";
import { NO_BUFFER, ONE_CALL_INPUT_BYTES, ONE_CALL_OUTPUT_BYTES, plain, runAndCopy, runInto } from "./one_call.ts";
import { BELIEVED_RATIO, DECOMPRESS_SLICE_BYTES, drive, Output, slices, type ZlibStream } from "./slices.ts";
import { ZlibContext } from "./zlib_context.ts";
import { readZstdFrames, type ZstdFrame } from "./zstd_frames.ts";

const ZSTD_DECODER = { [zlib.constants.ZSTD_d_windowLogMax]: 27 };
const UNZSTD = new ZlibContext(
  () => zlib.createZstdDecompress({ ...NO_BUFFER, params: ZSTD_DECODER }),
  zlib.constants.ZSTD_e_end,
);

/** Decodes whole frames: what they declare bounds what is made. */
export function unzstd(body: Uint8Array, maxBytes: number): Uint8Array | Promise<Uint8Array> {
  const frames = readZstdFrames(body, maxBytes);
  const bound = frames.reduce((sum, frame) => sum + frame.boundBytes, 0);
  return body.length <= ONE_CALL_INPUT_BYTES && bound <= ONE_CALL_OUTPUT_BYTES
    ? decodeFrames(body, frames, maxBytes)
    : decodeFramesInSlices(body, frames, maxBytes, Math.min(bound, BELIEVED_RATIO * body.length));
}

function decodeFrames(body: Uint8Array, frames: readonly ZstdFrame[], maxBytes: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const frame of frames) {
    const part = decodeFrame(body.subarray(frame.start, frame.end), frame, maxBytes - total);
    total += part.length;
    parts.push(part);
  }
  return concatBytes(parts, total);
}

function decodeFrame(data: Uint8Array, frame: ZstdFrame, maxBytes: number): Uint8Array {
  const roomBytes = Math.min(frame.boundBytes, ONE_CALL_OUTPUT_BYTES);
  const declared = frame.contentBytes === undefined ? undefined : roomBytes;
  let bytes = declared === undefined ? runAndCopy(UNZSTD, data) : runInto(UNZSTD, data, declared);
  if (bytes !== undefined && bytes.length <= maxBytes) {
    checkFrame(frame, bytes.length);
    return bytes;
  }
  try {
    const chunkSize = Math.max(roomBytes, 64);
    bytes = zlib.zstdDecompressSync(data, { chunkSize, maxOutputLength: Math.max(maxBytes, 1), params: ZSTD_DECODER });
  } catch (cause) {
    throw isTooLarge(cause) ? tooLarge(maxBytes) : broken("zstd", cause);
  }
  checkFrame(frame, bytes.length);
  return plain(bytes);
}

async function decodeFramesInSlices(
  body: Uint8Array,
  frames: readonly ZstdFrame[],
  maxBytes: number,
  hintBytes: number,
): Promise<Uint8Array> {
  const output = new Output(hintBytes, maxBytes);
  for (const frame of frames) {
    const before = output.length;
    const stream = zlib.createZstdDecompress({ chunkSize: 64 * 1024, params: ZSTD_DECODER }) as unknown as ZlibStream;
    await drive(stream, slices([body.subarray(frame.start, frame.end)], DECOMPRESS_SLICE_BYTES), output, "zstd");
    checkFrame(frame, output.length - before);
  }
  return output.bytes();
}

function checkFrame({ contentBytes, boundBytes }: ZstdFrame, bytes: number): void {
  if (contentBytes === undefined ? bytes <= boundBytes : bytes === contentBytes) return;
  throw new InvalidPayloadError(
    `Cannot decompress the body: a zstd frame has ${bytes} bytes, it declares another size`,
  );
}
