/**
 * Watches `tenants_dir`: tells when a file in it came, went or has changed and is whole again. A file that never rests is
 * never told, and keeps no other from being told.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import { nextTurn } from "../../pipeline/core/slices.ts";
import { FileWatch, type Look } from "../config/file_watch.ts";
import { pathIn, type TenantFiles } from "./tenant_files.ts";

/** Files that one look at the directory looks at; of more, some at each. */
const MAX_LOOKS = 1_000;
/** Of those, before others have their turn: 3 ms. */
const LOOKS_A_TURN = 500;

export interface DirectoryWatchOptions {
  readonly directory: string;
  readonly files: TenantFiles;
  readonly clock: Clock;
  /** @param isSettled Whether a file that is this has been so for two looks. */
  readonly onChange: (isSettled: (path: string, mark: string) => boolean) => Promise<void>;
}

/** Starts to watch. */
export function watchDirectory({ directory, files, clock, onChange }: DirectoryWatchOptions): FileWatch {
  const looks = new DirectoryLooks(files);
  const watch = new FileWatch({
    paths: () => [directory],
    look: (path) => looks.look(path),
    onChange: async () => {
      await onChange((path, mark) => looks.isSettled(path, mark));
      return true;
    },
    clock,
  });
  watch.start();
  return watch;
}

/** What was seen of a file. */
interface Seen {
  /** At the last look. */
  mark: string;
  /** At two looks in a row. */
  settled: string | undefined;
}

class DirectoryLooks {
  readonly #files: TenantFiles;
  #seen = new Map<string, Seen>();
  #names: readonly string[] = [];
  #paths: readonly string[] = [];
  /** Where the next look begins. */
  #cursor = 0;
  #generation = 0;

  constructor(files: TenantFiles) {
    this.#files = files;
  }

  isSettled(path: string, mark: string): boolean {
    return this.#seen.get(path)?.settled === mark;
  }

  /** As of one file, whose mark is another when something has settled, or is gone. */
  async look(directory: string): Promise<Look> {
    let names: readonly string[];
    try {
      names = await this.#files.list(directory);
    } catch {
      return { size: 1, mark: "it cannot be read" };
    }
    if (names !== this.#names) this.#list(directory, names);
    for (let i = 1; i <= Math.min(MAX_LOOKS, names.length); i++) {
      const path = this.#paths[this.#cursor++ % names.length];
      if (path !== undefined) this.#lookAt(path);
      if (i % LOOKS_A_TURN === 0) await nextTurn();
    }
    return { size: 1, mark: String(this.#generation) };
  }

  /** The same list is the same files: a large one is not gone through at each look. */
  #list(directory: string, names: readonly string[]): void {
    this.#names = names;
    this.#paths = names.map((name) => pathIn(directory, name));
    this.#forget(new Set(this.#paths));
  }

  #forget(paths: ReadonlySet<string>): void {
    for (const path of [...this.#seen.keys()]) if (!paths.has(path)) this.#drop(path);
  }

  #drop(path: string): void {
    if (this.#seen.delete(path)) this.#generation += 1;
  }

  #lookAt(path: string): void {
    const mark = this.#files.mark(path);
    if (mark === undefined) return this.#drop(path);
    const seen = this.#seen.get(path) ?? { mark: "", settled: undefined };
    if (seen.mark === mark && seen.settled !== mark) {
      seen.settled = mark;
      this.#generation += 1;
    }
    seen.mark = mark;
    this.#seen.set(path, seen);
  }
}
