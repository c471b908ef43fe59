/**
 * Serves a fetch handler (a Hono app) on the listener: for pages and APIs, not for the hot path.
 *
 * @module
 */

import type { FetchHandler } from "../pipeline/contract/http.ts";
import { type GatewayError, toGatewayError } from "../pipeline/core/errors.ts";
import { BodyBuffer } from "./body.ts";
import type { Exchange } from "./exchange.ts";

/**
 * Reads the body, bounded, and asks `fetch`. What it throws is answered by `unreadable`: with a bare status, by default.
 *
 * @param origin Of the listener, `http://host:port`: targets are read against it.
 */
export async function callFetch(
  exchange: Exchange,
  fetch: FetchHandler,
  origin: string,
  maxBodyBytes: number,
  unreadable: (error: GatewayError) => Response = bareStatus,
): Promise<Response> {
  try {
    const { peerAddress } = exchange;
    return await fetch(await toRequest(exchange, origin, maxBodyBytes), { peerAddress });
  } catch (thrown) {
    return unreadable(toGatewayError(thrown));
  }
}

function bareStatus({ httpStatus }: GatewayError): Response {
  return new Response(null, { status: httpStatus, headers: { "content-length": "0" } });
}

async function toRequest(exchange: Exchange, origin: string, maxBodyBytes: number): Promise<Request> {
  const headers = new Headers();
  for (const [name, value] of exchange.headers()) headers.append(name, value);
  const { method, abort: signal } = exchange;
  const init: RequestInit = { method, headers, signal };
  if (method !== "GET" && method !== "HEAD") init.body = await readBody(exchange, maxBodyBytes);
  return new Request(`${origin}${exchange.path}${exchange.query}`, init);
}

async function readBody(exchange: Exchange, maxBodyBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const announced = exchange.header("content-length");
  const buffer = new BodyBuffer(announced === undefined ? undefined : Number(announced), maxBodyBytes, undefined);
  await exchange.readBody(buffer);
  return buffer.bytes();
}
