/**
 * The `otlp_http` exporter: OTLP over HTTP to an upstream collector.
 *
 * Sources: OTLP 1.11.0 "OTLP/HTTP"; collector reference 1.9, 3.2, 3.6 and 5.1.
 *
 * @module
 */

import type { z } from "zod";
import type { ClientAuthenticator } from "../../contract/authenticator.ts";
import type { ComponentDeps, ExporterFactory } from "../../contract/component.ts";
import { type Consumer, KEPT, type Lifecycle, type Outcome } from "../../contract/consumer.ts";
import { httpClientShape, INERT_DEFAULTS } from "../../config/network/http_client.ts";
import { readHttpUrl } from "../../config/network/http_url.ts";
import { oneOf, section, text } from "../../config/schema.ts";
import { tlsWarnings } from "../../config/network/tls.ts";
import { giveBack } from "../../core/bytes.ts";
import {
  type ErrorCode,
  type GatewayError,
  OwnCredentialsError,
  RejectedError,
  ThrottledError,
  UnavailableError,
} from "../../core/errors.ts";
import { parseRetryAfterMs } from "../../core/retry_after.ts";
import { counted } from "../../core/text.ts";
import { StageTimes, type Stopwatch } from "../../core/telemetry/stages.ts";
import { payloadToJson } from "../../otlp/json_encode.ts";
import type { Payload } from "../../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../../otlp/signals.ts";
import { decodeResponse, decodeResponseJson } from "../../otlp/partial_success.ts";
import { decodeStatus, decodeStatusJson } from "../../otlp/status.ts";
import { createSenderChain } from "../../queue/sender_chain.ts";
import { queueWait, queueWarnings, senderShape } from "../../queue/settings.ts";
import { compress, type ContentEncoding } from "../../wire/compression.ts";
import { createTcpTransport } from "./tcp_transport.ts";
import type { ConnectionLimits, HttpResponse, HttpTransport } from "./transport.ts";

const schema = section({
  ...httpClientShape({ timeoutMs: 30_000, compression: "gzip" }),
  ...senderShape(),
  traces_endpoint: text().default(""),
  metrics_endpoint: text().default(""),
  logs_endpoint: text().default(""),
  profiles_endpoint: text().default(""),
  encoding: oneOf(["proto", "json"]).default("proto"),
}).superRefine((config, context) => {
  const urls = [
    ["endpoint", config.endpoint],
    ...SIGNAL_NAMES.map((signal) => [`${signal}_endpoint`, config[`${signal}_endpoint`]]),
  ];
  if (urls.every(([, url]) => url === "")) {
    context.addIssue({
      code: "custom",
      path: ["endpoint"],
      message: "is missing, wanted a URL like http://collector:4318",
    });
  }
  for (const [key, url] of [...urls, ["proxy_url", config.proxy_url]]) {
    if (url && readHttpUrl(url) === undefined) {
      context.addIssue({ code: "custom", path: [key as string], message: "is not an http:// or https:// URL" });
    }
  }
});

export type OtlpHttpConfig = z.output<typeof schema>;

/** Keys that load so that a collector's YAML runs, and change nothing here; told when they ask for something. */
function inertKeys(config: OtlpHttpConfig): { path: string; message: string }[] {
  const http1 = "is not obeyed: requests go by HTTP/1.1";
  const buffers = "is not obeyed: the runtime chooses the size of its buffers";
  const keys: readonly (readonly [asked: boolean, path: string, message: string])[] = [
    [config.middlewares !== undefined, "middlewares", "loads but does nothing yet"],
    [config.cookies?.enabled === true, "cookies", "loads but does nothing yet"],
    [config.http2_read_idle_timeout > 0, "http2_read_idle_timeout", http1],
    [config.http2_ping_timeout !== INERT_DEFAULTS.http2_ping_timeout, "http2_ping_timeout", http1],
    [config.read_buffer_size > 0, "read_buffer_size", buffers],
    [config.write_buffer_size !== INERT_DEFAULTS.write_buffer_size, "write_buffer_size", buffers],
  ];
  return keys.flatMap(([asked, path, message]) => asked ? [{ path, message }] : []);
}

/** Who writes a signal's path into `endpoint` gets it twice, and every export is answered 404. */
function pathWarnings(endpoint: string): { path: string; message: string }[] {
  const own = URL.parse(endpoint)?.pathname.replace(/\/$/, "") ?? "";
  const signal = SIGNAL_NAMES.find((name) => own.endsWith(SIGNALS[name].path));
  if (signal === undefined) return [];
  const { path } = SIGNALS[signal];
  const message = `ends in ${path}, and each signal's path is put behind it (${path}${path}): ` +
    `wanted the URL without it, or ${signal}_endpoint`;
  return [{ path: "endpoint", message }];
}

export const otlpHttpExporterFactory: ExporterFactory<OtlpHttpConfig> = {
  type: "otlp_http",
  aliases: ["otlphttp"],
  summary: "Sends OTLP over HTTP to an upstream collector or backend.",
  signals: SIGNAL_NAMES,
  schema,
  warnings: (config) => [
    ...pathWarnings(config.endpoint),
    ...inertKeys(config),
    ...(config.tls === undefined ? [] : tlsWarnings("tls", config.tls)),
    ...queueWarnings(config.sending_queue),
  ],
  senderWait: ({ sending_queue }) => queueWait(sending_queue),
  create(config, deps) {
    const push = new OtlpHttpPush(config, deps);
    const { timeout, retry_on_failure, sending_queue } = config;
    return createSenderChain(push, { timeoutMs: timeout, retry_on_failure, sending_queue }, deps);
  },
};

/**
 * The URL that a signal goes to: its own endpoint as it is, else the base with the signal's path.
 *
 * @returns undefined when neither is configured for it.
 */
export function signalUrl(config: OtlpHttpConfig, signal: Signal): URL | undefined {
  const own = config[`${signal}_endpoint`];
  if (own !== "") return new URL(own);
  if (config.endpoint === "") return undefined;
  return new URL(config.endpoint.replace(/\/$/, "") + SIGNALS[signal].path);
}

type Deps = Parameters<ExporterFactory<OtlpHttpConfig>["create"]>[1];

/** @throws {TypeError} There is no such authenticator, or it knows no credentials for a destination. */
function clientAuthenticator(id: string, { authenticators }: Deps): ClientAuthenticator | undefined {
  if (id === "") return undefined;
  const client = authenticators?.(id).client;
  if (client === undefined) {
    throw new TypeError(`Cannot authenticate by ${JSON.stringify(id)}: it has no credentials for a destination`);
  }
  return client;
}

/** One attempt: encode, compress, post, read the answer. */
class OtlpHttpPush implements Consumer, Lifecycle {
  readonly #config: OtlpHttpConfig;
  readonly #deps: Deps;
  readonly #url: URL;
  readonly #path: string;
  /** What is asked, for the log: without credentials and query, which may be one. */
  readonly #asked: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #encoding: ContentEncoding;
  readonly #stages: StageTimes;
  /** Who tells the destination who sends. */
  readonly #authenticator: ClientAuthenticator | undefined;
  /** The headers with its credentials: one object as long as they stay, which the transport writes out once. */
  #authenticated: Readonly<Record<string, string>> = {};
  #transport: HttpTransport | undefined;

  constructor(config: OtlpHttpConfig, deps: Deps) {
    const url = signalUrl(config, deps.signal);
    if (url === undefined) {
      throw new TypeError(
        `Cannot make exporter ${deps.id}: it has no endpoint for ${deps.signal}, wanted endpoint or ${deps.signal}_endpoint`,
      );
    }
    this.#config = config;
    this.#deps = deps;
    this.#url = url;
    this.#path = url.pathname + url.search;
    this.#asked = `POST ${url.origin}${url.pathname}`;
    this.#encoding = config.compression === "none" ? "" : config.compression;
    this.#headers = requestHeaders(config, this.#encoding);
    this.#stages = new StageTimes(deps, deps.id);
    this.#authenticator = clientAuthenticator(config.auth?.authenticator ?? "", deps);
  }

  async start(): Promise<void> {
    this.#transport = await createTransport(this.#config, this.#url, this.#deps);
  }

  async shutdown(): Promise<void> {
    await this.#transport?.close();
  }

  async consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const transport = this.#transport;
    if (transport === undefined) throw new UnavailableError(`Cannot export to "${this.#deps.id}": it has not started`);
    const watch = this.#stages.isTimed() ? this.#stages.start() : undefined;
    const chunks = this.#encoded(payload, watch);
    const body = this.#encoding === "" ? chunks : [await this.#compressed(this.#encoding, chunks)];
    if (this.#encoding !== "") watch?.ended("compress");
    let response: HttpResponse;
    try {
      response = await transport.post(this.#path, this.#headersFor(payload), body, abort);
      watch?.ended("send");
      for (const made of [chunks, body]) if (made !== payload.chunks) made.forEach(giveBack);
    } catch (error) {
      // The sender is not told which upstream it was; the log has the causes.
      throw new UnavailableError(`Cannot export to "${this.#deps.id}": no answer from the destination`, {
        cause: this.#about(error),
      });
    }
    if (response.status >= 200 && response.status < 300) return this.#outcome(payload, response);
    throw this.#refusal(payload, response);
  }

  /** A failed exchange, with what was asked in the same place: the log goes only so deep. */
  #about(error: unknown): Error {
    return error instanceof Error
      ? new Error(`${this.#asked}: ${error.message}`, { cause: error.cause })
      : new Error(this.#asked, { cause: error });
  }

  #encoded(payload: Payload, watch: Stopwatch | undefined): readonly Uint8Array[] {
    if (this.#config.encoding !== "json") return payload.chunks;
    const json = payloadToJson(payload);
    watch?.ended("encode");
    return [json];
  }

  /** Those of every request, the trace that this one is a part of, and the credentials of this moment. */
  #headersFor({ origin }: Payload): Readonly<Record<string, string>> {
    const { tracer } = this.#deps;
    const traced = origin.trace === undefined || tracer === undefined
      ? this.#headers
      : { ...Object.fromEntries(tracer.inject(origin.trace.context)), ...this.#headers };
    if (this.#authenticator === undefined) return traced;
    const [name, value] = this.#authenticator.credentials();
    if (traced !== this.#headers) return { ...traced, [name]: value };
    if (this.#authenticated[name] !== value) this.#authenticated = { ...traced, [name]: value };
    return this.#authenticated;
  }

  #compressed(encoding: ContentEncoding, chunks: readonly Uint8Array[]): Uint8Array | Promise<Uint8Array> {
    return compress(encoding, chunks, this.#config.compression_params.level);
  }

  #outcome(payload: Payload, response: HttpResponse): Outcome {
    if (response.body.length === 0) return KEPT;
    const contentType = response.header("content-type");
    if (contentType !== this.#headers["content-type"]) return KEPT;
    const partial = this.#config.encoding === "json"
      ? decodeResponseJson(payload.signal, response.body)
      : decodeResponse(response.body);
    if (partial === undefined) return KEPT;
    const rejectedItems = Math.min(partial.rejectedItems, payload.itemCount);
    this.#deps.logger.warn("the destination kept only a part", { rejected: rejectedItems, message: partial.message });
    return { rejectedItems, message: partial.message };
  }

  #refusal(payload: Payload, response: HttpResponse): GatewayError {
    const { status } = response;
    const items = counted(payload.itemCount, SIGNALS[payload.signal].itemName);
    const message = `Cannot export ${items} to "${this.#deps.id}": the destination answered ${status}`;
    const said = whatItSaid(response);
    const cause = new Error(said === "" ? this.#asked : `${this.#asked}: ${said}`);
    const retryAfterMs = parseRetryAfterMs(response.header("retry-after"), this.#deps.clock.nowMs());
    if (status === 429) return new ThrottledError(message, { retryAfterMs, cause });
    if (status === 502 || status === 503 || status === 504) {
      return new UnavailableError(message, { retryAfterMs, cause });
    }
    // 401, 403: the credentials are the gateway's own, a sender's go no further than here.
    if (status === 401 || status === 403) {
      return new OwnCredentialsError(`${message}: it refuses the gateway's credentials`, { retryAfterMs, cause });
    }
    return new RejectedError(message, FINAL_STATUS_CODES[status] ?? "unknown", { cause });
  }
}

/** The upstream's own words, for the log; "" when it has none. */
function whatItSaid(response: HttpResponse): string {
  const isJson = response.header("content-type")?.startsWith("application/json") === true;
  const said = isJson ? decodeStatusJson(response.body) : decodeStatus(response.body);
  return said?.message ?? "";
}

/** What a final status of the upstream means (collector reference 1.9); others are "unknown". */
const FINAL_STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  400: "invalid_argument",
  404: "unimplemented",
};

function requestHeaders(config: OtlpHttpConfig, encoding: string): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {
    "content-type": config.encoding === "json" ? "application/json" : "application/x-protobuf",
    "user-agent": `sluice/0.1.0 (${Deno.build.os}/${Deno.build.arch})`,
    ...(encoding === "" ? {} : { "content-encoding": encoding === "zlib" ? "deflate" : encoding }),
  };
  for (const [name, value] of Object.entries(config.headers)) {
    if (name.toLowerCase() !== "host") headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** Plain connections of our own where they will do; undici, loaded only then, for TLS and proxies. */
async function createTransport(config: OtlpHttpConfig, url: URL, deps: ComponentDeps): Promise<HttpTransport> {
  const maxIdle = config.disable_keep_alives ? 0 : config.max_idle_conns_per_host || config.max_idle_conns || Infinity;
  const limits: ConnectionLimits = {
    maxConnections: config.max_conns_per_host || MAX_CONNECTIONS,
    maxIdleConnections: maxIdle,
    idleTimeoutMs: config.idle_conn_timeout,
  };
  if (url.protocol === "https:" || config.proxy_url !== "") {
    const { createUndiciTransport } = await import("./undici_transport.ts");
    return await createUndiciTransport({ origin: url.origin, tls: config.tls, proxyUrl: config.proxy_url, limits });
  }
  const hostHeader = Object.entries(config.headers).find(([name]) => name.toLowerCase() === "host")?.[1] ?? url.host;
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return createTcpTransport({ hostname, port: Number(url.port || 80), hostHeader, limits, clock: deps.clock });
}

/** Connections to one upstream when the config sets no bound. */
const MAX_CONNECTIONS = 1_000;
