/**
 * Plain HTTP/1.1 over connections of our own: the exporter's hot path where the upstream needs neither TLS nor a proxy.
 *
 * It costs a fraction of undici's `dispatch` (docs/decisions.md): a request is written from one reused buffer, and
 * nothing is allocated for it but its answer. One exchange at a time on a connection, no pipelining.
 * Source: RFC 9112.
 *
 * @module
 */

import { sumOfLengths } from "../../core/bytes.ts";
import { UnavailableError } from "../../core/errors.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { HeadCache, HttpParseError, ResponseParser } from "./response_parser.ts";
import type { ConnectionLimits, HttpResponse, HttpTransport } from "./transport.ts";

/** A body that fits is copied behind its head and sent in one write; a longer one goes in pieces of this size. Bytes. */
const WRITE_BUFFER_BYTES = 128 * 1024;
const READ_BUFFER_BYTES = 8 * 1024;
/** A length in digits, and what ends a head. */
const MAX_LENGTH_LINE_BYTES = 24;
/**
 * How often exchanges are asked whether their caller still waits. A listener on each signal would tell at once, but
 * it made a forwarded request of one span a third dearer.
 */
const ABORT_CHECK_MS = 100;

const encoder = new TextEncoder();
const END_OF_HEAD = encoder.encode("\r\n\r\n");

/** How a connection is opened; `Deno.connect` unless a test gives another. */
export type Connect = (options: { hostname: string; port: number }) => Promise<Deno.Conn>;

interface Waiter {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: Error) => void;
}

/** Makes the transport for one origin. */
export function createTcpTransport(
  { hostname, port, hostHeader, limits, clock, connect = Deno.connect }: {
    readonly hostname: string;
    readonly port: number;
    /** Value of the Host header. */
    readonly hostHeader: string;
    readonly limits: ConnectionLimits;
    readonly clock: Clock;
    readonly connect?: Connect;
  },
): HttpTransport {
  return new TcpTransport(() => connect({ hostname, port }), hostHeader, limits, clock);
}

class TcpTransport implements HttpTransport {
  readonly #open: () => Promise<Deno.Conn>;
  readonly #hostHeader: string;
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  /** Oldest first: the newest is taken, so that the others can age out. */
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #waiters: Waiter[] = [];
  #opening = 0;
  #sweep: Timer | undefined;
  #abortCheck: Timer | undefined;
  #closed = false;
  /** Heads by path and headers object: one exporter has a handful. */
  readonly #heads = new WeakMap<Readonly<Record<string, string>>, Map<string, Uint8Array>>();

  constructor(open: () => Promise<Deno.Conn>, hostHeader: string, limits: ConnectionLimits, clock: Clock) {
    this.#open = open;
    this.#hostHeader = hostHeader;
    this.#limits = limits;
    this.#clock = clock;
  }

  async post(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: readonly Uint8Array[],
    abort: AbortSignal,
  ): Promise<HttpResponse> {
    const head = this.#headOf(path, headers);
    if (this.#abortCheck === undefined) this.#scheduleAbortCheck();
    for (;;) {
      const connection = this.#takeIdle() ?? await this.#acquire();
      const reused = connection.exchanges > 0;
      try {
        const response = await connection.exchange(head, body, abort);
        this.#release(connection);
        return response;
      } catch (error) {
        this.#drop(connection);
        // An upstream may close a kept connection just as we write: nobody has seen the request, so try a new one.
        if (reused && error instanceof ClosedBeforeAnswerError && !abort.aborted && !this.#closed) continue;
        throw new UnavailableError(`the exchange failed: ${reasonOf(error, abort)}`, { cause: error });
      }
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const connection of this.#all) connection.close();
    this.#all.clear();
    this.#idle.length = 0;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new UnavailableError("the exporter is shut down"));
    for (const timer of [this.#sweep, this.#abortCheck]) if (timer !== undefined) this.#clock.clearTimer(timer);
    return Promise.resolve();
  }

  #headOf(path: string, headers: Readonly<Record<string, string>>): Uint8Array {
    let byPath = this.#heads.get(headers);
    if (byPath === undefined) this.#heads.set(headers, byPath = new Map());
    let head = byPath.get(path);
    if (head === undefined) {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
      head = encoder.encode(`POST ${path} HTTP/1.1\r\nhost: ${this.#hostHeader}\r\n${lines}content-length: `);
      byPath.set(path, head);
    }
    return head;
  }

  #takeIdle(): Connection | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.broken) return idle;
      this.#all.delete(idle); // the upstream closed it meanwhile
    }
    return undefined;
  }

  async #acquire(): Promise<Connection> {
    if (this.#closed) throw new UnavailableError("the exporter is shut down");
    if (this.#all.size + this.#opening < this.#limits.maxConnections) return await this.#connect();
    return await new Promise<Connection>((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  async #connect(): Promise<Connection> {
    this.#opening++;
    try {
      const conn = await this.#open();
      if (this.#closed) {
        conn.close();
        throw new UnavailableError("the exporter is shut down");
      }
      const connection = new Connection(conn);
      this.#all.add(connection);
      return connection;
    } catch (error) {
      this.#handOn();
      throw new UnavailableError("the connection cannot be opened", { cause: error });
    } finally {
      this.#opening--;
    }
  }

  #release(connection: Connection): void {
    if (this.#closed || connection.broken) return this.#drop(connection);
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) return waiter.resolve(connection);
    if (this.#idle.length >= this.#limits.maxIdleConnections) return this.#drop(connection);
    connection.idleSinceMs = this.#clock.monotonicMs();
    this.#idle.push(connection);
    this.#scheduleSweep();
  }

  #drop(connection: Connection): void {
    connection.close();
    this.#all.delete(connection);
    this.#handOn();
  }

  /** A place is free: whoever waits for one opens a connection of its own. */
  #handOn(): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) this.#connect().then(waiter.resolve, waiter.reject);
  }

  /** Runs as long as there are exchanges. */
  #scheduleAbortCheck(): void {
    this.#abortCheck = this.#clock.setTimer(() => {
      this.#abortCheck = undefined;
      let busy = this.#opening + this.#waiters.length;
      for (const connection of this.#all) if (connection.closeIfAborted()) busy++;
      if (busy > 0) this.#scheduleAbortCheck();
    }, ABORT_CHECK_MS);
  }

  #scheduleSweep(): void {
    if (this.#sweep !== undefined || this.#limits.idleTimeoutMs === 0) return;
    this.#sweep = this.#clock.setTimer(() => {
      this.#sweep = undefined;
      const oldestMs = this.#clock.monotonicMs() - this.#limits.idleTimeoutMs;
      while ((this.#idle[0]?.idleSinceMs ?? Infinity) <= oldestMs) {
        const old = this.#idle.shift();
        if (old !== undefined) this.#drop(old);
      }
      if (this.#idle.length > 0) this.#scheduleSweep();
    }, this.#limits.idleTimeoutMs);
  }
}

/** The upstream closed the connection and gave no byte of an answer. */
class ClosedBeforeAnswerError extends Error {
  override readonly name = "ClosedBeforeAnswerError";
}

function reasonOf(error: unknown, abort: AbortSignal): string {
  if (abort.aborted) return "it was given up before the answer came";
  if (error instanceof HttpParseError) return `the answer cannot be read, ${error.message}`;
  if (error instanceof ClosedBeforeAnswerError) return "the connection was closed before an answer came";
  return "the connection broke";
}

/**
 * One connection. A read is always under way, also while it is idle: so a close by the upstream is seen when it
 * comes, and not by the next request.
 *
 * An exchange makes as few promises and objects as it can: what is alive while requests wait for their answers is what
 * V8 copies at each scavenge, and that cost more than the sockets.
 */
class Connection {
  readonly #conn: Deno.Conn;
  readonly #readBuffer = new Uint8Array(READ_BUFFER_BYTES);
  readonly #heads = new HeadCache();
  #writeBuffer = new Uint8Array(0);
  #reading: Promise<number | null> | undefined;
  /** The last answer that came in one read, and its bytes: most answers are the same until the Date changes. */
  #lastBytes = new Uint8Array(0);
  #lastResponse: HttpResponse | undefined;
  #closed = false;
  /** Of the exchange under way. */
  #caller: AbortSignal | undefined;
  /** Answers that it has carried. */
  exchanges = 0;
  idleSinceMs = 0;
  broken = false;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  close(): void {
    this.broken = true;
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#conn.close();
    } catch {
      // The runtime has closed it already.
    }
  }

  /** @returns Whether an exchange is under way. */
  closeIfAborted(): boolean {
    if (this.#caller?.aborted === true) this.close();
    return this.#caller !== undefined;
  }

  async exchange(head: Uint8Array, body: readonly Uint8Array[], abort: AbortSignal): Promise<HttpResponse> {
    if (abort.aborted) this.close();
    this.#caller = abort;
    try {
      const reading = this.#nextRead();
      let unsent: unknown;
      try {
        const left = this.#fill(head, body) ?? await this.#writePieces(head, body);
        // All of it at once, nearly always.
        for (let sent = 0; sent < left;) sent += await this.#conn.write(this.#writeBuffer.subarray(sent, left));
      } catch (error) {
        unsent = error; // the upstream may have answered and closed without reading all of it
      }
      let count: number | null;
      try {
        count = await reading;
      } catch (error) {
        count = nullIfReset(error);
      }
      this.#reading = undefined;
      if (count === null) throw this.#closedEarly(unsent);
      const response = this.#sameAgain(count) ?? await this.#parse(count);
      this.exchanges++;
      if (!this.broken) this.#nextRead();
      return response;
    } finally {
      this.#caller = undefined;
    }
  }

  /** No byte of an answer came. @param unsent Why the request could not be written. */
  #closedEarly(unsent: unknown): unknown {
    const seen = unsent !== undefined && this.exchanges === 0;
    return seen ? unsent : new ClosedBeforeAnswerError("closed", { cause: unsent });
  }

  /** The last answer, if what was read is the same to the byte. */
  #sameAgain(count: number): HttpResponse | undefined {
    const last = this.#lastBytes;
    if (count !== last.length) return undefined;
    for (let at = 0; at < count; at++) if (this.#readBuffer[at] !== last[at]) return undefined;
    return this.#lastResponse;
  }

  async #parse(firstCount: number): Promise<HttpResponse> {
    const parser = new ResponseParser(this.#heads);
    let whole = parser.push(this.#readBuffer.subarray(0, firstCount));
    const inOneRead = whole && parser.reusable;
    while (!whole) {
      const count = await this.#nextRead();
      this.#reading = undefined;
      whole = count === null ? parser.end() : parser.push(this.#readBuffer.subarray(0, count));
      if (!whole && count === null) throw new HttpParseError("it ended in the middle");
    }
    if (!parser.reusable) this.broken = true;
    const response = parser.response();
    if (inOneRead) {
      this.#lastBytes = this.#readBuffer.slice(0, firstCount);
      this.#lastResponse = response;
    }
    return response;
  }

  /** The read that is under way, or a new one; it may end while nobody waits for it. */
  #nextRead(): Promise<number | null> {
    if (this.#reading === undefined) {
      this.#reading = this.#conn.read(this.#readBuffer);
      this.#reading.then(this.#onReadEnd, this.#onReadEnd);
    }
    return this.#reading;
  }

  /** Bytes or an end that no request asked for: the connection is of no use. */
  readonly #onReadEnd = () => {
    if (this.#caller === undefined) this.close();
  };

  /** Puts a whole request into the buffer. @returns Its length; undefined when it does not fit. */
  #fill(head: Uint8Array, body: readonly Uint8Array[]): number | undefined {
    const bodyBytes = sumOfLengths(body);
    let filled = this.#fillHead(head, bodyBytes);
    if (filled + bodyBytes > this.#writeBuffer.length) return undefined;
    for (const chunk of body) {
      this.#writeBuffer.set(chunk, filled);
      filled += chunk.length;
    }
    return filled;
  }

  /** Makes the buffer and begins it with the head, the Content-Length and the line that ends it. */
  #fillHead(head: Uint8Array, bodyBytes: number): number {
    const buffer = this.#bufferFor(head.length + MAX_LENGTH_LINE_BYTES + bodyBytes);
    buffer.set(head);
    let digits = 1;
    for (let rest = bodyBytes; rest >= 10; rest = Math.floor(rest / 10)) digits++;
    let at = head.length + digits;
    for (let rest = bodyBytes; at > head.length; rest = Math.floor(rest / 10)) buffer[--at] = 48 + rest % 10;
    buffer.set(END_OF_HEAD, head.length + digits);
    return head.length + digits + END_OF_HEAD.length;
  }

  /** Writes a request that does not fit, but for its end. @returns How much of the buffer is still to be written. */
  async #writePieces(head: Uint8Array, body: readonly Uint8Array[]): Promise<number> {
    let filled = this.#fillHead(head, sumOfLengths(body));
    const buffer = this.#writeBuffer;
    for (const chunk of body) {
      for (let at = 0; at < chunk.length;) {
        const part = Math.min(chunk.length - at, buffer.length - filled);
        buffer.set(part === chunk.length ? chunk : chunk.subarray(at, at + part), filled);
        at += part;
        filled += part;
        if (filled < buffer.length) continue;
        for (let sent = 0; sent < filled;) sent += await this.#conn.write(buffer.subarray(sent, filled));
        filled = 0;
      }
    }
    return filled;
  }

  /** One buffer a connection, as long as its longest request but no longer than a write should be. */
  #bufferFor(bytes: number): Uint8Array {
    const wanted = Math.min(bytes, WRITE_BUFFER_BYTES);
    if (this.#writeBuffer.length < wanted) {
      this.#writeBuffer = new Uint8Array(wanted < 4_096 ? 4_096 : wanted < 65_536 ? 65_536 : WRITE_BUFFER_BYTES);
    }
    return this.#writeBuffer;
  }
}

/** A reset before the first byte of an answer is a close. */
function nullIfReset(error: unknown): null {
  if (error instanceof Deno.errors.ConnectionReset) return null;
  throw error;
}
