/**
 * The files of `tenants_dir`: which there are, whether they have changed, and what is in them. Deno Deploy has none.
 *
 * @module
 */

import { readTextFile } from "../../pipeline/config/environment.ts";
import { lookAtFile } from "../config/file_watch.ts";

/** One YAML file, bytes. */
export const MAX_TENANT_FILE_BYTES = 1024 * 1024;
/** One file of lines, bytes. */
export const MAX_LINES_FILE_BYTES = 256 * 1024 * 1024;
/** Files of one directory. */
export const MAX_TENANT_FILES = 100_000;

/** What is read of a file of lines at a time, bytes. */
const PIECE_BYTES = 1024 * 1024;

export interface TenantFiles {
  /** Names of the files that hold tenants, sorted. @throws {Error} It cannot be read, or has too many. */
  list(directory: string): Promise<readonly string[]>;
  /** Other than before when the file is another; undefined when it is not there. */
  mark(path: string): Promise<string | undefined>;
  /** @throws {Error} It cannot be read, is too large, or is not UTF-8. */
  readText(path: string): Promise<string>;
  /** Its bytes, piece by piece; a piece is not written to afterwards. @throws {Error} As `readText`. */
  readPieces(path: string): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Whether a file holds a tenant on each line, or is one. */
export function isLinesFile(name: string): boolean {
  return name.endsWith(".jsonl");
}

export const diskTenantFiles: TenantFiles = {
  async list(directory) {
    const names: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      if (isDirectory || name.startsWith(".") || !/\.(?:ya?ml|jsonl)$/.test(name)) continue;
      names.push(name);
      if (names.length > MAX_TENANT_FILES) {
        throw new RangeError(`has more than ${MAX_TENANT_FILES} files, wanted them as lines of *.jsonl`);
      }
    }
    return names.sort();
  },
  mark: async (path) => (await lookAtFile(path))?.mark,
  readText: (path) => readTextFile(path, MAX_TENANT_FILE_BYTES),
  async *readPieces(path) {
    using file = await Deno.open(path);
    for (let total = 0;;) {
      const piece = new Uint8Array(PIECE_BYTES);
      const count = await file.read(piece);
      if (count === null) return;
      total += count;
      if (total > MAX_LINES_FILE_BYTES) throw new RangeError(`larger than ${MAX_LINES_FILE_BYTES} bytes`);
      yield piece.subarray(0, count);
    }
  },
};
