/**
 * The process's own variables and files, for `loadConfig`. On Deno Deploy hand in one of your own.
 *
 * @module
 */

import { concatBytes } from "../core/bytes.ts";
import type { ConfigEnvironment } from "./source.ts";
import { DEFAULT_TREE_LIMITS } from "./tree/node.ts";

export const processEnvironment: ConfigEnvironment = {
  env: (name) => Deno.env.get(name),
  readFile: (path) => readTextFile(path, DEFAULT_TREE_LIMITS.maxSourceBytes),
};

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
