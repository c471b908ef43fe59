/**
 * The exposed listener: HTTP/1.1 over `node:http`, or `node:https`, because it can cut off slow senders, bound
 * connections and refuse a client without a certificate, which the platform's own server cannot.
 *
 * OTLP goes from the socket to the protocol without a Request or Response; any other app is called by `fetch`.
 * Measured, CPU of a 44 kB POST on one core: 57 us here, 35 by the platform's server with Hono; 269 against 413 for
 * 444 kB. Sources: collector reference 3.1; RFC 9112.
 *
 * @module
 */

import http from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type HttpServerConfig, parseEndpoint } from "../pipeline/config/http_server.ts";
import type { TlsServerConfig } from "../pipeline/config/tls.ts";
import { DeadlineExceededError, type GatewayError, InvalidPayloadError } from "../pipeline/core/errors.ts";
import type { HttpApp, HttpServer, ServeHttp } from "../pipeline/contract/http.ts";
import { LinkedList } from "../pipeline/queue/linked_list.ts";
import { callFetch } from "./fetch_adapter.ts";
import { NodeExchange } from "./node_exchange.ts";
import { createOtlpProtocol } from "./otlp_protocol.ts";
import { type Peer, SocketPeer } from "./peer.ts";
import { readTlsOptions, type TlsOptions } from "./tls_server.ts";

/** Request line and headers together, bytes. */
const MAX_HEADER_BYTES = 64 * 1024;
/** How often deadlines of headers and bodies are looked at, at the least and at the most, milliseconds. */
const MIN_CHECK_MS = 20;
const MAX_CHECK_MS = 1_000;

/** Answers one exchange and writes the answer. */
type Serve = (exchange: NodeExchange, isKept: () => boolean) => Promise<void>;

/**
 * Opens a listener; several threads may open the same port.
 *
 * @throws {Error} The address is in use or not ours, a certificate cannot be read, or a response header is not valid.
 */
export const serveHttp: ServeHttp = async (config, app) => {
  const tls = config.tls === undefined ? undefined : await readTlsOptions(config.tls);
  const listener = new Listener(config, app, tls);
  await listener.listen();
  return listener;
};

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

/** What answers requests, until something else does. */
class Serving {
  readonly serve: Serve;
  /** Requests that it has not answered. */
  #active = 0;
  readonly #ended = Promise.withResolvers<void>();
  #isReplaced = false;

  constructor(serve: Serve) {
    this.serve = serve;
  }

  begin(): void {
    this.#active++;
  }

  end(): void {
    this.#active--;
    if (this.#isReplaced && this.#active === 0) this.#ended.resolve();
  }

  /** It gets no more requests. @returns Settles when it has answered those it has. */
  replaced(): Promise<void> {
    this.#isReplaced = true;
    if (this.#active === 0) this.#ended.resolve();
    return this.#ended.promise;
  }
}

class Listener implements HttpServer {
  readonly #server: Server;
  #config: HttpServerConfig;
  #serving: Serving;
  readonly #connections = new Map<Socket, Connection>();
  /** Every open socket; with TLS the ones below the connections. */
  readonly #sockets = new Set<Socket>();
  #isDraining = false;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #address = { hostname: "", port: 0 };

  constructor(config: HttpServerConfig, app: HttpApp, tls: TlsOptions | undefined) {
    this.#config = config;
    this.#serving = this.#servingOf(config, app);
    this.#server = createServer(config, tls);
    this.#attach(tls !== undefined);
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
    this.#serving = this.#servingOf(config, app);
    applyLimits(this.#server, config);
    this.#watch();
    return before.replaced();
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#isDraining = true;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const [socket, { exchanges }] of this.#connections) if (exchanges.length === 0) socket.destroySoon();
    const cut = () => {
      for (const socket of this.#sockets) socket.destroy();
    };
    if (deadline.aborted) cut();
    deadline.addEventListener("abort", cut, { once: true });
    await closed;
    deadline.removeEventListener("abort", cut);
  }

  #servingOf(config: HttpServerConfig, app: HttpApp): Serving {
    return new Serving(
      "otlp" in app ? serveOtlp(config, app) : serveFetch(config, app, () => this.#origin()),
    );
  }

  /** What is done now and then, as the configuration has it. */
  #watch(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    if (this.#config.tls !== undefined) this.#reloadCertificates(this.#config.tls);
    if (this.#config.idle_timeout > 0) this.#closeIdle(this.#config.idle_timeout);
  }

  #attach(isTls: boolean): void {
    const server = this.#server;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.on(isTls ? "secureConnection" : "connection", (socket: Socket) => this.#open(socket));
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
    const serving = this.#serving;
    serving.begin();
    serving.serve(exchange, this.#isKept).then(() => {
      serving.end();
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
      if (at.failBody(isSlow ? slowBody(this.#config.read_timeout) : malformedBody())) return;
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

  #origin(): string {
    const { hostname, port } = this.#address;
    const scheme = this.#config.tls === undefined ? "http" : "https";
    return `${scheme}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  }

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

function serveOtlp(config: HttpServerConfig, { otlp }: Extract<HttpApp, { readonly otlp: unknown }>): Serve {
  const protocol = createOtlpProtocol(otlp, config);
  return (exchange, isKept) => protocol(exchange).then((answer) => exchange.send(answer, isKept()));
}

function serveFetch(
  { max_request_body_size }: HttpServerConfig,
  { fetch, unreadable }: Exclude<HttpApp, { readonly otlp: unknown }>,
  origin: () => string,
): Serve {
  return async (exchange, isKept) => {
    const response = await callFetch(exchange, fetch, origin(), max_request_body_size, unreadable);
    await exchange.sendResponse(response, isKept());
  };
}

function createServer(config: HttpServerConfig, tls: TlsOptions | undefined): Server {
  const { requestTimeout, headersTimeout } = timeoutsOf(config);
  const options = {
    keepAliveTimeout: 0, // #closeIdle does it
    connectionsCheckingInterval: checkInterval([requestTimeout, headersTimeout]),
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server = tls === undefined
    ? http.createServer(options)
    : https.createServer({ ...options, ...tls, handshakeTimeout: headersTimeout || 10_000 });
  server.maxHeadersCount = 0; // bounded in bytes; a count would leave out the lines above it without a word
  applyLimits(server, config);
  return server;
}

/** Sets what can be another while the server runs. */
function applyLimits(server: Server, config: HttpServerConfig): void {
  Object.assign(server, timeoutsOf(config), { maxConnections: config.max_connections });
}

/** Milliseconds; 0 is none. Headers are a part of the request: their deadline cannot be the later one. */
function timeoutsOf({ read_timeout, read_header_timeout }: HttpServerConfig) {
  const requestTimeout = Math.ceil(read_timeout);
  const ownTimeout = Math.ceil(read_header_timeout);
  const headersTimeout = requestTimeout > 0 ? Math.min(ownTimeout || requestTimeout, requestTimeout) : ownTimeout;
  return { requestTimeout, headersTimeout };
}

function slowBody(timeoutMs: number): GatewayError {
  return new DeadlineExceededError(`Cannot read the body: it is not whole after ${timeoutMs} ms`);
}

function malformedBody(): GatewayError {
  return new InvalidPayloadError("Cannot read the body: its chunks are malformed");
}

/** A quarter of the shortest deadline, within reason. */
function checkInterval(timeoutsMs: readonly number[]): number {
  const shortest = Math.min(...timeoutsMs.filter((timeoutMs) => timeoutMs > 0));
  return Math.floor(Math.min(Math.max(shortest / 4, MIN_CHECK_MS), MAX_CHECK_MS));
}

/** `localhost` as an address, so that the family does not depend on a resolver. */
export function bindAddress(hostname: string, transport: HttpServerConfig["transport"]): string {
  const isV6 = transport === "tcp6";
  if (hostname === "localhost") return isV6 ? "::1" : "127.0.0.1";
  return hostname === "0.0.0.0" && isV6 ? "::" : hostname;
}
