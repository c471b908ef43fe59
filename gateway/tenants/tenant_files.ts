/**
 * The files of `tenants_dir`: which there are, whether they have changed, and what is in them. Deno Deploy has none.
 *
 * @module
 */

import { readTextFile } from "../../pipeline/config/environment.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { nextTurn } from "../../pipeline/core/slices.ts";
import { markOf } from "../config/file_watch.ts";

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

/** Files that are read one behind the other before others have their turn. */
const FILES_A_TURN = 512;
/** The usual file of one tenant is smaller, bytes. */
const SMALL_BYTES = 65_536;

/** A list is that of the directory's own mark only when the last change is so long ago: marks are as coarse as clocks. */
const AT_REST_MS = 2_000;

/**
 * Looks and reads without a promise of the platform each: of a hundred thousand small files those would cost ten times as
 * much as the reading. Every `FILES_A_TURN` files the thread sees to its other work.
 */
class DiskReader {
  readonly #small = new Uint8Array(SMALL_BYTES);
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  /** What was looked at last, when it is a small file: anything else may block whoever reads it. */
  #smallPath = "";
  #looks = 0;
  #listed: { readonly directory: string; readonly mark: string; readonly names: readonly string[] } | undefined;

  /** Read again only when the directory itself has changed. */
  list(directory: string): readonly string[] {
    const info = Deno.statSync(directory);
    const mark = markOf(info);
    if (this.#listed?.directory === directory && this.#listed.mark === mark) return this.#listed.names;
    const names: string[] = [];
    for (const { name, isDirectory } of Deno.readDirSync(directory)) {
      if (isDirectory || name.startsWith(".") || !/\.(?:ya?ml|jsonl)$/.test(name)) continue;
      names.push(name);
      if (names.length > MAX_TENANT_FILES) {
        throw new RangeError(`has more than ${MAX_TENANT_FILES} files, wanted them as lines of *.jsonl`);
      }
    }
    names.sort();
    const isAtRest = systemClock.nowMs() - (info.mtime?.getTime() ?? Infinity) > AT_REST_MS;
    this.#listed = isAtRest ? { directory, mark, names } : undefined;
    return names;
  }

  async mark(path: string): Promise<string | undefined> {
    if (++this.#looks % FILES_A_TURN === 0) await nextTurn();
    try {
      const { isFile, size, ...info } = Deno.statSync(path);
      this.#smallPath = isFile && size < SMALL_BYTES ? path : "";
      return markOf({ size, ...info });
    } catch {
      return undefined;
    }
  }

  async readText(path: string): Promise<string> {
    const isSmall = path === this.#smallPath;
    this.#smallPath = "";
    return (isSmall ? this.#readSmall(path) : undefined) ?? await readTextFile(path, MAX_TENANT_FILE_BYTES);
  }

  /** @returns undefined when it has grown. */
  #readSmall(path: string): string | undefined {
    using file = Deno.openSync(path);
    let length = 0;
    while (length < SMALL_BYTES) {
      const count = file.readSync(this.#small.subarray(length));
      if (count === null) break;
      length += count;
    }
    return length < SMALL_BYTES ? this.#decoder.decode(this.#small.subarray(0, length)) : undefined;
  }
}

const disk = new DiskReader();

export const diskTenantFiles: TenantFiles = {
  // deno-lint-ignore require-await -- what it throws is to be a rejection
  list: async (directory) => disk.list(directory),
  mark: (path) => disk.mark(path),
  readText: (path) => disk.readText(path),
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
