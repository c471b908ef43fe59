/**
 * What serves OTLP over HTTP: the listener, and the platform's server with the Hono app.
 *
 * @module
 */

import { serveHttp } from "../../routes/listener.ts";
import { createOtlpApp } from "../../routes/otlp.ts";
import type { Serve } from "./otlp_edge.ts";

const honoApp: Serve = (config, otlp) => {
  const app = createOtlpApp(otlp, config);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
  const address = { hostname: server.addr.hostname, port: server.addr.port };
  return Promise.resolve({ address, shutdown: () => server.shutdown() });
};

export const OTLP_SERVERS: readonly {
  readonly name: string;
  readonly serve: Serve;
  /** Whether it notices a sender that leaves. */
  readonly seesLeavers: boolean;
}[] = [
  { name: "the listener", serve: (config, otlp) => serveHttp(config, { otlp }), seesLeavers: true },
  { name: "the Hono app", serve: honoApp, seesLeavers: false },
];
