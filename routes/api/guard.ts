/**
 * Who may ask: hosts (DNS rebinding), origins (pages of others), tokens and their scopes.
 *
 * @module
 */

import { GatewayError } from "../../pipeline/core/errors.ts";
import type { Scope } from "./endpoint.ts";
import { bearerOf, type TokenBook } from "./tokens.ts";

export interface GuardOptions {
  /** Absent: no token is asked for. Only for a listener that others cannot reach. */
  readonly tokens: TokenBook | undefined;
  /**
   * Whether it listens on this machine alone. Then a request must name it by a loopback name: a page can make its own
   * name lead here, and so would be of the same origin.
   */
  readonly loopback: boolean;
}

/** There is no valid token: 401. */
export class UnauthenticatedError extends GatewayError {
  readonly code = "unauthenticated";
  readonly retryable = false;
}

/** It is known who asks, or where from, and that he may not: 403. */
export class ForbiddenError extends GatewayError {
  readonly code = "permission_denied";
  readonly retryable = false;
  /** "" when it is not known. */
  readonly who: string;

  constructor(message: string, who = "") {
    super(message);
    this.who = who;
  }
}

/** The name of who asks where no token is asked for. */
const LOCAL = "local";

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** @param host Of a Host header: a name or an address, with a port or without. */
export function isLoopbackHost(host: string | null | undefined): boolean {
  return LOOPBACK_HOST.test(host ?? "");
}

/** @throws {ForbiddenError} The request names another host. */
export function checkHost({ headers }: Request, { loopback }: Pick<GuardOptions, "loopback">): void {
  if (!loopback || isLoopbackHost(headers.get("host"))) return;
  throw new ForbiddenError("Cannot answer: the host is another name, wanted localhost or a loopback address");
}

/**
 * Refuses what a page of another origin sends. Programs send neither header.
 *
 * @throws {ForbiddenError} The page is another's.
 */
export function checkOrigin({ headers, url }: Request): void {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const isOwnSite = site === null || site === "same-origin" || site === "none";
  if (isOwnSite && (origin === null || isOwn(origin, headers.get("host") ?? new URL(url).host))) return;
  throw new ForbiddenError("Cannot answer: the request comes from a page of another origin");
}

/** The scheme is not compared: TLS may end before the gateway. */
function isOwn(origin: string, host: string): boolean {
  return /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, "").toLowerCase() === host.toLowerCase();
}

/**
 * Who asks.
 *
 * @throws {UnauthenticatedError} A token is wanted, and there is none or a wrong one.
 * @throws {ForbiddenError} The token is for reading.
 */
export function checkToken({ headers }: Request, scope: Scope, { tokens }: GuardOptions): string {
  if (tokens === undefined || scope === "none") return LOCAL;
  const token = bearerOf(headers.get("authorization") ?? undefined);
  const entry = token === undefined ? undefined : tokens.find(token);
  if (entry === undefined) {
    throw new UnauthenticatedError("Cannot answer: there is no valid token, wanted a bearer token");
  }
  if (scope === "write" && entry.scope === "read") {
    throw new ForbiddenError("Cannot do that: the token is for reading, wanted one of the scope write", entry.name);
  }
  return entry.name;
}
