/**
 * HTTP over undici: for upstreams with TLS (also mutual) or behind a proxy.
 *
 * @module
 */

import { type Dispatcher, Pool, ProxyAgent } from "undici";
import { concatBytes } from "../../core/bytes.ts";
import type { TlsClientConfig } from "../../config/network/tls.ts";
import { tlsClientOptions } from "../../config/network/tls_client.ts";
import { UnavailableError } from "../../core/errors.ts";
import {
  type ConnectionLimits,
  type HttpResponse,
  type HttpTransport,
  MAX_RESPONSE_BYTES,
  MAX_RESPONSE_HEAD_BYTES,
} from "./transport.ts";

/**
 * Makes the transport for one origin.
 *
 * @throws {Deno.errors.NotFound} A certificate or key file is not there.
 */
export async function createUndiciTransport(
  { origin, tls, proxyUrl, limits }: {
    readonly origin: string;
    readonly tls: TlsClientConfig | undefined;
    /** "" = no proxy. */
    readonly proxyUrl: string;
    readonly limits: ConnectionLimits;
  },
): Promise<HttpTransport> {
  const connect = tls === undefined ? {} : await tlsClientOptions(tls);
  const common = {
    connections: limits.maxConnections,
    pipelining: 1,
    maxHeaderSize: MAX_RESPONSE_HEAD_BYTES,
    keepAliveTimeout: limits.idleTimeoutMs || 600_000,
    // One attempt's time is the sender chain's to bound.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const dispatcher: Dispatcher = proxyUrl === ""
    ? new Pool(origin, { ...common, connect })
    : new ProxyAgent({ ...common, uri: proxyUrl, requestTls: connect });
  return new UndiciTransport(dispatcher, origin);
}

class UndiciTransport implements HttpTransport {
  readonly #dispatcher: Dispatcher;
  readonly #origin: string;

  constructor(dispatcher: Dispatcher, origin: string) {
    this.#dispatcher = dispatcher;
    this.#origin = origin;
  }

  async post(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: readonly Uint8Array[],
    abort: AbortSignal,
  ): Promise<HttpResponse> {
    try {
      const answer = await this.#dispatcher.request({
        origin: this.#origin,
        path,
        method: "POST",
        headers,
        body: concatBytes(body),
        signal: abort,
      });
      return {
        status: answer.statusCode,
        header: (name) => firstOf(answer.headers[name]),
        body: await readBounded(answer.body),
      };
    } catch (error) {
      const reason = abort.aborted ? "it was given up before the answer came" : "the connection failed";
      throw new UnavailableError(`the exchange failed: ${reason}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** Reads up to the bound and lets go of the rest, with its connection. */
async function readBounded(stream: AsyncIterable<Uint8Array> & { destroy(): unknown }): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const room = MAX_RESPONSE_BYTES - bytes;
    chunks.push(chunk.subarray(0, room));
    bytes += chunk.length;
    if (bytes > MAX_RESPONSE_BYTES) {
      stream.destroy();
      break;
    }
  }
  return concatBytes(chunks);
}
