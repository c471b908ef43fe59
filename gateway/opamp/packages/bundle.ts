/**
 * Bundles: tar archives of plain files, compressed with gzip or not, unpacked into a directory.
 *
 * Read strictly, because they come from afar: files and directories alone (no links, no devices), names that stay below
 * the directory, bounds on how many and how much. What is none of that refuses the bundle, before anything is written.
 * Source: POSIX.1-2017, pax, "ustar Interchange Format".
 *
 * @module
 */

import { dirname } from "node:path";
import { gunzipSync } from "node:zlib";

/** Of one bundle: files, and their bytes together. */
export const MAX_BUNDLE_FILES = 1_000;
const MAX_BUNDLE_BYTES = 256 * 1024 * 1024;

export interface BundleFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly content: Uint8Array;
}

const BLOCK = 512;

/**
 * @param maxBytes Unpacked.
 * @returns The files; a text when it is refused: why.
 */
export function readBundle(content: Uint8Array, maxBytes = MAX_BUNDLE_BYTES): readonly BundleFile[] | string {
  const archive = inflate(content, maxBytes);
  if (typeof archive === "string") return archive;
  const files: BundleFile[] = [];
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const entry = readHeader(header);
    if (typeof entry === "string") return entry;
    const { path, size, isFile } = entry;
    const end = at + BLOCK + size;
    if (end > archive.length) return `the file ${JSON.stringify(path)} is cut short`;
    if (isFile) files.push({ path, content: archive.subarray(at + BLOCK, end) });
    if (files.length > MAX_BUNDLE_FILES) return `it has more than ${MAX_BUNDLE_FILES} files`;
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files.length === 0 ? "it is no tar archive with files" : files;
}

/** Writes the files below `directory`, which is made; all of it is on disk when this settles. */
export async function unpackBundle(files: readonly BundleFile[], directory: string): Promise<void> {
  for (const { path, content } of files) {
    const target = `${directory}/${path}`;
    await Deno.mkdir(dirname(target), { recursive: true, mode: 0o700 });
    using file = await Deno.open(target, { write: true, createNew: true, mode: 0o600 });
    for (let at = 0; at < content.length;) at += await file.write(content.subarray(at));
    await file.sync();
  }
}

const GZIP = [0x1f, 0x8b];

function inflate(content: Uint8Array, maxBytes: number): Uint8Array | string {
  const tooLarge = `it is larger than ${maxBytes} bytes`;
  if (!GZIP.every((byte, at) => content[at] === byte)) return content.length > maxBytes ? tooLarge : content;
  try {
    return gunzipSync(content, { maxOutputLength: maxBytes });
  } catch (thrown) {
    return thrown instanceof RangeError ? tooLarge : "its gzip cannot be read";
  }
}

interface Header {
  readonly path: string;
  readonly size: number;
  readonly isFile: boolean;
}

const FILE_TYPES = ["0", "\0"];
const DIRECTORY_TYPE = "5";

/** @returns A text when the bundle is refused: why. */
function readHeader(header: Uint8Array): Header | string {
  if (!isSound(header)) return "it is no tar archive: a header has a wrong checksum";
  const [prefix, name] = [textAt(header, 345, 155), textAt(header, 0, 100)];
  const path = (prefix === "" ? name : `${prefix}/${name}`).replace(/^(?:\.\/)+/, "").replace(/\/$/, "");
  const type = String.fromCharCode(header[156] ?? 0);
  const size = Number.parseInt(textAt(header, 124, 12).trim() || "0", 8);
  if (type === DIRECTORY_TYPE) return { path, size: 0, isFile: false };
  const shown = JSON.stringify(path);
  if (!FILE_TYPES.includes(type)) return `${shown} is no plain file (type ${JSON.stringify(type)})`;
  if (!Number.isSafeInteger(size) || size < 0) return `${shown} has no size`;
  return isBelow(path) ? { path, size, isFile: true } : `${shown} is no path below a directory`;
}

function isBelow(path: string): boolean {
  return !path.includes("\\") && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** The sum of all bytes, with blanks in the place of the sum itself. */
function isSound(header: Uint8Array): boolean {
  const written = Number.parseInt(textAt(header, 148, 8).trim(), 8);
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return sum === written;
}

function textAt(header: Uint8Array, from: number, length: number): string {
  const bytes = header.subarray(from, from + length);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
