/**
 * The exposed listener: our own HTTP/1.1 without TLS, `node:https` with it. Both cut off slow senders and bound
 * connections, which the platform's own server cannot.
 *
 * OTLP goes from the socket to the protocol without a Request or Response; any other app is called by `fetch`.
 *
 * @module
 */

import type { ServeHttp } from "../pipeline/contract/http.ts";
import { Http1Listener } from "./http1/http1_listener.ts";
import { openTlsListener } from "./tls/listener.ts";

/**
 * Opens a listener; several threads may open the same port.
 *
 * @throws {Error} The address is in use or not ours, a certificate cannot be read, or a response header is not valid.
 */
// deno-lint-ignore require-await -- what the constructor throws is a rejection
export const serveHttp: ServeHttp = async (config, app) =>
  config.tls === undefined ? new Http1Listener(config, app) : openTlsListener(config, config.tls, app);
