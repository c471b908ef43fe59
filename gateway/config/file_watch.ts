/**
 * Tells when files have changed and are whole again.
 *
 * Files are looked at now and then, by name and through links, not by events of the file system: that sees a rename, a
 * file that is emptied and written, and the link that Kubernetes swaps above a ConfigMap in one and the same way, on any
 * file system. A change is told when two looks in a row see the same: a file that is still being written waits.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Clock, Timer } from "../../pipeline/core/clock.ts";

/** Between two looks, milliseconds. */
export const WATCH_INTERVAL_MS = 500;
/**
 * Looks in a row after which a file that is missing or empty is taken as it is: 10 s. Editors and copies leave one so for
 * a moment.
 */
export const MAX_HOLLOW_LOOKS = 20;

/** What one look at a file tells; undefined when it is not there. */
export type Look = { readonly size: number; readonly mark: string } | undefined;

export interface FileWatchOptions {
  /** The files; asked at each look, because a configuration can name others. */
  readonly paths: () => readonly string[];
  readonly look: (path: string) => Promise<Look>;
  /** Something changed, and is whole. The next look comes after it has settled. @returns false to be told again. */
  readonly onChange: () => Promise<boolean>;
  readonly clock: Clock;
}

export class FileWatch {
  readonly #options: FileWatchOptions;
  /** What was told last. */
  #told: string | undefined;
  /** What the last look saw, when that is something else. */
  #seen: string | undefined;
  #hollowLooks = 0;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: FileWatchOptions) {
    this.#options = options;
  }

  /** The first look that is whole is told in any case: files may have changed between their reading and it. */
  start(): void {
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.setTimer(() => void this.#turn(), WATCH_INTERVAL_MS);
  }

  async #turn(): Promise<void> {
    const { mark, isHollow } = await this.#look();
    const isStable = mark === this.#seen;
    this.#seen = mark;
    this.#hollowLooks = isHollow ? this.#hollowLooks + 1 : 0;
    const isWhole = !isHollow || this.#hollowLooks >= MAX_HOLLOW_LOOKS;
    const isNews = mark !== this.#told && isStable && isWhole && !this.#isStopped;
    if (isNews && await this.#options.onChange()) this.#told = mark;
    this.#schedule();
  }

  async #look(): Promise<{ readonly mark: string; readonly isHollow: boolean }> {
    const { paths, look } = this.#options;
    const looks = await Promise.all(paths().map(async (path) => ({ path, look: await look(path) })));
    return {
      mark: JSON.stringify(looks.map(({ path, look }) => [path, look?.mark ?? null])),
      isHollow: looks.some(({ look }) => look === undefined || look.size === 0),
    };
  }
}

/** Looks at a file of this machine, behind links. What cannot be looked at is not there. */
export async function lookAtFile(path: string): Promise<Look> {
  try {
    const info = await Deno.stat(path);
    return { size: info.size, mark: markOf(info) };
  } catch {
    return undefined;
  }
}

const MARK_NUMBERS = new Float64Array(5);
const MARK_BYTES = Buffer.from(MARK_NUMBERS.buffer);

/** Other than before when the file is another: its numbers as they are, since their digits would cost as much as half a look. */
export function markOf({ dev, ino, size, mtime, ctime }: Deno.FileInfo): string {
  MARK_NUMBERS[0] = dev;
  MARK_NUMBERS[1] = ino ?? 0;
  MARK_NUMBERS[2] = size;
  MARK_NUMBERS[3] = mtime?.getTime() ?? 0;
  MARK_NUMBERS[4] = ctime?.getTime() ?? 0;
  return MARK_BYTES.toString("latin1");
}
