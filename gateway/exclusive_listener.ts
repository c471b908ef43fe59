/**
 * Tells a port that is taken. Listeners share their port over data workers (SO_REUSEPORT), and so would join another
 * gateway's port without a word; a plain bind first finds it out.
 *
 * @module
 */

import { type HttpServerConfig, parseEndpoint } from "../pipeline/config/http_server.ts";
import type { ServeHttp } from "../pipeline/contract/http.ts";
import { UnavailableError } from "../pipeline/core/errors.ts";
import { bindAddress } from "../routes/listener.ts";

/** `serveHttp` that refuses a port which anyone else listens on. Not for a thread that shares the port with others. */
export function exclusive(serveHttp: ServeHttp): ServeHttp {
  return async (config, app) => {
    probe(config);
    return await serveHttp(config, app);
  };
}

function probe({ endpoint, transport }: Pick<HttpServerConfig, "endpoint" | "transport">): void {
  const { hostname, port } = parseEndpoint(endpoint);
  if (port === 0) return;
  try {
    Deno.listen({ hostname: bindAddress(hostname, transport), port }).close();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new UnavailableError(`Cannot listen on "${endpoint}": the port is in use, wanted a free one`);
  }
}
