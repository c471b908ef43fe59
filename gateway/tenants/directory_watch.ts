/**
 * Watches `tenants_dir`: tells when a file in it came, went or has changed and is whole again. A file that never rests is
 * never told, and keeps no other from being told.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import { FileWatch, type Look } from "../config/file_watch.ts";
import type { TenantFiles } from "./tenant_files.ts";

/** Files that one look at the directory looks at; of more, some at each. */
export const MAX_LOOKS = 1_000;

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
    const paths = names.map((name) => `${directory.replace(/\/+$/, "")}/${name}`);
    this.#forget(new Set(paths));
    for (let i = 0; i < Math.min(MAX_LOOKS, paths.length); i++) {
      const path = paths[this.#cursor++ % paths.length];
      if (path !== undefined) await this.#lookAt(path);
    }
    return { size: 1, mark: String(this.#generation) };
  }

  #forget(paths: ReadonlySet<string>): void {
    for (const path of [...this.#seen.keys()]) if (!paths.has(path)) this.#drop(path);
  }

  #drop(path: string): void {
    if (this.#seen.delete(path)) this.#generation += 1;
  }

  async #lookAt(path: string): Promise<void> {
    const mark = await this.#files.mark(path);
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
