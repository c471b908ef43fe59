/**
 * One request and its answer, as an application sees it whichever server took it.
 *
 * @module
 */

import type { OtlpAnswer, OtlpRequest } from "./otlp_protocol.ts";

export interface Exchange extends OtlpRequest {
  /** With its question mark; "" when there is none. */
  readonly query: string;
  /** Writes the whole answer. @param keepAlive Whether the connection may stay open behind it. */
  send(answer: OtlpAnswer, keepAlive: boolean): Promise<void> | void;
  /** Writes a response as it comes, no faster than the sender takes it. */
  sendResponse(answer: Response, keepAlive: boolean): Promise<void>;
}

/** The path and the query of a request target, without the origin of an absolute one (RFC 9112 3.2.2). */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const end = target.indexOf("?");
  if (end < 0) return { path: pathOf(target), query: "" };
  return { path: pathOf(target.slice(0, end)), query: target.slice(end) };
}

function pathOf(target: string): string {
  if (target.startsWith("/")) return target;
  const authority = target.indexOf("://");
  const start = authority < 0 ? -1 : target.indexOf("/", authority + 3);
  return start < 0 ? "/" : target.slice(start);
}
