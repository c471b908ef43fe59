/**
 * The files of `tenants_dir`: which there are, whether they have changed, and what is in them. Deno Deploy has none.
 *
 * @module
 */

import { openRegularFile, readRegularText } from "../../pipeline/core/regular_file.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
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
  mark(path: string): string | undefined;
  /** At once, of a small file whose mark was asked for just before. @throws {Error} It cannot be read, is too large, or is not UTF-8. */
  readText(path: string): string | Promise<string>;
  /** Its bytes, piece by piece; a piece is not written to afterwards. @throws {Error} As `readText`. */
  readPieces(path: string): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Whether a file holds a tenant on each line, or is one. */
export function isLinesFile(name: string): boolean {
  return name.endsWith(".jsonl");
}

/** The path of a file of a directory. */
export function pathIn(directory: string, name: string): string {
  return `${directory.replace(/\/+$/, "")}/${name}`;
}

/** The usual file of one tenant is smaller, bytes. */
const SMALL_BYTES = 65_536;

/** A list is that of the directory's own mark only when the last change is so long ago: marks are as coarse as clocks. */
const AT_REST_MS = 2_000;

/**
 * Looks and reads without a promise: of a hundred thousand small files those of the platform would cost ten times as much as
 * the reading, and our own a tenth of it.
 */
class DiskReader {
  readonly #small = new Uint8Array(SMALL_BYTES);
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  /** What was looked at last, when it is a small file: anything else may block whoever reads it. */
  #smallPath = "";
  #smallBytes = 0;
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

  mark(path: string): string | undefined {
    try {
      const info = Deno.statSync(path);
      this.#smallPath = info.isFile && info.size < SMALL_BYTES ? path : "";
      this.#smallBytes = info.size;
      return markOf(info);
    } catch {
      return undefined;
    }
  }

  readText(path: string): string | Promise<string> {
    const isSmall = path === this.#smallPath;
    this.#smallPath = "";
    return (isSmall ? this.#readSmall(path) : undefined) ?? readRegularText(path, MAX_TENANT_FILE_BYTES);
  }

  /**
   * As long as it was when it was looked at: one that has grown since has another mark, and is read again.
   *
   * @returns undefined when it is shorter: it is being written.
   */
  #readSmall(path: string): string | undefined {
    using file = Deno.openSync(path);
    const length = file.readSync(this.#small.subarray(0, this.#smallBytes)) ?? 0;
    return length === this.#smallBytes ? this.#decoder.decode(this.#small.subarray(0, length)) : undefined;
  }
}

const disk = new DiskReader();

export const diskTenantFiles: TenantFiles = {
  // deno-lint-ignore require-await -- what it throws is to be a rejection
  list: async (directory) => disk.list(directory),
  mark: (path) => disk.mark(path),
  readText: (path) => disk.readText(path),
  async *readPieces(path) {
    using file = await openRegularFile(path, MAX_LINES_FILE_BYTES);
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
