/**
 * Sends the gateway's own spans, log records and metrics by OTLP over HTTP. It needs the network alone, and runs wherever
 * `fetch` does. Own telemetry never holds up data: what cannot be delivered in three attempts is dropped and said.
 * Source: OTLP 1.11.0, "OTLP/HTTP"; W3C Trace Context 3.2.
 *
 * @module
 */

import type { OtlpConfig } from "../../pipeline/config/service_telemetry.ts";
import { type Clock, sleep } from "../../pipeline/core/clock.ts";
import { describeError, type Logger } from "../../pipeline/core/log/logger.ts";
import { Repeated } from "../../pipeline/core/log/repeated.ts";
import { newTraceId } from "../../pipeline/core/telemetry/trace_sampler.ts";
import { requestToJson } from "../../pipeline/otlp/json_encode.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";

export interface OtlpPushDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

const ATTEMPTS = 3;
/** Before the second attempt; twice as long before the third. Milliseconds. */
const FIRST_BACKOFF_MS = 500;
const RETRIED_STATUSES = [429, 502, 503, 504];
/** How long what is left of own telemetry may hold up a stop, milliseconds. */
const LAST_WORDS_MS = 3_000;

/** An attempt that failed. */
interface Failure {
  readonly error: Error;
  readonly retryable: boolean;
}

const NEVER = new AbortController().signal;

export class OtlpPush {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #signal: Signal;
  readonly #isJson: boolean;
  readonly #isGzip: boolean;
  readonly #timeoutMs: number;
  readonly #deps: OtlpPushDeps;
  readonly #failures = new Repeated();

  /** @param signal Its path, `/v1/traces`, is used when the endpoint has none. */
  constructor(config: OtlpConfig, signal: Signal, deps: OtlpPushDeps) {
    this.#url = urlOf(config.endpoint, `/v1/${signal}`);
    this.#signal = signal;
    this.#isJson = config.protocol === "http/json";
    this.#isGzip = config.compression === "gzip";
    this.#timeoutMs = config.timeout;
    this.#headers = {
      "content-type": this.#isJson ? "application/json" : "application/x-protobuf",
      ...(this.#isGzip ? { "content-encoding": "gzip" } : {}),
      ...headersIn(config.headers_list),
      ...config.headers,
    };
    this.#deps = deps;
  }

  /**
   * @param request Wire bytes.
   * @param abort Gives it up.
   * @throws {Error} Not delivered; it was said.
   */
  async send(request: Uint8Array, abort: AbortSignal = NEVER): Promise<void> {
    try {
      const bytes = this.#isJson ? requestToJson(this.#signal, request) : request;
      await this.#deliver(this.#isGzip ? await gzip(bytes) : bytes, abort);
    } catch (thrown) {
      this.#tell(thrown);
      throw thrown;
    }
  }

  async #deliver(body: Uint8Array, abort: AbortSignal): Promise<void> {
    for (let attempt = 1;; attempt++) {
      const failure = await this.#attempt(body, abort);
      if (failure === undefined) return;
      if (!failure.retryable || attempt === ATTEMPTS) throw failure.error;
      const waitMs = FIRST_BACKOFF_MS * attempt * (0.5 + this.#deps.random());
      if (!await sleep(this.#deps.clock, waitMs, abort)) throw failure.error;
    }
  }

  async #attempt(body: Uint8Array, abort: AbortSignal): Promise<Failure | undefined> {
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: { ...this.#headers, traceparent: notTraced(this.#deps.random()) },
        body: body as Uint8Array<ArrayBuffer>,
        signal: AbortSignal.any([abort, AbortSignal.timeout(this.#timeoutMs)]),
      });
      await response.body?.cancel();
      if (response.ok) return undefined;
      const retryable = RETRIED_STATUSES.includes(response.status);
      return { error: new Error(`the destination answered ${response.status}`), retryable };
    } catch (thrown) {
      return { error: new Error("no answer from the destination", { cause: thrown }), retryable: true };
    }
  }

  #tell(thrown: unknown): void {
    const failures = this.#failures.note(this.#deps.clock.monotonicMs());
    if (failures === undefined) return;
    this.#deps.logger.warn("Cannot send own telemetry", { failures, last_error: describeError(thrown) });
  }
}

/** Sends what is left, but not for long; whether it arrives is nothing that a stop depends on. */
export async function lastWords(flush: Promise<unknown>, deadline: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LAST_WORDS_MS);
  deadline.addEventListener("abort", () => resolve(), { once: true });
  if (!deadline.aborted) await Promise.race([flush.catch(() => {}), promise]); // what failed was said
  clearTimeout(timer);
}

/** The endpoint as it is when it has a path, else with that of the signal. */
function urlOf(endpoint: string, path: string): string {
  const url = new URL(/^[a-z]+:\/\//i.test(endpoint) ? endpoint : `http://${endpoint}`);
  if (url.pathname === "/") url.pathname = path;
  return url.href;
}

/** `a=1,b=2`, values percent-encoded as in W3C Baggage. */
function headersIn(list: string): Record<string, string> {
  const pairs = list.split(",").map((pair) => pair.trim()).filter((pair) => pair !== "");
  return Object.fromEntries(pairs.map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return [name.trim(), decodeURIComponent(value.join("=").trim())];
  }));
}

/** Whoever takes it, this gateway perhaps, makes no spans of it: they would be sent as well, and so on. */
function notTraced(random: number): string {
  const traceId = newTraceId(random);
  return `00-${traceId}-${traceId.slice(0, 15)}1-00`;
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
