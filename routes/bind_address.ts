/**
 * Which address a listener binds.
 *
 * @module
 */

import type { HttpServerConfig } from "../pipeline/config/http_server.ts";

/** `localhost` as an address, so that the family does not depend on a resolver. */
export function bindAddress(hostname: string, transport: HttpServerConfig["transport"]): string {
  const isV6 = transport === "tcp6";
  if (hostname === "localhost") return isV6 ? "::1" : "127.0.0.1";
  return hostname === "0.0.0.0" && isV6 ? "::" : hostname;
}
