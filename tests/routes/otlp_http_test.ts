/**
 * The OTLP/HTTP contract on both bindings.
 *
 * @module
 */

import type { HttpServer } from "../../pipeline/contract/http.ts";
import { serveHttp } from "../../routes/listener.ts";
import { createOtlpApp } from "../../routes/otlp.ts";
import { otlpHttpContract } from "../contract/otlp_http.ts";
import { sendersContract } from "../contract/senders.ts";
import type { Serve } from "../support/otlp_edge.ts";

const listener: Serve = (config, otlp) => serveHttp(config, { otlp });

const honoApp: Serve = (config, otlp): Promise<HttpServer> => {
  const app = createOtlpApp(otlp, config);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
  return Promise.resolve({
    address: { hostname: server.addr.hostname, port: server.addr.port },
    shutdown: () => server.shutdown(),
  });
};

otlpHttpContract("the listener", listener, { seesLeavers: true });
otlpHttpContract("the Hono app", honoApp, { seesLeavers: false });

sendersContract("the listener", listener);
sendersContract("the Hono app", honoApp);
