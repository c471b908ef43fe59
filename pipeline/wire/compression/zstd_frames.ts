/**
 * Walks the frames and blocks of zstd data without decoding them, because `node:zlib` does not say when data is cut
 * short (it returns what there is) and drops every frame but the first.
 *
 * Sources: RFC 8878 section 3.1 (frames, blocks, skippable frames); RFC 9659 (as a Content-Encoding a window is at
 * most 8 MiB).
 *
 * @module
 */

import { InvalidPayloadError, LimitExceededError } from "../../core/errors.ts";

/** One frame that has content. */
export interface ZstdFrame {
  /** Where it starts and ends in the data, bytes. */
  readonly start: number;
  readonly end: number;
  /** What it declares to decode to, bytes; undefined when it does not. */
  readonly contentBytes: number | undefined;
  /** The most that its blocks can decode to, bytes. */
  readonly boundBytes: number;
}

const FRAME_MAGIC = 0xfd2fb528;
/** A frame header descriptor: the size has 4 bytes, and there is no window. */
const SINGLE_SEGMENT_SIZE_OF_4 = 0xa0;
/** 0x184D2A50 to 0x184D2A5F. */
const SKIPPABLE_MAGIC = 0x184d2a5;
const MAX_BLOCK_BYTES = 128 * 1024;
/** RFC 9659: larger windows are not for HTTP. */
const MAX_WINDOW_BYTES = 8 * 1024 * 1024;
/** Frames of one body; a sender makes one, or one a flush. */
const MAX_FRAMES = 1_024;

/**
 * The frames of `data`, skippable ones left out.
 *
 * @param maxBytes What all frames together may decode to, bytes.
 * @throws {InvalidPayloadError} Not zstd, cut short, with a dictionary, or with something after the last frame.
 * @throws {LimitExceededError} Declares more than `maxBytes`, a window above 8 MiB, or more than 1,024 frames.
 */
export function readZstdFrames(data: Uint8Array, maxBytes: number): ZstdFrame[] {
  if (data.length === 0) throw broken("is empty", 0);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const frames: ZstdFrame[] = [];
  let declared = 0;
  for (let at = 0; at < data.length;) {
    const magic = readUint32(view, at);
    if (magic >>> 4 === SKIPPABLE_MAGIC) {
      at += 8 + readUint32(view, at + 4);
      if (at > data.length) throw cutShort(data);
      continue;
    }
    if (magic !== FRAME_MAGIC) throw broken("is not a zstd frame", at);
    const frame = readFrame(view, at, maxBytes);
    declared += frame.contentBytes ?? 0;
    if (declared > maxBytes) throw tooLarge(maxBytes);
    if (frames.push(frame) > MAX_FRAMES) {
      throw new LimitExceededError(`Cannot decompress the body: more than ${MAX_FRAMES} zstd frames`);
    }
    at = frame.end;
  }
  return frames;
}

/**
 * A frame that declares its size, made of one that does not: its window is then its content, as where an encoder knows
 * the size beforehand. A frame with a checksum or a dictionary is left as it is.
 *
 * @param frame One whole frame, made with a window that holds all of its content.
 * @param contentBytes What it decodes to, less than 4 GiB.
 * @returns A copy.
 */
export function withContentSize(frame: Uint8Array, contentBytes: number): Uint8Array {
  if (frame[4] !== 0) return frame.slice();
  const blocks = frame.subarray(6); // behind the descriptor and the window
  const sized = new Uint8Array(9 + blocks.length);
  sized.set(frame.subarray(0, 4));
  sized[4] = SINGLE_SEGMENT_SIZE_OF_4;
  new DataView(sized.buffer).setUint32(5, contentBytes, true);
  sized.set(blocks, 9);
  return sized;
}

function readFrame(view: DataView, start: number, maxBytes: number): ZstdFrame {
  const header = readHeader(view, start + 4);
  if (header.contentBytes !== undefined && header.contentBytes > maxBytes) throw tooLarge(maxBytes);
  if (header.windowBytes > MAX_WINDOW_BYTES) {
    throw new LimitExceededError(
      `Cannot decompress the body: a zstd window of ${header.windowBytes} bytes, wanted ${MAX_WINDOW_BYTES} at most`,
    );
  }
  const blocks = skipBlocks(view, header.end);
  const end = blocks.end + (header.hasChecksum ? 4 : 0);
  if (end > view.byteLength) throw cutShort(view);
  return { start, end, contentBytes: header.contentBytes, boundBytes: header.contentBytes ?? blocks.boundBytes };
}

interface FrameHeader {
  readonly end: number;
  readonly hasChecksum: boolean;
  readonly contentBytes: number | undefined;
  /** 0 for a single-segment frame: its window is its content. */
  readonly windowBytes: number;
}

function readHeader(view: DataView, start: number): FrameHeader {
  const descriptor = readByte(view, start);
  const singleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x08) !== 0) throw broken("has the reserved bit of a zstd frame set", start);
  if ((descriptor & 0x03) !== 0) throw broken("needs a zstd dictionary", start);
  let at = start + 1;
  let windowBytes = 0;
  if (!singleSegment) {
    const window = readByte(view, at++);
    const base = 1024 * Math.pow(2, window >>> 3);
    windowBytes = base + (base / 8) * (window & 7);
  }
  const sizeFlag = descriptor >>> 6;
  const hasChecksum = (descriptor & 0x04) !== 0;
  switch (sizeFlag) {
    case 0:
      return singleSegment
        ? { end: at + 1, hasChecksum, contentBytes: readByte(view, at), windowBytes }
        : { end: at, hasChecksum, contentBytes: undefined, windowBytes };
    case 1:
      return {
        end: at + 2,
        hasChecksum,
        contentBytes: 256 + readByte(view, at) + 256 * readByte(view, at + 1),
        windowBytes,
      };
    case 2:
      return { end: at + 4, hasChecksum, contentBytes: readUint32(view, at), windowBytes };
    default:
      return {
        end: at + 8,
        hasChecksum,
        contentBytes: readUint32(view, at) + 0x1_0000_0000 * readUint32(view, at + 4),
        windowBytes,
      };
  }
}

/** Goes over the blocks of a frame up to and with its last. */
function skipBlocks(view: DataView, start: number): { end: number; boundBytes: number } {
  let boundBytes = 0;
  for (let at = start;;) {
    const header = readByte(view, at) | (readByte(view, at + 1) << 8) | (readByte(view, at + 2) << 16);
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (type === 3 || size > MAX_BLOCK_BYTES) throw broken("has a zstd block that cannot be", at);
    const isRunLength = type === 1;
    const isCompressed = type === 2;
    at += 3 + (isRunLength ? 1 : size);
    boundBytes += isCompressed ? MAX_BLOCK_BYTES : size;
    if (at > view.byteLength) throw cutShort(view);
    if ((header & 1) === 1) return { end: at, boundBytes };
  }
}

function readByte(view: DataView, at: number): number {
  if (at >= view.byteLength) throw cutShort(view);
  return view.getUint8(at);
}

function readUint32(view: DataView, at: number): number {
  if (at + 4 > view.byteLength) throw cutShort(view);
  return view.getUint32(at, true);
}

function broken(what: string, at: number): InvalidPayloadError {
  return new InvalidPayloadError(`Cannot decompress the body: it ${what} at byte ${at}`);
}

function cutShort({ byteLength }: { readonly byteLength: number }): InvalidPayloadError {
  return new InvalidPayloadError(`Cannot decompress the body: its zstd data is cut short at byte ${byteLength}`);
}

function tooLarge(maxBytes: number): LimitExceededError {
  return new LimitExceededError(`Cannot decompress the body: more than ${maxBytes} bytes, the limit`);
}
