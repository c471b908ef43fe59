/**
 * Serves a fetch handler (a Hono app) beside something else on a `node:http` server.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { FetchHandler } from "../pipeline/contract/http.ts";
import type { GatewayError } from "../pipeline/core/errors.ts";
import { callFetch } from "./fetch_adapter.ts";
import { NodeExchange } from "./node_exchange.ts";
import { SocketPeer } from "./peer.ts";

/** Requests that are answered at one time; the next is told to come again. */
const MAX_REQUESTS = 256;

export interface NodeAppOptions {
  readonly fetch: FetchHandler;
  /** Of the server, `http://host:port`: targets are read against it. */
  readonly origin: string;
  readonly maxBodyBytes: number;
  /** Answers what could not be read. */
  readonly unreadable: (error: GatewayError) => Response;
}

/** A listener for a server's `request` event. */
export function nodeApp(
  { fetch, origin, maxBodyBytes, unreadable }: NodeAppOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  let requests = 0;
  return (request, response) => {
    if (requests >= MAX_REQUESTS) {
      response.writeHead(503, { "retry-after": "1" }).end();
      return;
    }
    requests++;
    const exchange = new NodeExchange(request, response, false, new SocketPeer(request.socket));
    response.once("close", () => {
      requests--;
      if (!response.writableFinished) exchange.leave();
    });
    callFetch(exchange, fetch, origin, maxBodyBytes, unreadable)
      .then((answer) => exchange.sendResponse(answer, true))
      .catch(() => response.destroy());
  };
}
