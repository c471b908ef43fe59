/**
 * What keeps pages in a browser away from the path of agents.
 *
 * A page may open a WebSocket to any address that its browser reaches, and no answer of CORS is asked for: the server
 * has to look itself. Source: RFC 6455 10.2.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { isLoopbackHost } from "../routes/api/guard.ts";

export interface AgentGuardOptions {
  /** Whether it listens on this machine alone. */
  readonly loopback: boolean;
  /** Whether agents show a token. */
  readonly authenticated: boolean;
}

/**
 * A page's requests say where they come from, and an agent's do not. Where no token is asked for, the host must be a
 * loopback name too: a page can make its own name lead here.
 */
export function agentGuard({ loopback, authenticated }: AgentGuardOptions): (request: IncomingMessage) => boolean {
  const checksHost = loopback && !authenticated;
  return ({ headers }) => {
    if (headers.origin !== undefined || headers["sec-fetch-site"] !== undefined) return false;
    return !checksHost || isLoopbackHost(headers.host);
  };
}
