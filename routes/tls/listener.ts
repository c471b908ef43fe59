/**
 * The exposed listener with TLS: HTTP/1.1 over `node:https`, because it can refuse a client without a certificate, which
 * the platform's own server and its TLS sockets cannot.
 *
 * Sources: collector reference 3.1 and 3.4; RFC 9112.
 *
 * @module
 */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type HttpServerConfig, parseEndpoint } from "../../pipeline/config/network/http_server.ts";
import type { TlsServerConfig } from "../../pipeline/config/network/tls.ts";
import { type GatewayError, InvalidPayloadError } from "../../pipeline/core/errors.ts";
import type { HttpApp, HttpServer } from "../../pipeline/contract/http.ts";
import { LinkedList } from "../../pipeline/queue/linked_list.ts";
import { bindAddress } from "../bind_address.ts";
import { NodeExchange } from "../node_exchange.ts";
import { type Peer, SocketPeer } from "../peer.ts";
import { atDeadline, checkInterval, Serving, slowBody, timeoutsOf } from "../serving.ts";
import { readTlsOptions, type TlsOptions } from "./server.ts";

/** Request line and headers together, bytes. */
const MAX_HEADER_BYTES = 64 * 1024;

/**
 * Opens a listener; several threads may open the same port.
 *
 * @throws {Error} The address is in use or not ours, a certificate cannot be read, or a response header is not valid.
 */
export async function openTlsListener(
  config: HttpServerConfig,
  tls: TlsServerConfig,
  app: HttpApp,
): Promise<HttpServer> {
  const listener = new TlsListener(config, app, await readTlsOptions(tls));
  await listener.listen();
  return listener;
}

/** An open connection that speaks HTTP. */
interface Connection {
  /** Requests that have no answer yet: more than one when they are pipelined. */
  readonly exchanges: LinkedList<NodeExchange>;
  readonly peer: Peer;
  /** The last answer is written; what else comes is not looked at. */
  isClosing: boolean;
  /** Requests so far. */
  requests: number;
  /** What there was when it was last seen in use, and when that was, on the monotonic clock, ms. */
  seen: { requests: number; bytesRead: number; atMs: number };
}

class TlsListener implements HttpServer {
  readonly #server: Server;
  #config: HttpServerConfig;
  #serving: Serving;
  readonly #connections = new Map<Socket, Connection>();
  /** Every open socket; with TLS the ones below the connections. */
  readonly #sockets = new Set<Socket>();
  #isDraining = false;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #address = { hostname: "", port: 0 };

  constructor(config: HttpServerConfig, app: HttpApp, tls: TlsOptions) {
    this.#config = config;
    this.#serving = new Serving(config, app, this.#origin);
    this.#server = createServer(config, tls);
    this.#attach();
  }

  get address(): HttpServer["address"] {
    return this.#address;
  }

  async listen(): Promise<void> {
    const { hostname, port } = parseEndpoint(this.#config.endpoint);
    const host = bindAddress(hostname, this.#config.transport);
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port, reusePort: true }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#address = { hostname: host, port: (this.#server.address() as AddressInfo).port };
    this.#watch();
  }

  replace(config: HttpServerConfig, app: HttpApp): Promise<void> {
    const before = this.#serving;
    this.#config = config;
    this.#serving = new Serving(config, app, this.#origin);
    applyLimits(this.#server, config);
    this.#watch();
    return before.replaced();
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#isDraining = true;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const [socket, { exchanges }] of this.#connections) if (exchanges.length === 0) socket.destroySoon();
    const close = atDeadline(
      deadline,
      (error) => this.#giveUp(error),
      () => this.#sockets.forEach((socket) => socket.destroy()),
    );
    await closed;
    close();
  }

  #giveUp(error: GatewayError): void {
    for (const { exchanges } of this.#connections.values()) {
      for (let at = exchanges.first; at !== undefined; at = at.next) at.giveUp(error);
    }
  }

  /** What is done now and then, as the configuration has it. */
  #watch(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    if (this.#config.tls !== undefined) this.#reloadCertificates(this.#config.tls);
    if (this.#config.idle_timeout > 0) this.#closeIdle(this.#config.idle_timeout);
  }

  #attach(): void {
    const server = this.#server;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.on("secureConnection", (socket: Socket) => this.#open(socket));
    server.on("request", (incoming, response) => this.#exchange(incoming, response, false));
    server.on("checkContinue", (incoming, response) => this.#exchange(incoming, response, true));
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => this.#refuse(error, socket));
  }

  #open(socket: Socket): void {
    const exchanges = new LinkedList<NodeExchange>();
    const seen = { requests: 0, bytesRead: 0, atMs: 0 };
    this.#connections.set(socket, { exchanges, peer: new SocketPeer(socket), isClosing: false, requests: 0, seen });
    socket.on("error", () => {}); // "close" follows
    socket.on("end", () => socket.destroy()); // a sender that closes looks the same as one that closes its half
    socket.on("close", () => {
      this.#connections.delete(socket);
      for (let at = exchanges.first; at !== undefined; at = at.next) at.leave();
    });
  }

  #exchange(incoming: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const connection = this.#connections.get(incoming.socket);
    if (connection === undefined) return; // closed already
    const exchange = new NodeExchange(incoming, response, expectsContinue, connection.peer);
    connection.exchanges.append(exchange);
    connection.requests++;
    const timer = this.#config.write_timeout > 0
      ? setTimeout(() => incoming.socket.destroy(), this.#config.write_timeout)
      : undefined;
    if (timer !== undefined) response.once("close", () => clearTimeout(timer));
    this.#serving.serve(exchange, this.#isKept).then(() => {
      connection.exchanges.remove(exchange);
      if (exchange.isLast) connection.isClosing = true;
    });
  }

  /** Whether a connection stays open behind an answer that is written now. */
  readonly #isKept = () => this.#config.keep_alives_enabled && !this.#isDraining;

  /** A request that could not be read: malformed, its headers too large, or not there in time. */
  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    const isSlow = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
    const connection = this.#connections.get(socket);
    if (connection === undefined) return void socket.destroy(); // its TLS handshake failed
    if (connection.isClosing) return;
    for (let at = connection.exchanges.first; at !== undefined; at = at.next) {
      // Its body was still being read: it is answered as any other request.
      if (at.failBody(isSlow ? slowBody(this.#config) : malformedBody())) return;
    }
    // With requests that wait for an answer this one would look like theirs.
    if (connection.exchanges.length > 0 || !socket.writable) return void socket.destroy();
    const status = isSlow
      ? "408 Request Timeout"
      : error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    socket.destroySoon();
  }

  readonly #origin = () => {
    const { hostname, port } = this.#address;
    return `https://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  };

  /** New handshakes get the files as they are then; what cannot be read leaves the old ones in use. */
  #reloadCertificates(tls: TlsServerConfig): void {
    if (tls.reload_interval <= 0) return;
    this.#every(tls.reload_interval, () => {
      readTlsOptions(tls).then((options) => (this.#server as https.Server).setSecureContext(options), () => {});
    });
  }

  /**
   * Closes connections that nobody uses between requests. Node's own `keepAliveTimeout` sets a timer for each answer:
   * that cost as much CPU as half a request of one span, and kept bodies alive (docs/decisions.md).
   */
  #closeIdle(timeoutMs: number): void {
    this.#every(checkInterval([timeoutMs]), () => {
      const atMs = performance.now();
      for (const [socket, { exchanges, requests, seen }] of this.#connections) {
        const { bytesRead } = socket;
        if (exchanges.length > 0 || requests !== seen.requests) Object.assign(seen, { requests, bytesRead, atMs });
        // A first request, or the beginning of a next one, has the deadline of its headers.
        else if (requests > 0 && bytesRead === seen.bytesRead && atMs - seen.atMs >= timeoutMs) socket.destroySoon();
      }
    });
  }

  /** Until shutdown. */
  #every(intervalMs: number, run: () => void): void {
    const timer = setInterval(run, intervalMs);
    Deno.unrefTimer(timer);
    this.#timers.push(timer);
  }
}

function createServer(config: HttpServerConfig, tls: TlsOptions): Server {
  const { requestMs, headMs } = timeoutsOf(config);
  const server = https.createServer({
    keepAliveTimeout: 0, // #closeIdle does it
    connectionsCheckingInterval: checkInterval([requestMs, headMs]),
    maxHeaderSize: MAX_HEADER_BYTES,
    ...tls,
    handshakeTimeout: headMs || 10_000,
  });
  server.maxHeadersCount = 0; // bounded in bytes; a count would leave out the lines above it without a word
  applyLimits(server, config);
  return server;
}

/** Sets what can be another while the server runs. */
function applyLimits(server: Server, config: HttpServerConfig): void {
  const { requestMs: requestTimeout, headMs: headersTimeout } = timeoutsOf(config);
  Object.assign(server, { requestTimeout, headersTimeout, maxConnections: config.max_connections });
}

function malformedBody(): GatewayError {
  return new InvalidPayloadError("Cannot read the body: its chunks are malformed");
}
