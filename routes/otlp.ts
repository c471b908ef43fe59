/**
 * The OTLP receiver as a Hono app, for platforms that serve HTTP themselves: Deno Deploy, `deno serve`, a test.
 *
 * The exposed listener does not go through it: `listener.ts` calls the same protocol without a Request and a Response
 * for each call. Limits of time and of connections are the platform's here.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import type { OtlpHandler } from "../pipeline/contract/http.ts";
import { formatEndpoint } from "../pipeline/config/network/http_server.ts";
import { CancelledError, GatewayError } from "../pipeline/core/errors.ts";
import { NO_ORIGIN, type Origin } from "../pipeline/otlp/payload.ts";
import type { Signal } from "../pipeline/otlp/signals.ts";
import type { BodyBuffer } from "./body.ts";
import { plainAddress } from "./peer.ts";
import { createOtlpProtocol, type OtlpAnswer, type OtlpProtocolConfig, type OtlpRequest } from "./otlp_protocol.ts";

/** Up to here a body is read in one call; above it a stream into one array takes far less memory (measured). */
const ONE_CALL_BYTES = 64 * 1024;

/**
 * An app whose `fetch` serves the receiver at its paths, and 404 elsewhere.
 *
 * @throws {TypeError} A response header has a name or value that HTTP does not allow.
 */
export function createOtlpApp(handler: OtlpHandler, config: OtlpProtocolConfig): Hono {
  const answer = createOtlpProtocol(handler, config);
  return new Hono().all("*", async (c: Context) => toResponse(await answer(new FetchRequest(c.req.raw, remoteOf(c)))));
}

/** Who sends, where the platform tells it: `Deno.serve` hands it on with the request. */
function remoteOf({ env }: Context): Partial<Deno.NetAddr> {
  return (env as Partial<Deno.ServeHandlerInfo<Deno.NetAddr>> | undefined)?.remoteAddr ?? {};
}

/** A platform's Request, as the protocol wants it. */
class FetchRequest implements OtlpRequest {
  readonly #request: Request;
  readonly path: string;
  readonly origin: Origin;
  signal: Signal | undefined;
  /** The platform ends TLS itself and tells no client certificate. */
  readonly peerAddress: string;

  constructor(request: Request, { hostname, port = 0 }: Partial<Deno.NetAddr>) {
    this.#request = request;
    this.peerAddress = hostname === undefined ? "" : plainAddress(hostname);
    this.origin = hostname === undefined
      ? NO_ORIGIN
      : { ...NO_ORIGIN, client: { address: formatEndpoint(this.peerAddress, port) } };
    this.path = pathOf(request.url);
  }

  get method(): string {
    return this.#request.method;
  }

  get abort(): AbortSignal {
    return this.#request.signal;
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }

  headers(): Iterable<readonly [string, string]> {
    return this.#request.headers;
  }

  async readBody(buffer: BodyBuffer): Promise<void> {
    const { announcedBytes } = buffer;
    try {
      if (announcedBytes !== undefined && announcedBytes <= ONE_CALL_BYTES) buffer.adopt(await this.#request.bytes());
      else if (this.#request.body !== null) await readStream(this.#request.body, buffer);
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      throw new CancelledError("Cannot answer the request: the sender left", { cause }); // each platform throws its own
    }
  }
}

async function readStream(body: ReadableStream<Uint8Array>, buffer: BodyBuffer): Promise<void> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      await buffer.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {}); // nobody waits for the rest
    throw error;
  }
}

/** The path of an absolute URL, as it is written there. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return "/";
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

function toResponse({ status, headers, body }: OtlpAnswer): Response {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) pairs.push([headers[at] ?? "", headers[at + 1] ?? ""]);
  return new Response(body, { status, headers: pairs });
}
