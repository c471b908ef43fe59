/**
 * How many connections the process can hold: a server whose process has opened all the files that it may stops taking
 * connections, for good (Deno 2.9, `node:http`: an accept that fails with EMFILE is the last).
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** HTTP connections beside the WebSockets, at most. */
const SPARE_CONNECTIONS = 1_000;
/** What they may take of the files of the process. */
const SPARE_SHARE = 0.03;
/** Files for everything else: the database, standard streams, the event loop. */
const OTHER_FILES = 64;

/** Bounds on open connections. */
export interface ConnectionRoom {
  readonly webSockets: number;
  /** WebSockets and HTTP. */
  readonly all: number;
}

/**
 * @param wanted WebSockets, as configured.
 * @param maxFiles From `maxOpenFiles`.
 */
export function connectionRoom(wanted: number, maxFiles: number): ConnectionRoom {
  const spare = Math.min(SPARE_CONNECTIONS, Math.max(1, Math.floor(maxFiles * SPARE_SHARE)));
  const webSockets = Math.max(1, Math.min(wanted, maxFiles - OTHER_FILES - spare));
  return { webSockets, all: webSockets + spare };
}

/** Files that this process may have open (RLIMIT_NOFILE); Infinity where it cannot be known. */
export function maxOpenFiles(): number {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
    return limit === undefined ? Infinity : Number(limit);
  } catch {
    return Infinity;
  }
}
