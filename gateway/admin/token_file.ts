/**
 * The file of tokens, read again when it has changed: a token that is taken out of it is refused within a second.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import { describeError, type Logger } from "../../pipeline/core/log/logger.ts";
import { readRegularTextSync } from "../../pipeline/core/regular_file.ts";
import { findToken, parseTokens, type TokenBook, type TokenEntry } from "../../routes/api/tokens.ts";

/** How often the file is looked at, at the most, milliseconds. */
const LOOK_MS = 1_000;
/** A line of a token has at most some 150. */
const MAX_FILE_BYTES = 1024 * 1024;

export class TokenFile implements TokenBook {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #clock: Clock;
  #entries: readonly TokenEntry[];
  #mark: string;
  #lookedMs: number;

  /** @throws {Error} It cannot be read, or a line of it is of another form. */
  constructor(path: string, logger: Logger, clock: Clock) {
    this.#path = path;
    this.#logger = logger;
    this.#clock = clock;
    this.#mark = markOf(path);
    this.#entries = parseTokens(readRegularTextSync(path, MAX_FILE_BYTES));
    this.#lookedMs = clock.monotonicMs();
  }

  find(token: string): TokenEntry | undefined {
    this.#refresh();
    return findToken(token, this.#entries);
  }

  /** A file that cannot be read leaves nobody in: who was taken out of it must not stay because of a mistake in it. */
  #refresh(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = nowMs;
    try {
      const mark = markOf(this.#path);
      if (mark === this.#mark) return;
      this.#entries = parseTokens(readRegularTextSync(this.#path, MAX_FILE_BYTES));
      this.#mark = mark;
    } catch (thrown) {
      if (this.#mark !== "") {
        this.#logger.error("admin: the credentials cannot be read", { error: describeError(thrown) });
      }
      this.#mark = "";
      this.#entries = [];
    }
  }
}

function markOf(path: string): string {
  const { mtime, size, ino } = Deno.statSync(path);
  return [mtime?.getTime(), size, ino].join(":");
}
