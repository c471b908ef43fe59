/**
 * Sends the gateway's own spans, log records and metrics by OTLP over HTTP, for the processors of the OpenTelemetry SDK.
 *
 * The SDK's own OTLP exporters ask the environment for settings that nobody configured, and need the permission to do
 * so; this one needs the network alone, and runs wherever `fetch` does. Own telemetry never holds up data: what cannot
 * be delivered in three attempts is dropped and said.
 * Source: OTLP 1.11.0, "OTLP/HTTP"; W3C Trace Context 3.2.
 *
 * @module
 */

import type { OtlpConfig } from "../../pipeline/config/service_telemetry.ts";
import { type Clock, sleep } from "../../pipeline/core/clock.ts";
import { describeError, type Logger } from "../../pipeline/core/log.ts";
import { Repeated } from "../../pipeline/core/repeated.ts";
import { newTraceId } from "../../pipeline/core/trace_sampler.ts";

/** Makes a request of what an SDK collected. */
export interface Serializer<Items> {
  serializeRequest(items: Items): Uint8Array | undefined;
}

/** One for each encoding of OTLP. */
export interface Serializers<Items> {
  readonly protobuf: Serializer<Items>;
  readonly json: Serializer<Items>;
}

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
/** Of the SDK's `ExportResultCode`. */
const SUCCESS = 0;
const FAILED = 1;

/** The result as the SDK wants it. */
interface Result {
  code: number;
  error?: Error;
}

/** An exporter for any of the three SDKs. */
export class OtlpPush<Items> {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #serializer: Serializer<Items>;
  readonly #isGzip: boolean;
  readonly #timeoutMs: number;
  readonly #deps: OtlpPushDeps;
  readonly #failures = new Repeated();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #over = new AbortController();

  /** @param path Of the signal: `/v1/traces`; it is used when the endpoint has none. */
  constructor(config: OtlpConfig, path: string, serializers: Serializers<Items>, deps: OtlpPushDeps) {
    const isJson = config.protocol === "http/json";
    this.#url = urlOf(config.endpoint, path);
    this.#serializer = isJson ? serializers.json : serializers.protobuf;
    this.#isGzip = config.compression === "gzip";
    this.#timeoutMs = config.timeout;
    this.#headers = {
      "content-type": isJson ? "application/json" : "application/x-protobuf",
      ...(this.#isGzip ? { "content-encoding": "gzip" } : {}),
      ...headersIn(config.headers_list),
      ...config.headers,
    };
    this.#deps = deps;
  }

  export(items: Items, done: (result: Result) => void): void {
    const sent = this.send(items).then(
      () => done({ code: SUCCESS }),
      (error: Error) => done({ code: FAILED, error }),
    );
    this.#underWay.add(sent);
    void sent.finally(() => this.#underWay.delete(sent));
  }

  /** @throws {Error} Not delivered; it was said. */
  async send(items: Items): Promise<void> {
    try {
      const bytes = this.#serializer.serializeRequest(items);
      if (bytes === undefined) throw new Error("it cannot be serialized");
      await this.#deliver(this.#isGzip ? await gzip(bytes) : bytes);
    } catch (thrown) {
      this.#tell(thrown);
      throw thrown;
    }
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Waits for what is under way. */
  async shutdown(): Promise<void> {
    await this.forceFlush();
    this.#over.abort();
  }

  async #deliver(body: Uint8Array): Promise<void> {
    for (let attempt = 1;; attempt++) {
      const failure = await this.#attempt(body);
      if (failure === undefined) return;
      if (!failure.retryable || attempt === ATTEMPTS) throw failure.error;
      const waitMs = FIRST_BACKOFF_MS * attempt * (0.5 + this.#deps.random());
      if (!await sleep(this.#deps.clock, waitMs, this.#over.signal)) throw failure.error;
    }
  }

  async #attempt(body: Uint8Array): Promise<{ readonly error: Error; readonly retryable: boolean } | undefined> {
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: { ...this.#headers, traceparent: notTraced(this.#deps.random()) },
        body: body as Uint8Array<ArrayBuffer>,
        signal: AbortSignal.timeout(this.#timeoutMs),
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
export async function lastWords(flush: Promise<void>, deadline: AbortSignal): Promise<void> {
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
