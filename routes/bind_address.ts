/**
 * Which address a listener binds, and who can reach it there.
 *
 * @module
 */

import type { HttpServerConfig } from "../pipeline/config/network/http_server.ts";

/** `localhost` as an address, so that the family does not depend on a resolver. */
export function bindAddress(hostname: string, transport: HttpServerConfig["transport"]): string {
  const isV6 = transport === "tcp6";
  if (hostname === "localhost") return isV6 ? "::1" : "127.0.0.1";
  return hostname === "0.0.0.0" && isV6 ? "::" : hostname;
}

/** Whether only this machine can reach a listener on `hostname`. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
