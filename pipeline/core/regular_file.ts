/**
 * Reads the files that a configuration, a directory or a request names: whole, bounded, and only what is a regular file.
 *
 * A pipe or a device is refused before it is opened: opening a pipe that nobody writes to waits for ever, and whoever
 * waits with it. The bound is looked at before the reading, and kept while it goes on: a file may grow meanwhile.
 *
 * @module
 */

import { concatBytes } from "./bytes.ts";

/** It is a pipe, a socket, a device or a directory. */
export class IrregularFileError extends Error {
  override readonly name = "IrregularFileError";

  /** "a pipe". */
  readonly kind: string;

  constructor(info: Deno.FileInfo) {
    const kind = kindOf(info);
    super(`it is ${kind}, wanted a regular file`);
    this.kind = kind;
  }
}

/** It has more bytes than it may. */
export class FileTooLargeError extends RangeError {
  override readonly name = "FileTooLargeError";

  constructor(maxBytes: number) {
    super(`larger than ${maxBytes} bytes`);
  }
}

function kindOf({ isDirectory, isFifo, isSocket }: Deno.FileInfo): string {
  if (isDirectory) return "a directory";
  if (isFifo === true) return "a pipe";
  return isSocket === true ? "a socket" : "a device";
}

/**
 * The bytes of a file, links followed.
 *
 * @throws {IrregularFileError} It is none.
 * @throws {FileTooLargeError} It has more than `maxBytes`.
 * @throws {Error} It cannot be read: as the platform says.
 */
export async function readRegularFile(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  using file = await openRegularFile(path, maxBytes);
  return await readAtMost(file, maxBytes);
}

/**
 * The text of a file, without a byte order mark.
 *
 * @throws {TypeError} It is not UTF-8. @throws {Error} As `readRegularFile`.
 */
export async function readRegularText(path: string, maxBytes: number): Promise<string> {
  return utf8Of(await readRegularFile(path, maxBytes));
}

/**
 * As `readRegularText`, for a file that a component's key names: the message says which, as those of the platform do.
 *
 * @throws {Error} It cannot be read, is no regular file, has too many bytes, or is not UTF-8.
 */
export async function readConfiguredText(path: string, maxBytes: number): Promise<string> {
  try {
    return await readRegularText(path, maxBytes);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) {
      throw new Error(`Cannot read ${JSON.stringify(path)}: the process may not read it (--allow-read)`, { cause });
    }
    if (!isOwnRefusal(cause)) throw cause;
    throw new Error(`Cannot read ${JSON.stringify(path)}: ${cause.message}`, { cause });
  }
}

function isOwnRefusal(thrown: unknown): thrown is Error {
  return [IrregularFileError, FileTooLargeError, TypeError].some((refusal) => thrown instanceof refusal);
}

/** As `readRegularText`, at once: for small files that are looked at where nobody can wait. */
export function readRegularTextSync(path: string, maxBytes: number): string {
  checkRegularFile(path, maxBytes);
  const bytes = Deno.readFileSync(path);
  if (bytes.length > maxBytes) throw new FileTooLargeError(maxBytes);
  return utf8Of(bytes);
}

/** For who reads it piece by piece. To be closed. @throws {Error} As `readRegularFile`. */
export async function openRegularFile(path: string, maxBytes: number): Promise<Deno.FsFile> {
  checkRegular(await Deno.stat(path), maxBytes);
  return await Deno.open(path);
}

/** Without opening it. @throws {Error} As `readRegularFile`. */
export function checkRegularFile(path: string, maxBytes: number): void {
  checkRegular(Deno.statSync(path), maxBytes);
}

function checkRegular(info: Deno.FileInfo, maxBytes: number): void {
  if (!info.isFile) throw new IrregularFileError(info);
  if (info.size > maxBytes) throw new FileTooLargeError(maxBytes);
}

/** What a file gives until its end. @throws {FileTooLargeError} That is more than `maxBytes`. */
export async function readAtMost(file: Deno.FsFile, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  while (total <= maxBytes) {
    const chunk = new Uint8Array(Math.min(65_536, maxBytes + 1 - total));
    const count = await file.read(chunk);
    if (count === null) return concatBytes(chunks, total) as Uint8Array<ArrayBuffer>;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  throw new FileTooLargeError(maxBytes);
}

export function utf8Of(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
