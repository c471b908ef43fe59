/**
 * Secrets in texts for people: by what keys, variables and files are called, and where they stand in a URL.
 *
 * @module
 */

/** What stands in the place of a secret. */
export const REDACTED = "[REDACTED]";

/** The words that secrets are called by, in keys, variables and file names. */
export const SECRET_NAME =
  /pass(?:word|wd|phrase)|secret|token|credential|private|(?:api|access|account)[-_]?key|key[-_]?pem|authorization|cookie|hmac|[-_]key$/i;

/** What a query calls them besides: a signed link has a `sig`. */
const SECRET_PARAMETER = /^(?:key|sig|auth|jwt|pwd)$|signature$/i;

/** User and password of a URL, up to the last @ before the path. Its scheme is bounded, so that a text is read once. */
const USER_INFO = /(\b[a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"']*@/gi;

/** A parameter of a query, of a URL or by itself; no part of it can begin another, so that a text is read once. */
const PARAMETER = /(^|[?&])([^=&?#\s"'<>]*)=([^&?#\s"'<>]+)/g;

/** The text without user, password and parameters called like a secret in every URL, and in a query by itself. */
export function maskUrls(text: string): string {
  return text
    .replaceAll(USER_INFO, `$1${REDACTED}@`)
    .replaceAll(
      PARAMETER,
      (whole: string, before: string, name: string) =>
        SECRET_NAME.test(name) || SECRET_PARAMETER.test(name) ? `${before}${name}=${REDACTED}` : whole,
    );
}
