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
const MAX_TENANT_FILES = 100_000;

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

/** `acme` of `tenants/acme.yaml`; undefined when a file is none of one tenant. */
export function idOfFile(path: string): string | undefined {
  const end = path.endsWith(".yaml") ? -5 : path.endsWith(".yml") ? -4 : 0;
  return end === 0 ? undefined : path.slice(path.lastIndexOf("/") + 1, end);
}

/** The path of a file of a directory. */
export function pathIn(directory: string, name: string): string {
  return `${directory.replace(/\/+$/, "")}/${name}`;
}

/** The usual file of one tenant is smaller, bytes. */
const SMALL_BYTES = 65_536;

/** A list is that of the directory's own mark only when the last change is so long ago: marks are as coarse as clocks. */
const AT_REST_MS = 2_000;

/** A text of the platform has it where bytes are no UTF-8, or where it is written. */
const REPLACEMENT = "\ufffd";
const BYTE_ORDER_MARK = "\ufeff";

/**
 * Looks and reads without a promise: of a hundred thousand small files those of the platform would cost ten times as much as
 * the reading, and our own a tenth of it. A file is two calls: to open, read, decode and close it by itself would be five.
 */
class DiskReader {
  /** What was looked at last, when it is a small file: anything else may block whoever reads it. */
  #smallPath = "";
  #listed: { readonly directory: string; readonly mark: string; readonly names: readonly string[] } | undefined;

  /** Read again only when the directory itself has changed. */
  list(directory: string): readonly string[] {
    const info = Deno.statSync(directory);
    const mark = markOf(info);
    if (this.#listed?.directory === directory && this.#listed.mark === mark) return this.#listed.names;
    const names: string[] = [];
    for (const { name, isDirectory } of Deno.readDirSync(directory)) {
      if (isDirectory || name.startsWith(".") || !(isLinesFile(name) || idOfFile(name) !== undefined)) continue;
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
   * Of a file that was small a moment ago: one that has changed since has another mark, and is read again.
   *
   * @returns undefined where the platform's text may not be what the bytes are.
   */
  #readSmall(path: string): string | undefined {
    const text = Deno.readTextFileSync(path);
    if (text.length > MAX_TENANT_FILE_BYTES || text.startsWith(BYTE_ORDER_MARK)) return undefined;
    return text.includes(REPLACEMENT) ? undefined : text;
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
