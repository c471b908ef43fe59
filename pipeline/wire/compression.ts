/**
 * Compression of bodies, in both directions, with a bound on what comes out and on how long one call holds the thread.
 *
 * A small body is done in one call of `node:zlib`; a large one goes through its stream in slices, and the event loop
 * gets a turn after each, because the zlib of this runtime has no thread of its own. (A native zstd module that has one
 * costs 20 to 60 % more CPU for the same bytes, and `DecompressionStream` twice as much, without a bound.)
 * Sources: RFC 1952 (gzip members), RFC 1950 (`deflate` in HTTP is the zlib format, RFC 9110 8.4.1.2), RFC 8878 (zstd).
 *
 * @module
 */

import { setImmediate } from "node:timers";
import zlib from "node:zlib";
import { concatBytes, sumOfLengths } from "../core/bytes.ts";
import { GatewayError, InvalidPayloadError, LimitExceededError } from "../core/errors.ts";
import { ZlibContext } from "./zlib_context.ts";
import { readZstdFrames, withContentSize, type ZstdFrame } from "./zstd_frames.ts";

/** Content codings, by the names of the collector's config; "" is identity. */
export type ContentEncoding = "" | "gzip" | "zstd" | "zlib" | "deflate";

/** A body of which at most this much goes in and comes out is decompressed in one call (about 1 ms). */
const ONE_CALL_INPUT_BYTES = 128 * 1024;
const ONE_CALL_OUTPUT_BYTES = 1024 * 1024;
/** What is compressed in one call at the most: about 2 ms of gzip, 1 of zstd. */
const ONE_CALL_COMPRESS_BYTES = 256 * 1024;
/** Input between two turns of the event loop. A bomb of 1:1000 makes 16 MiB of one slice. */
const DECOMPRESS_SLICE_BYTES = 16 * 1024;
const COMPRESS_SLICE_BYTES = 128 * 1024;
/** Room that is made before the size is known. */
const LEAST_OUTPUT_BYTES = 16 * 1024;
/** A size that a gzip trailer claims is believed up to this ratio: telemetry compresses 5 to 20 times. */
const BELIEVED_RATIO = 32;

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

/** A stream that is only made for its handle needs none; 64 is the least. Bytes. */
const NO_BUFFER = { chunkSize: 64 };

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
  if (encoding === "zstd") return decompressZstd(body, maxBytes);
  return encoding === "gzip"
    ? gunzip(body, maxBytes)
    : inflate(ZLIB, body, maxBytes, Math.min(LEAST_OUTPUT_BYTES, maxBytes));
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
  const deflater = createDeflater(encoding, level, bytes);
  return drive(deflater, slices(chunks, COMPRESS_SLICE_BYTES), new Output(bytes >>> 3, Infinity));
}

// --- gzip and zlib -----------------------------------------------------------------------------------------------

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

/** A small body whose trailer says its size is nearly every one: it has the shared context. */
function gunzip(body: Uint8Array, maxBytes: number): Uint8Array | Promise<Uint8Array> {
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

// --- zstd --------------------------------------------------------------------------------------------------------

const ZSTD_DECODER = { [zlib.constants.ZSTD_d_windowLogMax]: 27 };
const UNZSTD = new ZlibContext(
  () => zlib.createZstdDecompress({ ...NO_BUFFER, params: ZSTD_DECODER }),
  zlib.constants.ZSTD_e_end,
);

function decompressZstd(body: Uint8Array, maxBytes: number): Uint8Array | Promise<Uint8Array> {
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

// --- compressing -------------------------------------------------------------------------------------------------

function compressInOneCall(encoding: Exclude<ContentEncoding, "">, bytes: Uint8Array, level: number): Uint8Array {
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

function createDeflater(encoding: Exclude<ContentEncoding, "">, level: number, bytes: number): ZlibStream {
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

// --- driving a stream --------------------------------------------------------------------------------------------

/** What is used of a `node:zlib` stream. */
interface ZlibStream {
  readonly bytesWritten: number;
  write(slice: Uint8Array, done: (error?: Error | null) => void): void;
  end(): void;
  destroy(): void;
  on(event: "data", listener: (chunk: Uint8Array) => void): void;
  on(event: "end", listener: () => void): void;
  on(event: "error", listener: (error: Error) => void): void;
}

/**
 * Pushes slices through a stream, with a turn of the event loop after each.
 *
 * @param format For the message when the data is broken.
 */
function drive(stream: ZlibStream, input: Iterator<Uint8Array>, output: Output, format = ""): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      stream.destroy();
      reject(error instanceof GatewayError ? error : broken(format, error));
    };
    stream.on("error", fail);
    stream.on("data", (chunk) => {
      if (!output.push(chunk)) fail(tooLarge(output.maxBytes));
    });
    stream.on("end", () => resolve(output.bytes()));
    const next = () => {
      const { value, done } = input.next();
      if (done === true) stream.end();
      else if (!output.isFull) stream.write(value, (error) => error ? fail(error) : setImmediate(next));
    };
    next();
  });
}

function* slices(chunks: readonly Uint8Array[], sliceBytes: number): Generator<Uint8Array> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += sliceBytes) yield chunk.subarray(at, at + sliceBytes);
  }
}

/** Bytes that grow up to a bound. */
class Output {
  length = 0;
  isFull = false;
  readonly maxBytes: number;
  #buffer: Uint8Array;

  constructor(hintBytes: number, maxBytes: number) {
    this.maxBytes = maxBytes;
    this.#buffer = new Uint8Array(Math.max(1, Math.min(hintBytes, maxBytes)));
  }

  /** @returns false when it would pass the bound; nothing more is taken then. */
  push(chunk: Uint8Array): boolean {
    const length = this.length + chunk.length;
    if (this.isFull || length > this.maxBytes) {
      this.isFull = true;
      return false;
    }
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(chunk, this.length);
    this.length = length;
    return true;
  }

  /** What came so far; a tight copy when more than half of the room is unused. */
  bytes(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.length);
    return this.length * 2 < this.#buffer.length ? bytes.slice() : bytes;
  }

  #grow(length: number): void {
    const grown = new Uint8Array(Math.min(Math.max(length, this.#buffer.length * 2), Math.max(length, this.maxBytes)));
    grown.set(this.#buffer.subarray(0, this.length));
    this.#buffer = grown;
  }
}

// --- sharing a context -------------------------------------------------------------------------------------------

/** What a full output leaves free, so that it is seen to be whole. */
const SPARE_BYTES = 64;

/** @returns undefined when it cannot be done so: see `ZlibContext`. */
function runInto(context: ZlibContext, input: Uint8Array, wantedBytes: number): Uint8Array | undefined {
  const output = new Uint8Array(wantedBytes + SPARE_BYTES);
  const bytes = context.run(input, output);
  return bytes === undefined ? undefined : output.subarray(0, bytes);
}

/** The same, when it is not known how much will come out. */
function runAndCopy(context: ZlibContext, input: Uint8Array): Uint8Array | undefined {
  const room = scratch();
  const bytes = context.run(input, room);
  return bytes === undefined ? undefined : room.slice(0, bytes);
}

let scratchRoom: Uint8Array | undefined;

/** Room for what one call makes, until the next call. */
function scratch(): Uint8Array {
  return scratchRoom ??= new Uint8Array(ONE_CALL_OUTPUT_BYTES + SPARE_BYTES);
}

// --- small things ------------------------------------------------------------------------------------------------

/** A `Buffer` as the plain array that it is: the scanners then see one kind of array only. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function isTooLarge(thrown: unknown): boolean {
  return thrown instanceof RangeError && (thrown as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
}

function broken(format: string, cause: unknown): InvalidPayloadError {
  return new InvalidPayloadError(`Cannot decompress the body: it is not whole and valid ${format}`, { cause });
}

function trailing(format: string): InvalidPayloadError {
  return new InvalidPayloadError(`Cannot decompress the body: there is something after the ${format} data`);
}

function tooLarge(maxBytes: number): LimitExceededError {
  return new LimitExceededError(`Cannot decompress the body: more than ${maxBytes} bytes, the limit`);
}
