/**
 * What a component logs through. One line a batch at the most, never one an item; no secrets, no telemetry data.
 *
 * @module
 */

import { maskUrls } from "./mask.ts";

/** Severity names as the collector's `service::telemetry::logs::level`, the least first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

/** Fields beside the message: short scalars. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes structured lines. */
export interface Logger {
  /** Whether a line of this level would be written: ask before building costly fields. */
  enabled(level: LogLevel): boolean;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with `fields` on every line. */
  with(fields: LogFields): Logger;
}

/** Drops everything. */
export const silentLogger: Logger = {
  enabled: () => false,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLogger,
};

/**
 * A failure for a log line: its message and those of its causes, without stacks. What could not be done is said once: a
 * cause that begins with the same words ("Cannot export 2 spans: … : Cannot export 2 spans to "eu": …") without them.
 */
export function describeError(thrown: unknown): string {
  const parts: string[] = [];
  let undone = "";
  for (let at: unknown = thrown, depth = 0; at !== undefined && at !== null && depth < 5; depth++) {
    const message = at instanceof Error ? at.message : String(at);
    const colon = message.indexOf(": ");
    const head = message.slice(0, Math.max(0, colon));
    // Where to is told by the line's own fields.
    const isSaid = undone !== "" && (head === undone || head.startsWith(`${undone} to "`));
    parts.push(isSaid ? message.slice(colon + 2) : message);
    if (!isSaid && message.startsWith("Cannot ") && colon !== -1) undone = head;
    at = at instanceof Error ? at.cause : undefined;
  }
  return maskUrls(parts.join(": ")); // the runtime tells the whole URL that it could not reach
}
