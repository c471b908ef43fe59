/**
 * Both transports of OpAMP on one port and path: WebSocket, and POST of one message.
 *
 * Made for `node:http`, which has the timeouts that an exposed port needs, or an HTTPS server of the same shape. What is
 * not for the path of OpAMP goes to the other handler, so that a controller's API can share the port.
 * Source: opamp-spec, "WebSocket Transport", "Plain HTTP Transport", "Message Size Limits", "Throttling".
 *
 * @module
 */

import { createHash } from "node:crypto";
import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import https, { type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../../../pipeline/core/clock.ts";
import type { Logger } from "../../../pipeline/core/log/logger.ts";
import type { Meter } from "../../../pipeline/core/telemetry/meter.ts";
import { AcceptBudget } from "./accept_budget.ts";
import { busyAnswer } from "../agents/answers.ts";
import { CloseCodes } from "../agents/link.ts";
import { type ConnectionRoom, connectionRoom, maxOpenFiles } from "./connection_room.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { HttpExchange } from "./http_exchange.ts";
import { createListenerMetrics, type EndReason, type ListenerMetrics } from "./listener_metrics.ts";
import type { OpampServerSettings } from "../settings.ts";
import { WebSocketConnection } from "./websocket_connection.ts";

/** Tells who an agent is from its request; undefined when it may not come in. */
export type Authenticate = (request: IncomingMessage) => string | undefined;

/** Whether a request may be an agent's, by its headers alone. */
export type Admit = (request: IncomingMessage) => boolean;

export interface ListenerDeps {
  readonly fleet: Fleet;
  readonly settings: OpampServerSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Asked before anything else; without it every request may be. */
  readonly admit?: Admit | undefined;
  /** Without it everyone may come in. */
  readonly authenticate?: Authenticate | undefined;
  /** Requests for other paths; without it they are answered 404. */
  readonly other?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
}

/** Where to listen. */
export interface ListenAddress {
  readonly hostname: string;
  /** 0: any free one. */
  readonly port: number;
  /** For HTTPS: certificate, key, and whether clients need certificates. */
  readonly tls?: ServerOptions | undefined;
}

/** RFC 6455, 1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** How often connections are looked at, as a share of the ping interval. */
const CHECKS_PER_INTERVAL = 6;

export class OpampListener {
  readonly #deps: ListenerDeps;
  readonly #budget: AcceptBudget;
  readonly #connections = new Set<WebSocketConnection>();
  readonly #room: ConnectionRoom;
  readonly #metrics: ListenerMetrics;
  #server: Server | undefined;
  #checkTimer: Timer | undefined;
  #onEmpty: (() => void) | undefined;
  #isClosing = false;

  constructor(deps: ListenerDeps) {
    this.#deps = deps;
    this.#budget = new AcceptBudget(deps.settings, deps.clock.monotonicMs());
    this.#room = connectionRoom(deps.settings.maxConnections, maxOpenFiles());
    this.#metrics = createListenerMetrics(deps.meter);
  }

  /**
   * Opens the port.
   *
   * @returns Where it listens.
   * @throws {Error} The port cannot be had, or the certificate is none.
   */
  async listen({ hostname, port, tls }: ListenAddress): Promise<AddressInfo> {
    const { requestTimeoutMs, pollIntervalMs } = this.#deps.settings;
    const server = tls === undefined ? http.createServer() : https.createServer(tls);
    this.#server = server;
    server.headersTimeout = Math.min(10_000, requestTimeoutMs);
    server.requestTimeout = requestTimeoutMs;
    server.keepAliveTimeout = pollIntervalMs * 2;
    server.maxConnections = this.#room.all;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => this.handle(request, response));
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
      this.upgrade(request, socket, head);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: hostname, port, backlog: this.#room.backlog }, () => resolve());
    });
    this.#scheduleCheck();
    return server.address() as AddressInfo;
  }

  /** How many WebSockets are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Ends what came in with a token that is no longer good. */
  cut(tokenId: string): void {
    this.#deps.fleet.forgetToken(tokenId);
    for (const connection of this.#connections) {
      if (connection.tokenId === tokenId) connection.close(CloseCodes.policyViolation, "the token was revoked");
    }
  }

  /**
   * Takes no more agents, tells the connected ones when to come back, each at a time of its own, and closes.
   *
   * @param graceMs How long connections may take to close.
   */
  async shutdown(graceMs: number): Promise<void> {
    this.#isClosing = true;
    const { clock, settings } = this.#deps;
    if (this.#checkTimer !== undefined) clock.clearTimer(this.#checkTimer);
    const closed = new Promise<void>((resolve) => this.#server?.close(() => resolve()) ?? resolve());
    let index = 0;
    for (const connection of this.#connections) {
      const afterMs = Math.min(settings.maxRetryAfterMs, 1_000 + index++ * 1_000 / settings.acceptsPerSecond);
      for (const { uid } of connection.sessions) {
        connection.send(busyAnswer(uid, "Cannot go on: the server shuts down", Math.ceil(afterMs)));
      }
      connection.close(CloseCodes.goingAway, "the server shuts down");
    }
    const empty = new Promise<void>((resolve) => {
      if (this.#connections.size === 0) resolve();
      else this.#onEmpty = resolve;
    });
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => timer = clock.setTimer(resolve, graceMs));
    await Promise.race([empty, late]);
    if (timer !== undefined) clock.clearTimer(timer);
    this.#server?.closeAllConnections();
    await closed;
  }

  /** One HTTP request. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const { settings, other, fleet } = this.#deps;
    if (pathOf(request) !== settings.path) {
      if (other !== undefined) return other(request, response);
      return answer(response, 404, "not found");
    }
    if (!this.#admits(request)) return answer(response, 403, "forbidden");
    const tokenId = this.#identify(request);
    if (tokenId === undefined) {
      response.setHeader("WWW-Authenticate", "Bearer");
      return answer(response, 401, "unauthorized");
    }
    if (request.method !== "POST") {
      response.setHeader("Upgrade", "websocket");
      response.setHeader("Allow", "POST");
      return answer(response, 426, "a WebSocket upgrade or a POST is wanted");
    }
    if (mediaType(request) !== "application/x-protobuf") {
      return answer(response, 415, "application/x-protobuf is wanted");
    }
    const waitMs = this.#isClosing ? 1_000 : fleet.isPolling(uidHeader(request)) ? 0 : this.#take();
    if (waitMs > 0) {
      this.#metrics.refused.busy.add(1);
      response.setHeader("Retry-After", retryAfter(waitMs));
      return answer(response, 503, "busy");
    }
    const traffic = this.#metrics.http;
    new HttpExchange(request, response, tokenId === ANYONE ? undefined : tokenId, { ...this.#deps, traffic }).start();
  }

  /** One request to become a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    socket.on("error", () => socket.destroy());
    const { settings, clock, fleet } = this.#deps;
    if (pathOf(request) !== settings.path) return refuse(socket, 404, "Not Found");
    if (!this.#admits(request)) return refuse(socket, 403, "Forbidden");
    const tokenId = this.#identify(request);
    if (tokenId === undefined) return refuse(socket, 401, "Unauthorized", "WWW-Authenticate: Bearer\r\n");
    const key = request.headers["sec-websocket-key"];
    const isWebSocket = request.method === "GET" && request.headers.upgrade?.toLowerCase() === "websocket";
    if (!isWebSocket || typeof key !== "string" || !/^[+/0-9A-Za-z]{22}==$/.test(key)) {
      return refuse(socket, 400, "Bad Request");
    }
    if (request.headers["sec-websocket-version"] !== "13") {
      return refuse(socket, 426, "Upgrade Required", "Sec-WebSocket-Version: 13\r\n");
    }
    const isFull = this.#isClosing || this.#connections.size >= this.#room.webSockets;
    const waitMs = isFull ? settings.maxRetryAfterMs : this.#take();
    if (waitMs > 0) {
      this.#metrics.refused.busy.add(1);
      return refuse(socket, 503, "Service Unavailable", `Retry-After: ${retryAfter(waitMs)}\r\n`);
    }
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
    );
    const connection = new WebSocketConnection(socket, tokenId === ANYONE ? undefined : tokenId, {
      fleet,
      settings,
      clock,
      traffic: this.#metrics.websocket,
      onEnd: this.#onEnd,
    });
    this.#connections.add(connection);
    this.#metrics.connections.set(this.#connections.size);
    if (head.length > 0) connection.onBytes(head);
  }

  readonly #onEnd = (connection: WebSocketConnection, why: EndReason): void => {
    this.#connections.delete(connection);
    this.#metrics.connections.set(this.#connections.size);
    this.#metrics.ended[why].add(1);
    if (this.#connections.size === 0) this.#onEmpty?.();
  };

  #admits(request: IncomingMessage): boolean {
    const isAdmitted = this.#deps.admit?.(request) ?? true;
    if (!isAdmitted) this.#metrics.refused.unauthorized.add(1);
    return isAdmitted;
  }

  #identify(request: IncomingMessage): string | undefined {
    const { authenticate } = this.#deps;
    const who = authenticate === undefined ? ANYONE : authenticate(request);
    if (who === undefined) this.#metrics.refused.unauthorized.add(1);
    return who;
  }

  #take(): number {
    return this.#budget.take(this.#deps.clock.monotonicMs());
  }

  #scheduleCheck(): void {
    const { clock, settings } = this.#deps;
    this.#checkTimer = clock.setTimer(() => {
      const nowMs = clock.monotonicMs();
      for (const connection of this.#connections) connection.check(nowMs);
      this.#scheduleCheck();
    }, settings.pingIntervalMs / CHECKS_PER_INTERVAL);
  }
}

/** Who comes in where nobody is asked. */
const ANYONE = "";

function pathOf({ url = "/" }: IncomingMessage): string {
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

function mediaType(request: IncomingMessage): string | undefined {
  return request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
}

/** Load balancers are given the uid in a header; here it tells a poll from a new agent before the body is read. */
function uidHeader(request: IncomingMessage): string {
  const header = request.headers["opamp-instance-uid"];
  return typeof header === "string" ? header.replaceAll("-", "").toLowerCase() : "";
}

function acceptKey(key: string): string {
  return createHash("sha1").update(key + ACCEPT_GUID).digest("base64");
}

/** Whole seconds, as HTTP has it. */
function retryAfter(waitMs: number): string {
  return String(Math.ceil(waitMs / 1_000));
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain");
  response.end(`${text}\n`);
}

function refuse(socket: Duplex, status: number, text: string, headers = ""): void {
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n${headers}\r\n`);
}
