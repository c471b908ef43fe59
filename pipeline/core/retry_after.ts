/**
 * The Retry-After header.
 *
 * Source: RFC 9110, 10.2.3 (delay in seconds, or an HTTP-date of one of three forms).
 *
 * @module
 */

/** Nobody is asked to wait longer than this, milliseconds. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * @param header The header's value, if it came.
 * @param nowMs The time that a date is compared with.
 * @returns Milliseconds from now, at least 0; undefined when there is no such value.
 */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const value = header?.trim() ?? "";
  const waitMs = /^\d{1,10}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  // Date.parse also reads forms that are no HTTP-date; all of those begin with a weekday.
  if (Number.isNaN(waitMs) || !/^(?:\d+$|Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value)) return undefined;
  return Math.min(Math.max(0, waitMs), MAX_RETRY_AFTER_MS);
}
