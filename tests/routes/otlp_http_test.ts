/**
 * The OTLP/HTTP contract on both bindings.
 *
 * @module
 */

import type { HttpServer } from "../../pipeline/contract/http.ts";
import { serveHttp } from "../../routes/listener.ts";
import { createOtlpApp } from "../../routes/otlp.ts";
import { otlpHttpContract } from "../contract/otlp_http.ts";

otlpHttpContract("the listener", (config, otlp) => serveHttp(config, { otlp }), { seesLeavers: true });

otlpHttpContract("the Hono app", (config, otlp): Promise<HttpServer> => {
  const app = createOtlpApp(otlp, config);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
  return Promise.resolve({
    address: { hostname: server.addr.hostname, port: server.addr.port },
    shutdown: () => server.shutdown(),
  });
}, { seesLeavers: false });
