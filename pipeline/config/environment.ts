/**
 * The process's own variables and files, for `loadConfig`. On Deno Deploy hand in one of your own.
 *
 * @module
 */

import { resolve } from "node:path";
import { concatBytes } from "../core/bytes.ts";
import type { ConfigEnvironment } from "./source.ts";
import { DEFAULT_TREE_LIMITS } from "./tree/node.ts";

export const processEnvironment: ConfigEnvironment = {
  env: (name) => Deno.env.get(name),
  readFile: (path) => reading(path, (given) => readTextFile(given, DEFAULT_TREE_LIMITS.maxSourceBytes)),
};

/** Makes an empty variable one that is not there: a Compose file or a chart has no other way to say so. */
export function forgetEmptyVariable(name: string): void {
  if (Deno.env.get(name) === "") Deno.env.delete(name);
}

/** A file that somebody named cannot be read: the message says which, where it was looked for, and why. */
export class UnreadableFileError extends Error {
  override readonly name = "UnreadableFileError";
}

/**
 * Reads a file that a command line names.
 *
 * @param named How it does: `--input spans.json`.
 * @throws {UnreadableFileError} It cannot be read.
 */
export async function readNamedFile<T>(named: string, path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await reading(path, read);
  } catch (thrown) {
    if (!(thrown instanceof UnreadableFileError)) throw thrown;
    throw new UnreadableFileError(`${named}: cannot be read: ${thrown.message}`, { cause: thrown });
  }
}

/** A relative path counts from where the process runs, which is not always where somebody called it. */
async function reading<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (cause) {
    throw new UnreadableFileError(whyUnreadable(resolve(path), cause), { cause });
  }
}

/** Why a file cannot be read, without reading it; undefined when it can. */
export function whyUnreadableFile(path: string): string | undefined {
  try {
    using file = Deno.openSync(path);
    return file.statSync().isDirectory ? `${resolve(path)} is a directory` : undefined;
  } catch (thrown) {
    return whyUnreadable(resolve(path), thrown);
  }
}

function whyUnreadable(path: string, thrown: unknown): string {
  if (thrown instanceof Deno.errors.NotFound) return `there is no file ${path}`;
  if (thrown instanceof Deno.errors.PermissionDenied) return `this user may not read ${path}`;
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/**
 * A file's text without a byte order mark. Reads at most one byte more than it may, so that a device or a pipe that
 * never ends does no harm.
 *
 * @throws {Error} It cannot be read, is larger than `maxBytes`, or is not UTF-8.
 */
export async function readTextFile(path: string, maxBytes: number): Promise<string> {
  using file = await Deno.open(path);
  const bytes = await readAtMost(file, maxBytes + 1);
  if (bytes.length > maxBytes) throw new RangeError(`larger than ${maxBytes} bytes`);
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

async function readAtMost(file: Deno.FsFile, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  while (total < maxBytes) {
    const chunk = new Uint8Array(Math.min(65_536, maxBytes - total));
    const count = await file.read(chunk);
    if (count === null) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return concatBytes(chunks, total);
}
