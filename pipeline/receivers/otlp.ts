/**
 * The `otlp` receiver: OTLP over HTTP in, validated payloads to the pipelines, and what became of them back.
 *
 * The protocol itself (paths, encodings, statuses) is in routes/; this is what is asked once its side is settled.
 * Items are counted where they are known; a request that is refused before its body is read, or whose body cannot be
 * read, is counted as a request alone (`sluice_receiver_refused_requests`).
 * Sources: collector reference 3.1, 3.3 and 4; OTLP 1.11.0 "OTLP/HTTP".
 *
 * @module
 */

import type { z } from "zod";
import { httpServerShape, REQUEST_ENCODINGS } from "../config/network/http_server.ts";
import {
  anything,
  bool,
  durationMs,
  extensionId,
  int,
  keepsMetadata,
  oneOf,
  optionalSection,
  requiredText,
  section,
} from "../config/schema.ts";
import { tlsServerSchema, tlsWarnings } from "../config/network/tls.ts";
import type { ComponentDeps, ReceiverDeps, ReceiverFactory } from "../contract/component.ts";
import { type Consumer, KEPT, type Lifecycle, type Outcome, outcomeOf } from "../contract/consumer.ts";
import type { Enter, Entry, HttpServer, OtlpHandler, ReceivedRequest, RequestWatch } from "../contract/http.ts";
import type { Taken } from "../contract/tenants.ts";
import { giveBack } from "../core/bytes.ts";
import { type ErrorCode, GatewayError, InvalidPayloadError, toGatewayError } from "../core/errors.ts";
import { describeError } from "../core/log/logger.ts";
import type { MemoryBudget } from "../core/memory.ts";
import { Repeated } from "../core/log/repeated.ts";
import type { Counter } from "../core/telemetry/meter.ts";
import { traceFields } from "../core/telemetry/trace.ts";
import type { HeaderReader } from "../core/telemetry/trace_context.ts";
import { readJsonPayload } from "../otlp/json_decode.ts";
import { DEFAULT_PAYLOAD_LIMITS, type PayloadLimits } from "../otlp/limits.ts";
import type { Payload } from "../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../otlp/signals.ts";
import { readPayload } from "../otlp/validate.ts";
import { entranceOf } from "./otlp/entrance.ts";
import { NotKeptError } from "./otlp/not_kept.ts";
import { RequestWatcher } from "./otlp/request_watcher.ts";

const urlPath = (signal: Signal) =>
  requiredText().default(SIGNALS[signal].path).transform((path) => path.startsWith("/") ? path : `/${path}`);

const httpSchema = section({
  ...httpServerShape("localhost:4318"),
  traces_url_path: urlPath("traces"),
  metrics_url_path: urlPath("metrics"),
  logs_url_path: urlPath("logs"),
}).superRefine((http, context) => {
  if (new Set(pathsOf(http).values()).size < SIGNAL_NAMES.length) {
    context.addIssue({ code: "custom", message: "gives one path to two signals, wanted one path for each" });
  }
});

/** Read as the collector reads it, so that its YAML loads; told as not served. */
const grpcSchema = section({
  endpoint: requiredText().default("localhost:4317"),
  transport: oneOf(["tcp", "tcp4", "tcp6", "unix"]).default("tcp"),
  tls: tlsServerSchema.optional(),
  auth: optionalSection({ authenticator: extensionId().default("") }),
  include_metadata: keepsMetadata().default(false),
  middlewares: anything("list of extensions").optional(),
  max_recv_msg_size_mib: int({ min: 0 }).default(0),
  max_concurrent_streams: int({ min: 0 }).default(0),
  read_buffer_size: int({ min: 0 }).default(524_288),
  write_buffer_size: int({ min: 0 }).default(0),
  keepalive: optionalSection({
    server_parameters: optionalSection({
      max_connection_idle: durationMs().default(0),
      max_connection_age: durationMs().default(0),
      max_connection_age_grace: durationMs().default(0),
      time: durationMs().default(7_200_000),
      timeout: durationMs().default(20_000),
    }),
    enforcement_policy: optionalSection({
      min_time: durationMs().default(300_000),
      permit_without_stream: bool().default(false),
    }),
  }),
});

const otlpReceiverSchema = section({
  protocols: section({ grpc: grpcSchema.optional(), http: httpSchema.optional() }),
}).superRefine(({ protocols }, context) => {
  if (protocols.http === undefined && protocols.grpc === undefined) {
    context.addIssue({ code: "custom", path: ["protocols"], message: "has none, wanted http" });
  }
});

export type OtlpReceiverConfig = z.output<typeof otlpReceiverSchema>;
type HttpConfig = z.output<typeof httpSchema>;

export const otlpReceiverFactory: ReceiverFactory<OtlpReceiverConfig> = {
  type: "otlp",
  summary: "Takes OTLP over HTTP, protobuf and JSON.",
  signals: SIGNAL_NAMES,
  schema: otlpReceiverSchema,
  warnings,
  create({ protocols: { http } }, deps, next) {
    return http === undefined ? {} : new OtlpReceiver(http, deps, next);
  },
};

function grpcMessage(endpoint: string): string {
  return `gRPC is not served yet: nothing listens on ${endpoint}, senders must use OTLP over HTTP`;
}

function warnings({ protocols: { grpc, http } }: OtlpReceiverConfig): { path: string; message: string }[] {
  const found: { path: string; message: string }[] = [];
  if (grpc !== undefined) found.push({ path: "protocols::grpc", message: grpcMessage(grpc.endpoint) });
  const unknown = (http?.compression_algorithms ?? []).filter((name) =>
    !(REQUEST_ENCODINGS as readonly string[]).includes(name)
  );
  if (unknown.length > 0) {
    const message = `leaves out ${unknown.join(", ")}: requests in these codings are refused`;
    found.push({ path: "protocols::http::compression_algorithms", message });
  }
  if (http?.tls !== undefined) found.push(...tlsWarnings("protocols::http::tls", http.tls));
  if (http?.auth !== undefined && http.auth.request_params.length > 0) {
    const message = "is not obeyed: an authenticator sees headers alone";
    found.push({ path: "protocols::http::auth::request_params", message });
  }
  return found;
}

function pathsOf(
  http: Pick<HttpConfig, "traces_url_path" | "metrics_url_path" | "logs_url_path">,
): Map<Signal, string> {
  return new Map([
    ["traces", http.traces_url_path],
    ["metrics", http.metrics_url_path],
    ["logs", http.logs_url_path],
    ["profiles", SIGNALS.profiles.path],
  ]);
}

/** One signal of one receiver: where its payloads go, and what is counted. */
interface Route {
  readonly consumer: Consumer;
  readonly accepted: Counter;
  readonly refused: Counter;
  readonly failed: Counter;
  /** Items of senders that left before they had an answer: nobody has refused them. */
  readonly abandoned: Counter;
  /** Requests by outcome. */
  readonly requests: Readonly<Record<"success" | "refused" | "failure", Counter>>;
}

class OtlpReceiver implements OtlpHandler, Lifecycle {
  readonly paths: ReadonlyMap<string, Signal>;
  readonly metadata: "all" | readonly string[];
  readonly memory: MemoryBudget;
  /** Absent without tenants and authenticator: then nobody is asked. */
  readonly enter?: Enter;
  readonly #config: HttpConfig;
  readonly #deps: ComponentDeps & ReceiverDeps;
  readonly #limits: PayloadLimits;
  readonly #routes: ReadonlyMap<Signal, Route>;
  readonly #refusals: Refusals;
  readonly #watcher: RequestWatcher;
  #server: HttpServer | undefined;

  constructor(
    config: HttpConfig,
    deps: ComponentDeps & ReceiverDeps,
    next: ReadonlyMap<Signal, Consumer>,
  ) {
    this.#config = config;
    this.#deps = deps;
    this.#limits = { ...DEFAULT_PAYLOAD_LIMITS, maxBodyBytes: config.max_request_body_size };
    this.metadata = config.include_metadata ? "all" : [];
    this.memory = deps.memory;
    const enter = entranceOf(config.auth?.authenticator ?? "", deps);
    if (enter !== undefined) this.enter = enter;
    const served = [...pathsOf(config)].filter(([signal]) => next.has(signal));
    this.paths = new Map(served.map(([signal, path]) => [path, signal]));
    this.#routes = new Map([...next].map(([signal, consumer]) => [signal, routeOf(signal, consumer, deps)]));
    this.#refusals = new Refusals(deps);
    this.#watcher = new RequestWatcher(deps, pathsOf(config));
  }

  async start(): Promise<void> {
    this.#server = await this.#deps.serveHttp(this.#config, { otlp: this });
    const { hostname: address, port } = this.#server.address;
    this.#deps.logger.info("OTLP over HTTP is served", { address, port });
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    await this.#server?.shutdown(deadline);
  }

  admit(signal: Signal, bodyBytes: number): void {
    this.#route(signal).consumer.admit?.(bodyBytes);
  }

  watch(signal: Signal, headers: HeaderReader): RequestWatch | undefined {
    return this.#watcher.watch(signal, headers);
  }

  refused(error: GatewayError, watch?: RequestWatch): void {
    this.#refusals.note(error, watch);
  }

  async accept(
    { signal, encoding, body, origin, watch, visit }: ReceivedRequest,
    abort: AbortSignal,
  ): Promise<Outcome> {
    const route = this.#route(signal);
    // An empty message of protobuf is one; JSON has none, so the body was lost on its way.
    if (encoding === "json" && body.length === 0) throw emptyJson();
    const read = encoding === "protobuf" ? readPayload : readJsonPayload;
    const owned = visit === undefined ? origin : visit.originOf(origin);
    const payload = read(
      signal,
      body,
      this.#limits,
      watch?.trace === undefined ? owned : { ...owned, trace: watch.trace },
    );
    watch?.ended("validate");
    if (payload.itemCount === 0) return signal === "profiles" && payload.byteLength > 0 ? NO_SAMPLES : KEPT;
    const taken = visit === undefined ? undefined : take(visit, payload, route);
    let outcome: Outcome;
    try {
      outcome = taken === undefined || taken.rejectedItems === 0
        ? await route.consumer.consume(taken?.payload ?? payload, abort)
        : await passOn(taken, route.consumer, abort);
    } catch (thrown) {
      throw this.#refuse(route, payload, whyStopped(abort) ?? toGatewayError(thrown));
    }
    route.requests.success.add(1);
    route.accepted.add(payload.itemCount - outcome.rejectedItems);
    if (outcome.rejectedItems > 0) route.refused.add(outcome.rejectedItems);
    if (encoding === "json" && outcome.isHeld !== true) payload.chunks.forEach(giveBack); // the body's are its reader's
    return outcome;
  }

  #refuse({ failed, refused, abandoned, requests }: Route, payload: Payload, error: GatewayError): GatewayError {
    const isOurs = error.code === "internal";
    (isOurs ? failed : error.code === "cancelled" ? abandoned : refused).add(payload.itemCount);
    (isOurs ? requests.failure : requests.refused).add(1);
    if (isOurs) {
      const { signal, itemCount: items, origin } = payload;
      const fields = { signal, items, error: describeError(error), ...traceFields(origin.trace?.context) };
      this.#deps.logger.error("Cannot process a request", fields);
    }
    return new NotKeptError(error);
  }

  #route(signal: Signal): Route {
    const route = this.#routes.get(signal);
    if (route === undefined) throw new TypeError(`Cannot take ${signal}: no pipeline has it`);
    return route;
  }
}

function emptyJson(): InvalidPayloadError {
  return new InvalidPayloadError("Cannot read JSON: the body is empty, wanted one JSON object", { offset: 0 });
}

/** Why nobody works for a request any more though its sender waits; undefined while somebody does, or when it left. */
function whyStopped({ reason }: AbortSignal): GatewayError | undefined {
  return reason instanceof GatewayError && reason.code !== "cancelled" ? reason : undefined;
}

/** What the gate takes of a payload. @throws {GatewayError} Nothing: its sender is told by whom and why. */
function take(visit: Entry, payload: Payload, { refused, requests }: Route): Taken {
  try {
    return visit.take(payload);
  } catch (thrown) {
    refused.add(payload.itemCount);
    requests.refused.add(1);
    throw thrown;
  }
}

/** A part was taken: it goes on, if there is any, and the rest is rejected with what is rejected behind. */
async function passOn({ payload, rejectedItems, message }: Taken, next: Consumer, abort: AbortSignal) {
  if (payload.itemCount === 0) return { rejectedItems, message };
  const outcome = await next.consume(payload, abort);
  const told = outcome.message === "" ? message : `${message}; ${outcome.message}`;
  return outcomeOf(rejectedItems + outcome.rejectedItems, told, outcome.isHeld === true);
}

/** Counts and logs the requests that are not answered with 200. */
class Refusals {
  readonly #deps: ComponentDeps;
  /** By code: there are few, and most are never met. */
  readonly #counters = new Map<ErrorCode, Counter>();
  readonly #repeated = new Map<ErrorCode, Repeated>();

  constructor(deps: ComponentDeps) {
    this.#deps = deps;
  }

  note(error: GatewayError, watch: RequestWatch | undefined): void {
    const { clock, logger } = this.#deps;
    this.#counterOf(error.code).add(1);
    let repeated = this.#repeated.get(error.code);
    if (repeated === undefined) this.#repeated.set(error.code, repeated = new Repeated());
    const requests = repeated.note(clock.monotonicMs());
    if (requests === undefined) return;
    const last = { status: error.httpStatus, last_error: describeError(error), ...traceFields(watch?.trace?.context) };
    logger.warn("requests are refused", { requests, ...last });
  }

  /** A series a code, made when it is first seen. */
  #counterOf(code: ErrorCode): Counter {
    const known = this.#counters.get(code);
    if (known !== undefined) return known;
    const { id, meter } = this.#deps;
    const made = meter.counter("sluice_receiver_refused_requests", { receiver: id, transport: "http", code });
    this.#counters.set(code, made);
    return made;
  }
}

/** The collector drops such a request without a word. */
const NO_SAMPLES: Outcome = { rejectedItems: 0, message: "Nothing is passed on: the profiles have no samples" };

function routeOf(signal: Signal, consumer: Consumer, { id, meter }: ComponentDeps): Route {
  const attributes = { receiver: id, transport: "http" };
  const counter = (what: string) =>
    meter.counter(`otelcol_receiver_${what}_${SIGNALS[signal].metricSuffix}`, attributes);
  const requests = (outcome: string) => meter.counter("otelcol_receiver_requests", { ...attributes, outcome });
  return {
    consumer,
    accepted: counter("accepted"),
    refused: counter("refused"),
    failed: counter("failed"),
    abandoned: meter.counter(`sluice_receiver_abandoned_${SIGNALS[signal].metricSuffix}`, attributes),
    requests: { success: requests("success"), refused: requests("refused"), failure: requests("failure") },
  };
}
