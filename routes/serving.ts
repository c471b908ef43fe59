/**
 * What both servers of the listener share: which application answers, until another one does, and the deadlines.
 *
 * @module
 */

import type { HttpServerConfig } from "../pipeline/config/network/http_server.ts";
import type { HttpApp } from "../pipeline/contract/http.ts";
import { DeadlineExceededError, type GatewayError, UnavailableError } from "../pipeline/core/errors.ts";
import type { Exchange } from "./exchange.ts";
import { callFetch } from "./fetch_adapter.ts";
import { createOtlpProtocol } from "./otlp_protocol.ts";

/** How often deadlines are looked at, at the least and at the most, milliseconds. */
const MIN_CHECK_MS = 20;
const MAX_CHECK_MS = 1_000;
/** How long after the deadline of a shutdown answers may still be on their way, milliseconds: less than a graph waits. */
const LAST_ANSWERS_MS = 500;
/** When a sender that is sent away may come back, milliseconds: by then a balancer knows another gateway. */
const COME_BACK_MS = 1_000;

/** Answers one exchange and writes the answer. */
type Serve = (exchange: Exchange, isKept: () => boolean) => Promise<void>;

/** What answers requests, until something else does. */
export class Serving {
  readonly #serve: Serve;
  /** Requests that it has not answered. */
  #active = 0;
  readonly #ended = Promise.withResolvers<void>();
  #isReplaced = false;

  /**
   * @param origin Of the listener: `http://host:port`.
   * @throws {TypeError} A response header has a name or value that HTTP does not allow.
   */
  constructor(config: HttpServerConfig, app: HttpApp, origin: () => string) {
    this.#serve = "otlp" in app ? serveOtlp(config, app) : serveFetch(config, app, origin);
  }

  /** Never rejects. @param isKept Whether a connection may stay open behind an answer that is written now. */
  serve(exchange: Exchange, isKept: () => boolean): Promise<void> {
    this.#active++;
    return this.#serve(exchange, isKept).then(this.#answered, this.#answered);
  }

  /** Or its connection broke while the answer was written. */
  readonly #answered = () => {
    this.#active--;
    if (this.#isReplaced && this.#active === 0) this.#ended.resolve();
  };

  /** It gets no more requests. @returns Settles when it has answered those it has. */
  replaced(): Promise<void> {
    this.#isReplaced = true;
    if (this.#active === 0) this.#ended.resolve();
    return this.#ended.promise;
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

/** Milliseconds; 0 is none. Headers are a part of the request: their deadline cannot be the later one. */
export function timeoutsOf({ read_timeout, read_header_timeout }: HttpServerConfig) {
  const requestMs = Math.ceil(read_timeout);
  const ownMs = Math.ceil(read_header_timeout);
  const headMs = requestMs > 0 ? Math.min(ownMs || requestMs, requestMs) : ownMs;
  return { requestMs, headMs };
}

export function slowBody({ read_timeout }: HttpServerConfig): GatewayError {
  return new DeadlineExceededError(`Cannot read the body: it is not whole after ${read_timeout} ms`);
}

/** What a sender is told whose request is not done when the gateway stops. */
function stopping(): GatewayError {
  return new UnavailableError("Cannot answer the request: the gateway stops, wanted time until it is done", {
    retryAfterMs: COME_BACK_MS,
  });
}

/**
 * What becomes of those who still wait at the deadline of a shutdown: they are told, and what is open a moment later is
 * cut off.
 *
 * @param tell Has every request answered with this error.
 * @returns Takes it back: everything is closed.
 */
export function atDeadline(deadline: AbortSignal, tell: (error: GatewayError) => void, cut: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    timer = setTimeout(cut, LAST_ANSWERS_MS);
    tell(stopping());
  };
  if (deadline.aborted) end();
  else deadline.addEventListener("abort", end, { once: true });
  return () => {
    deadline.removeEventListener("abort", end);
    clearTimeout(timer);
  };
}

/** A quarter of the shortest deadline, within reason. */
export function checkInterval(timeoutsMs: readonly number[]): number {
  const shortest = Math.min(...timeoutsMs.filter((timeoutMs) => timeoutMs > 0));
  return Math.floor(Math.min(Math.max(shortest / 4, MIN_CHECK_MS), MAX_CHECK_MS));
}
