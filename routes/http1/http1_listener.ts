/**
 * The exposed listener without TLS: HTTP/1.1 straight from the socket.
 *
 * `node:http` makes a dozen objects, streams and events of each request. Measured beside it, CPU of a request whose body is
 * read and thrown away: 15 us against 35 for 1 span, 35 against 90 for 44 kB (tests/bench/listener_bench).
 *
 * @module
 */

import { type HttpServerConfig, parseEndpoint } from "../../pipeline/config/network/http_server.ts";
import type { HttpApp, HttpServer } from "../../pipeline/contract/http.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { bindAddress } from "../bind_address.ts";
import { atDeadline, checkInterval, Serving, slowBody, timeoutsOf } from "../serving.ts";
import { AnswerCache } from "./answer.ts";
import { Connection, type ConnectionHost, type Deadlines } from "./connection.ts";
import type { Http1Exchange } from "./http1_exchange.ts";
import { ReadSpace } from "./read_space.ts";

/** After an accept that failed because the process has no descriptors left, milliseconds. */
const ACCEPT_PAUSE_MS = 50;

export class Http1Listener implements HttpServer, ConnectionHost {
  readonly answers = new AnswerCache();
  readonly space = new ReadSpace();
  readonly address: HttpServer["address"];
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Connection>();
  readonly #allClosed = Promise.withResolvers<void>();
  #config: HttpServerConfig;
  #serving: Serving;
  /** Settles when no more connections are accepted. */
  readonly #accepting: Promise<void>;
  #isDraining = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #intervalMs = 0;
  #nowMs = 0;

  /** @throws {Error} The address is in use or not ours, or a response header is not valid. */
  constructor(config: HttpServerConfig, app: HttpApp) {
    this.#config = config;
    this.#serving = new Serving(config, app, this.#origin);
    const { hostname, port } = parseEndpoint(config.endpoint);
    const host = bindAddress(hostname, config.transport);
    this.#listener = Deno.listen({ hostname: host, port, reusePort: true });
    this.address = { hostname: host, port: this.#listener.addr.port };
    this.#watch();
    this.#accepting = this.#acceptAll();
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get soonMs(): number {
    return this.#nowMs + this.#intervalMs;
  }

  serve(exchange: Http1Exchange): Promise<void> {
    return this.#serving.serve(exchange, this.#isKept);
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#isDraining && this.#connections.size === 0) this.#allClosed.resolve();
  }

  replace(config: HttpServerConfig, app: HttpApp): Promise<void> {
    const before = this.#serving;
    this.#serving = new Serving(config, app, this.#origin);
    this.#config = config;
    this.#watch();
    return before.replaced();
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#isDraining = true;
    clearInterval(this.#timer);
    this.#listener.close();
    for (const connection of this.#connections) if (!connection.isBusy) connection.close();
    await this.#accepting;
    if (this.#connections.size === 0) return;
    const close = atDeadline(
      deadline,
      (error) => this.#connections.forEach((connection) => connection.giveUp(error)),
      () => this.#connections.forEach((connection) => connection.close()),
    );
    await this.#allClosed.promise;
    close();
  }

  async #acceptAll(): Promise<void> {
    while (!this.#isDraining) {
      try {
        this.#open(await this.#listener.accept());
      } catch {
        if (this.#isDraining) return;
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      }
    }
  }

  #open(conn: Deno.TcpConn): void {
    if (this.#isDraining || this.#connections.size >= this.#config.max_connections) return conn.close();
    conn.setNoDelay();
    const connection = new Connection(conn, this);
    this.#connections.add(connection);
    void connection.run();
  }

  /** Whether a connection stays open behind an answer that is written now. */
  readonly #isKept = () => this.#config.keep_alives_enabled && !this.#isDraining;

  readonly #origin = () => {
    const { hostname, port } = this.address;
    return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  };

  /** Looks at all connections now and then, as the configuration has it. */
  #watch(): void {
    clearInterval(this.#timer);
    const { headMs, requestMs } = timeoutsOf(this.#config);
    const { idle_timeout: idleMs, write_timeout: answerMs } = this.#config;
    const deadlines = { headMs, requestMs, idleMs, answerMs };
    this.#intervalMs = checkInterval(Object.values(deadlines));
    this.#look(deadlines);
    this.#timer = setInterval(() => this.#look(deadlines), this.#intervalMs);
    Deno.unrefTimer(this.#timer);
  }

  #look(deadlines: Deadlines): void {
    this.#nowMs = systemClock.monotonicMs();
    this.answers.setDate(new Date(systemClock.nowMs()).toUTCString());
    const late = slowBody(this.#config);
    for (const connection of this.#connections) connection.check(deadlines, late);
  }
}
