/**
 * Compresses, at levels that make what the collector's defaults make.
 *
 * @module
 */

import zlib from "node:zlib";
import { NO_BUFFER, plain, scratch } from "./one_call.ts";
import type { ZlibStream } from "./slices.ts";
import { ZlibContext } from "./zlib_context.ts";
import { withContentSize } from "./zstd_frames.ts";

/** Content codings that change a body; `zlib` is the collector's other name for `deflate`. */
export type Coding = "gzip" | "zstd" | "zlib" | "deflate";

/** What is compressed in one call at the most: about 2 ms of gzip, 1 of zstd. */
export const ONE_CALL_COMPRESS_BYTES = 256 * 1024;

/**
 * gzip's default, chosen for the size that the collector's makes (its own default level): on requests of 100 and 1,000
 * spans 6,690 and 61,026 bytes here, 6,655 and 59,750 there. Level 1 is four times cheaper and 25 % larger.
 */
const DEFAULT_GZIP_LEVEL = 5;
/**
 * zstd's default: the size that Go's encoder makes by default (7,134 bytes for 100 spans; 7,120 to 7,220 there), for 10
 * to 30 % less CPU than level 3.
 */
const DEFAULT_ZSTD_LEVEL = 2;

/** @param level The coding's own scale; 0 or -1 is the default of this module. */
export function compressInOneCall(encoding: Coding, bytes: Uint8Array, level: number): Uint8Array {
  switch (encoding) {
    case "gzip":
      return plain(zlib.gzipSync(bytes, { level: gzipLevel(level) }));
    case "zstd":
      return compressZstd(bytes, level) ?? plain(zlib.zstdCompressSync(bytes, zstdOptions(level, bytes.length)));
    case "zlib":
    case "deflate":
      return plain(zlib.deflateSync(bytes, { level: gzipLevel(level) }));
  }
}

/**
 * For what is too large for one call.
 *
 * @param bytes All that will be written.
 */
export function createCompressor(encoding: Coding, level: number, bytes: number): ZlibStream {
  const chunkSize = 64 * 1024;
  switch (encoding) {
    case "gzip":
      return zlib.createGzip({ level: gzipLevel(level), chunkSize }) as unknown as ZlibStream;
    case "zstd":
      return zlib.createZstdCompress({ ...zstdOptions(level, bytes), chunkSize }) as unknown as ZlibStream;
    case "zlib":
    case "deflate":
      return zlib.createDeflate({ level: gzipLevel(level), chunkSize }) as unknown as ZlibStream;
  }
}

const gzipLevel = (level: number) => level > 0 ? Math.min(level, 9) : DEFAULT_GZIP_LEVEL;

const zstdLevel = (level: number) => level > 0 ? Math.min(level, 22) : DEFAULT_ZSTD_LEVEL;

/** The size is written into the frame, so that a receiver can refuse it before decoding. */
const zstdOptions = (level: number, pledgedSrcSize: number) => ({
  pledgedSrcSize,
  params: { [zlib.constants.ZSTD_c_compressionLevel]: zstdLevel(level) },
});

/** A context of a higher level would keep more than 4 MB. */
const MAX_SHARED_ZSTD_LEVEL = 6;
/** As large as the largest input of one call, 256 KiB. */
const SHARED_ZSTD_WINDOW_LOG = 18;
const ZSTD: readonly ZlibContext[] = Array.from({ length: MAX_SHARED_ZSTD_LEVEL + 1 }, (_, level) => {
  const { ZSTD_c_compressionLevel, ZSTD_c_windowLog, ZSTD_e_end } = zlib.constants;
  const params = { [ZSTD_c_compressionLevel]: level, [ZSTD_c_windowLog]: SHARED_ZSTD_WINDOW_LOG };
  return new ZlibContext(() => zlib.createZstdCompress({ ...NO_BUFFER, params }), ZSTD_e_end);
});

/** A context that is shared is told no size, so the frame is. @returns undefined when the public way is to be gone. */
function compressZstd(bytes: Uint8Array, level: number): Uint8Array | undefined {
  const context = ZSTD[zstdLevel(level)];
  if (context === undefined) return undefined;
  const room = scratch();
  const written = context.run(bytes, room);
  return written === undefined ? undefined : withContentSize(room.subarray(0, written), bytes.length);
}
