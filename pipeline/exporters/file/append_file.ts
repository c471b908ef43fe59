/**
 * One file that several threads append whole messages to, none of them torn or mixed, each answered when it is on disk.
 *
 * Every data worker and every signal holds its own `AppendFile` of the same path, and so does a new config while the
 * old one drains. Two locks of the operating system keep them apart, both gone when the process is:
 * - an exclusive one on the directory, held for the microseconds of one append: look whether the file was moved away,
 *   rotate, write, and take a torn write back;
 * - a shared one on the file for as long as it is open: who finds none may empty the file (`append: false`), so
 *   neither a second worker nor a reload wipes what the first has acknowledged.
 *
 * On disk means `fdatasync`, one for all that was written while the one before ran (group commit).
 *
 * @module
 */

import { dirname } from "node:path";
import type { Clock, Timer } from "../../core/clock.ts";
import { backupPath, type BackupRules, expiredBackups } from "./backups.ts";

/** How a file is kept. */
export interface AppendFileOptions {
  readonly path: string;
  /** Empty it when nobody else has it open. */
  readonly truncate: boolean;
  /** Absent: the file grows without end. */
  readonly rotation?: (BackupRules & { readonly maxBytes: number }) | undefined;
  /** true: an append settles when it is on disk. false: when the operating system has it. */
  readonly fsync: boolean;
  /** Without `fsync`: how long written data may stay off the disk, ms; 0 leaves it to the operating system. */
  readonly flushIntervalMs: number;
  readonly clock: Clock;
}

/** How long an append waits for other threads before it gives up, ms; they hold the lock for microseconds. */
const LOCK_WAIT_MS = 500;
/** The collector's mode for its files. */
const FILE_MODE = 0o644;

/** A message was not written, or not synced: `code` is the operating system's (`ENOSPC`, `EACCES`, …). */
export class FileWriteError extends Error {
  override readonly name = "FileWriteError";
  constructor(readonly code: string, cause: unknown) {
    super(`Cannot write to a file: ${code}`, { cause });
  }
}

/** See the module. Calls are not queued: an append is written before it returns, and only its sync is awaited. */
export class AppendFile {
  readonly #options: AppendFileOptions;
  readonly #directory: Deno.FsFile;
  #open: OpenFile;
  readonly #closing = new Set<Promise<void>>();

  /**
   * Opens or makes the file.
   *
   * @throws {FileWriteError} No such directory, no permission, and so on.
   */
  constructor(options: AppendFileOptions) {
    this.#options = options;
    this.#directory = orFail(() => Deno.openSync(dirname(options.path), { read: true }));
    try {
      this.#open = this.#locked(() => this.#openFile(options.truncate));
    } catch (error) {
      this.#directory.close();
      throw error;
    }
  }

  /**
   * Writes `message` behind what is there, in one piece.
   *
   * @returns Settles when it is kept, as `fsync` says.
   * @throws {FileWriteError} Nothing of it is in the file; or, when rejected, it may be and its sync failed.
   */
  append(message: Uint8Array): Promise<void> {
    const open = this.#locked(() => {
      const sizeBytes = this.#followMoves();
      const full = this.#isFull(sizeBytes, message.length);
      if (full) this.#rotate();
      this.#open.writeWhole(message, full ? 0 : sizeBytes);
      return this.#open;
    });
    return open.kept();
  }

  /** Settles when all that was appended is on disk and everything is closed. */
  async close(): Promise<void> {
    this.#retire(this.#open);
    await Promise.all(this.#closing);
    this.#directory.close();
  }

  #locked<T>(action: () => T): T {
    return orFail(() => {
      lockSoon(this.#directory);
      try {
        return action();
      } finally {
        this.#directory.unlockSync();
      }
    });
  }

  #openFile(truncate: boolean): OpenFile {
    return new OpenFile(this.#options, truncate, () => this.#directory.syncSync());
  }

  /** Goes on with the file that `path` names now: another thread may have rotated, a person may have moved it. */
  #followMoves(): number {
    const info = statOrNothing(this.#options.path);
    if (info !== undefined && this.#open.is(info)) return info.size;
    this.#goOnWith(this.#openFile(false));
    return info?.size ?? 0;
  }

  #isFull(sizeBytes: number, messageBytes: number): boolean {
    const { rotation } = this.#options;
    return rotation !== undefined && sizeBytes > 0 && sizeBytes + messageBytes > rotation.maxBytes;
  }

  #rotate(): void {
    const { path, rotation, clock } = this.#options;
    if (rotation === undefined) return;
    const nowMs = clock.nowMs();
    Deno.renameSync(path, freeBackupPath(path, nowMs, rotation.localtime));
    this.#goOnWith(this.#openFile(false));
    const names = Array.from(Deno.readDirSync(dirname(path)), ({ name }) => name);
    for (const expired of expiredBackups(path, names, nowMs, rotation)) Deno.removeSync(expired);
  }

  #goOnWith(open: OpenFile): void {
    this.#retire(this.#open);
    this.#open = open;
  }

  #retire(open: OpenFile): void {
    const closed = open.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}

/** One inode: a handle to write with, and one to sync with, since a handle does one thing at a time. */
class OpenFile {
  readonly #writer: Deno.FsFile;
  readonly #syncer: Deno.FsFile;
  readonly #info: Deno.FileInfo;
  readonly #options: AppendFileOptions;
  #runningSync: Promise<void> | undefined;
  #nextSync: Promise<void> | undefined;
  #flushTimer: Timer | undefined;

  constructor(options: AppendFileOptions, truncate: boolean, syncDirectory: () => void) {
    this.#options = options;
    const { path } = options;
    const isNew = statOrNothing(path) === undefined;
    this.#writer = Deno.openSync(path, { create: true, append: true, mode: FILE_MODE });
    this.#info = this.#writer.statSync();
    this.#syncer = this.#info.isFile ? Deno.openSync(path, { read: true }) : this.#writer;
    if (!this.#info.isFile) return;
    if (truncate && this.#writer.tryLockSync(true)) this.#writer.truncateSync(0);
    this.#writer.tryLockSync(false);
    if (isNew && options.fsync) syncDirectory();
  }

  /** Whether `info` is of the same file. */
  is(info: Deno.FileInfo): boolean {
    return info.ino === this.#info.ino && info.dev === this.#info.dev;
  }

  /** Called under the directory's lock, with the size there. A message that does not fit as a whole is taken back. */
  writeWhole(message: Uint8Array, startBytes: number): void {
    try {
      for (let at = 0; at < message.length;) at += this.#writer.writeSync(at === 0 ? message : message.subarray(at));
    } catch (error) {
      if (this.#info.isFile) this.#writer.truncateSync(startBytes);
      throw error;
    }
  }

  /** Settles when all that was written so far is kept. */
  kept(): Promise<void> {
    if (!this.#info.isFile) return Promise.resolve(); // A pipe or a device has no disk.
    if (this.#options.fsync) return this.#synced();
    this.#flushLater();
    return Promise.resolve();
  }

  async close(): Promise<void> {
    if (this.#flushTimer !== undefined) this.#options.clock.clearTimer(this.#flushTimer);
    // Whoever waits for a sync has been told of its failure; closing goes on.
    if (this.#info.isFile) await this.#synced().catch(() => {});
    if (this.#syncer !== this.#writer) this.#syncer.close();
    this.#writer.close();
  }

  /** The sync that runs may have begun before the last write, so this one comes after it. */
  #synced(): Promise<void> {
    this.#nextSync ??= this.#syncAfter(this.#runningSync);
    return this.#nextSync;
  }

  async #syncAfter(running: Promise<void> | undefined): Promise<void> {
    // Also without one: what is appended in this turn of the event loop shares the sync.
    await Promise.resolve(running).catch(() => {});
    this.#runningSync = this.#nextSync;
    this.#nextSync = undefined;
    try {
      await this.#syncer.syncData();
    } catch (error) {
      throw new FileWriteError(codeOf(error), error);
    }
  }

  #flushLater(): void {
    const { clock, flushIntervalMs } = this.#options;
    if (flushIntervalMs === 0 || this.#flushTimer !== undefined) return;
    this.#flushTimer = clock.setTimer(() => {
      this.#flushTimer = undefined;
      // Nobody waits for it; a disk that fails shows at the next write.
      this.#synced().catch(() => {});
    }, flushIntervalMs);
  }
}

/** Takes the lock, or fails after `LOCK_WAIT_MS`: another program may hold it for ever. */
function lockSoon(file: Deno.FsFile): void {
  if (file.tryLockSync(true)) return;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const untilMs = performance.now() + LOCK_WAIT_MS; performance.now() < untilMs;) {
    Atomics.wait(pause, 0, 0, 0.2);
    if (file.tryLockSync(true)) return;
  }
  throw new FileWriteError("EWOULDBLOCK", undefined);
}

/** Two rotations in one millisecond: the later one takes the next that is free. */
function freeBackupPath(path: string, nowMs: number, localtime: boolean): string {
  for (let timeMs = nowMs;; timeMs++) {
    const candidate = backupPath(path, timeMs, localtime);
    if (statOrNothing(candidate) === undefined) return candidate;
  }
}

function statOrNothing(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function orFail<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof FileWriteError ? error : new FileWriteError(codeOf(error), error);
  }
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : error instanceof Error ? error.name : "unknown";
}
