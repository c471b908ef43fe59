/**
 * How many connections the process can hold: a server whose process has opened all the files that it may stops taking
 * connections, for good (Deno 2.9, `node:http`: an accept that fails with EMFILE is the last).
 *
 * A whole backlog is accepted before those past `maxConnections` are closed, so that it needs room, too.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** HTTP connections beside the WebSockets, at most. */
const SPARE_CONNECTIONS = 1_000;
const MAX_BACKLOG = 4_096;
/** What they may take of the files of the process. */
const SPARE_SHARE = 0.03;
const BACKLOG_SHARE = 0.02;
/** Files for everything else: the database, standard streams, the event loop. */
const OTHER_FILES = 64;

/** Bounds on open connections. */
export interface ConnectionRoom {
  readonly webSockets: number;
  /** WebSockets and HTTP. */
  readonly all: number;
  /** Connections that wait to be accepted. */
  readonly backlog: number;
}

/**
 * @param wanted WebSockets, as configured.
 * @param maxFiles From `maxOpenFiles`.
 */
export function connectionRoom(wanted: number, maxFiles: number): ConnectionRoom {
  const shareOf = (share: number, most: number) => Math.min(most, Math.max(1, Math.floor(maxFiles * share)));
  const spare = shareOf(SPARE_SHARE, SPARE_CONNECTIONS);
  const backlog = shareOf(BACKLOG_SHARE, MAX_BACKLOG);
  const webSockets = Math.max(1, Math.min(wanted, maxFiles - OTHER_FILES - spare - backlog));
  return { webSockets, all: webSockets + spare, backlog };
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
