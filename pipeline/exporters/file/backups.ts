/**
 * Names of rotated files, and which of them are too many or too old.
 *
 * As the collector's rotation library has them: `traces.json` becomes `traces-2026-01-31T23-59-59.999-size.json`. Older
 * releases left the reason out; both forms are counted.
 *
 * @module
 */

import { basename, dirname, extname, join } from "node:path";

const DAY_MS = 86_400_000;
const STAMP = /^(\d{4})-(\d{2})-(\d{2})T(\d{2})-(\d{2})-(\d{2})\.(\d{3})(?:-[a-z]+)?$/;

/** What is kept of rotated files. */
export interface BackupRules {
  /** Days by the time in the name; 0 keeps them whatever their age. */
  readonly maxDays: number;
  /** How many; 0 keeps all. */
  readonly maxBackups: number;
  /** Whether the times in the names are the machine's local time, and not UTC. */
  readonly localtime: boolean;
}

/** The name that `path` gets when it is rotated at `timeMs`. */
export function backupPath(path: string, timeMs: number, localtime: boolean): string {
  const extension = extname(path);
  const stem = basename(path, extension);
  // A local time is printed as if it were UTC, shifted by the offset of that moment.
  const shiftMs = localtime ? -new Date(timeMs).getTimezoneOffset() * 60_000 : 0;
  const stamp = new Date(timeMs + shiftMs).toISOString().replace("Z", "").replaceAll(":", "-");
  return join(dirname(path), `${stem}-${stamp}-size${extension}`);
}

/** The time in a backup's name, milliseconds since 1970; undefined when `name` is no backup of `path`. */
export function backupTimeMs(path: string, name: string, localtime: boolean): number | undefined {
  const extension = extname(path);
  const prefix = `${basename(path, extension)}-`;
  if (!name.startsWith(prefix) || !name.endsWith(extension)) return undefined;
  const parts = STAMP.exec(name.slice(prefix.length, name.length - extension.length));
  if (parts === null) return undefined;
  const [year = 0, month = 0, ...rest] = parts.slice(1).map(Number);
  const [day, hour, minute, second, ms] = rest;
  return localtime
    ? new Date(year, month - 1, day, hour, minute, second, ms).getTime()
    : Date.UTC(year, month - 1, day, hour, minute, second, ms);
}

/** Which of the files `names` beside `path` must go, by `rules`. */
export function expiredBackups(path: string, names: Iterable<string>, nowMs: number, rules: BackupRules): string[] {
  const backups: { readonly name: string; readonly timeMs: number }[] = [];
  for (const name of names) {
    const timeMs = backupTimeMs(path, name, rules.localtime);
    if (timeMs !== undefined) backups.push({ name, timeMs });
  }
  backups.sort((a, b) => b.timeMs - a.timeMs);
  const isExpired = ({ timeMs }: { readonly timeMs: number }, rank: number) =>
    (rules.maxBackups > 0 && rank >= rules.maxBackups) ||
    (rules.maxDays > 0 && timeMs < nowMs - rules.maxDays * DAY_MS);
  return backups.filter(isExpired).map(({ name }) => join(dirname(path), name));
}
