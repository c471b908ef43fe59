/**
 * What every answer of an API says besides: it is not kept, framed, sniffed or embedded.
 *
 * @module
 */

import type { GatewayError } from "../../pipeline/core/errors.ts";
import { problemAnswer } from "./problem_answer.ts";

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};
const NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** A content policy of the answer's own stays. */
export function addHeaders(headers: Headers): void {
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", NO_CONTENT_POLICY);
}

/** The answer of the listener to what it could not read: a body too large, or not there in time. */
export function unreadable(error: GatewayError): Response {
  const answer = problemAnswer(error);
  addHeaders(answer.headers);
  return answer;
}
