/**
 * OTLP/HTTP without a framework: from a request's head and body to the answer. The listener and the Hono app both call
 * it, so that there is one reading of the protocol.
 *
 * Sources: OTLP 1.11.0 "OTLP/HTTP"; RFC 9110 (405 names the allowed methods, 415 the codings, Retry-After is in
 * seconds); RFC 9112 6.1 (501 for a transfer coding that is not understood).
 *
 * @module
 */

import type { HttpServerConfig } from "../pipeline/config/network/http_server.ts";
import type { Outcome } from "../pipeline/contract/consumer.ts";
import type { Entry, OtlpEncoding, OtlpHandler, RequestWatch } from "../pipeline/contract/http.ts";
import type { Sender } from "../pipeline/contract/tenants.ts";
import { giveBack } from "../pipeline/core/bytes.ts";
import { type ErrorCode, GatewayError, toGatewayError, UnauthenticatedError } from "../pipeline/core/errors.ts";
import { encodeResponse, encodeResponseJson } from "../pipeline/otlp/partial_success.ts";
import type { Origin } from "../pipeline/otlp/payload.ts";
import type { Signal } from "../pipeline/otlp/signals.ts";
import { encodeStatus, encodeStatusJson } from "../pipeline/otlp/status.ts";
import { compress, type ContentEncoding, decompress } from "../pipeline/wire/compression.ts";
import { BodyBuffer, type SharedRooms, SmallRooms } from "./body.ts";
import { type Cors, createCors } from "./cors.ts";
import { LargeBodies } from "./large_bodies.ts";

/** What the protocol asks of a request; a binding to a server implements it. */
export interface OtlpRequest extends Sender {
  readonly method: string;
  /** Of its connection, without metadata. */
  readonly origin: Origin;
  /** As sent, without the query: not normalized, not decoded. */
  readonly path: string;
  /** A header by its lower-case name; several lines are joined by ", ". */
  header(name: string): string | undefined;
  /** What its path is for, once that is known. */
  signal: Signal | undefined;
  /** Every header line: lower-case name and value. */
  headers(): Iterable<readonly [name: string, value: string]>;
  /**
   * Reads the body into `buffer`; without a promise where it has come already.
   *
   * @throws {GatewayError} The sender left or is too slow, or what `buffer` throws.
   */
  readBody(buffer: BodyBuffer): Promise<void> | void;
  /** Fires when the sender leaves before it has its answer. */
  readonly abort: AbortSignal;
}

/** An answer, for a binding to write. */
export interface OtlpAnswer {
  readonly status: number;
  /** Flat: name, value, name, value. Content-Length is among them. */
  readonly headers: readonly string[];
  readonly body: Uint8Array<ArrayBuffer> | null;
}

/** Answers one request; never rejects. */
export type OtlpProtocol = (request: OtlpRequest) => Promise<OtlpAnswer>;

/** What the protocol needs of a listener's settings. */
export type OtlpProtocolConfig = Pick<
  HttpServerConfig,
  "max_request_body_size" | "compression_algorithms" | "response_headers" | "cors"
>;

const CONTENT_TYPES: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: "application/x-protobuf",
  json: "application/json",
};

/** Names in a Content-Encoding, without regard to case, and what they mean. */
const CODINGS: ReadonlyMap<string, ContentEncoding> = new Map([
  ["", ""],
  ["identity", ""],
  ["none", ""],
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["zstd", "zstd"],
  ["deflate", "deflate"],
  ["zlib", "zlib"],
]);

/** A smaller answer is not compressed: it fits into one packet as it is. */
const WORTH_COMPRESSING_BYTES = 1_400;

/** A request that HTTP itself refuses. */
class HttpError extends GatewayError {
  readonly retryable = false;
  readonly code: ErrorCode;
  readonly #status: number;
  /** Headers that belong to the status, flat. */
  readonly headers: readonly string[];

  constructor(status: number, code: ErrorCode, message: string, headers: readonly string[] = []) {
    super(message);
    this.code = code;
    this.#status = status;
    this.headers = headers;
  }

  override get httpStatus(): number {
    return this.#status;
  }
}

/**
 * The protocol for one receiver.
 *
 * @throws {TypeError} A response header has a name or value that HTTP does not allow.
 */
export function createOtlpProtocol(handler: OtlpHandler, config: OtlpProtocolConfig): OtlpProtocol {
  const endpoint = new OtlpEndpoint(handler, config);
  return (request) => endpoint.answer(request);
}

class OtlpEndpoint {
  readonly #handler: OtlpHandler;
  readonly #maxBodyBytes: number;
  readonly #shared: SharedRooms;
  readonly #codings: ReadonlyMap<string, ContentEncoding>;
  readonly #keepsMetadata: boolean;
  readonly #fixedHeaders: readonly string[];
  readonly #cors: Cors | undefined;
  /** The answer when everything is kept; the usual one is made once. */
  readonly #kept: Readonly<Record<OtlpEncoding, OtlpAnswer>>;

  constructor(handler: OtlpHandler, config: OtlpProtocolConfig) {
    this.#handler = handler;
    this.#maxBodyBytes = config.max_request_body_size;
    this.#shared = { small: new SmallRooms(), large: new LargeBodies(config.max_request_body_size) };
    this.#codings = new Map([...CODINGS].filter(([, coding]) => config.compression_algorithms.includes(coding)));
    this.#keepsMetadata = handler.metadata === "all" || handler.metadata.length > 0;
    new Headers(config.response_headers); // throws for what HTTP does not allow
    this.#fixedHeaders = Object.entries(config.response_headers).flat();
    this.#cors = createCors(config.cors);
    this.#kept = {
      protobuf: this.#build(200, "protobuf", encodeResponse(NOTHING_TO_SAY)),
      json: this.#build(200, "json", utf8(encodeResponseJson("traces", NOTHING_TO_SAY))),
    };
  }

  async answer(request: OtlpRequest): Promise<OtlpAnswer> {
    const preflight = this.#cors?.preflight(request.method, (name) => request.header(name));
    if (preflight !== undefined) return { status: 204, headers: [...this.#fixedHeaders, ...preflight], body: null };
    const encoding = otlpEncodingOf(request.header("content-type"));
    let buffer: BodyBuffer | undefined;
    let watch: RequestWatch | undefined;
    let visit: Entry | undefined;
    let status = 200;
    let rejectedItems = 0;
    try {
      const signal = request.signal = this.#route(request);
      watch = this.#handler.watch?.(signal, request);
      if (encoding === undefined) throw unsupportedType(request.header("content-type"));
      const coding = this.#codingOf(request);
      buffer = this.#admit(request, signal);
      const entered = this.#handler.enter?.(signal, request, buffer.announcedBytes);
      if (entered !== undefined) {
        visit = entered instanceof Promise ? await entered : entered;
        buffer.narrow(visit.maxBodyBytes, visit.owner);
      }
      await request.readBody(buffer);
      watch?.ended("read");
      const whole = buffer.bytes();
      visit?.read(whole.length);
      const body = coding === "" ? whole : await this.#decompressed(coding, whole, buffer);
      if (coding !== "") watch?.ended("decompress");
      const origin = this.#keepsMetadata ? this.#originOf(request) : request.origin;
      const outcome = await this.#handler.accept({ signal, encoding, body, origin, watch, visit }, request.abort);
      rejectedItems = outcome.rejectedItems;
      if (outcome.isHeld !== true) {
        giveBack(body);
        buffer.giveBack();
      }
      watch?.answered(200);
      return this.#success(request, signal, encoding, outcome);
    } catch (thrown) {
      const error = toGatewayError(thrown);
      status = error.httpStatus;
      this.#handler.refused?.(error, watch);
      watch?.answered(status);
      return this.#failure(request, encoding ?? "json", error);
    } finally {
      buffer?.release(); // what it holds in memory is given back however it ends
      visit?.leave(status, rejectedItems);
    }
  }

  #route(request: OtlpRequest): Signal {
    const signal = this.#handler.paths.get(request.path);
    if (signal === undefined) {
      throw unknownPath(this.#handler.paths);
    }
    if (request.method !== "POST") {
      throw new HttpError(405, "unimplemented", "Cannot use this method: wanted POST", ["Allow", "POST"]);
    }
    return signal;
  }

  /** Asks whether the body may come. @returns What takes it. */
  #admit(request: OtlpRequest, signal: Signal): BodyBuffer {
    const announcedBytes = contentLengthOf(request.header("content-length"));
    const buffer = new BodyBuffer(announcedBytes, this.#maxBodyBytes, this.#handler.memory, this.#shared);
    this.#handler.admit(signal, announcedBytes ?? 0);
    return buffer;
  }

  async #decompressed(coding: ContentEncoding, whole: Uint8Array, buffer: BodyBuffer): Promise<Uint8Array> {
    const plain = await decompress(coding, whole, buffer.maxBytes);
    buffer.holdMore(plain.length);
    return plain;
  }

  #codingOf(request: OtlpRequest): ContentEncoding {
    const transfer = request.header("transfer-encoding");
    if (transfer !== undefined && transfer.toLowerCase() !== "chunked") {
      throw new HttpError(501, "unimplemented", "Cannot read the body: its Transfer-Encoding is not just chunked");
    }
    const header = request.header("content-encoding") ?? "";
    const coding = this.#codings.get(header) ?? this.#codings.get(header.trim().toLowerCase());
    if (coding !== undefined) return coding;
    const wanted = [...new Set(this.#codings.values())].map((name) => name || "identity").join(", ");
    const message = `Cannot read the body: its Content-Encoding is ${quoted(header)}, wanted one of ${wanted}`;
    throw new HttpError(415, "invalid_argument", message, ["Accept-Encoding", wanted]);
  }

  #originOf(request: OtlpRequest): Origin {
    const wanted = this.#handler.metadata;
    const metadata = new Map<string, string[]>();
    for (const [name, value] of request.headers()) {
      if (wanted !== "all" && !wanted.includes(name)) continue;
      const values = metadata.get(name);
      if (values === undefined) metadata.set(name, [value]);
      else values.push(value);
    }
    return { ...request.origin, metadata };
  }

  #success(
    request: OtlpRequest,
    signal: Signal,
    encoding: OtlpEncoding,
    outcome: Outcome,
  ): Promise<OtlpAnswer> | OtlpAnswer {
    if (outcome.rejectedItems === 0 && outcome.message === "" && this.#cors === undefined) return this.#kept[encoding];
    const body = encoding === "json" ? utf8(encodeResponseJson(signal, outcome)) : encodeResponse(outcome);
    return this.#finish(request, 200, encoding, body);
  }

  #failure(request: OtlpRequest, encoding: OtlpEncoding, error: GatewayError): Promise<OtlpAnswer> | OtlpAnswer {
    const status = error.httpStatus;
    const headers = error instanceof HttpError ? [...error.headers] : [];
    if (error instanceof UnauthenticatedError) headers.push("WWW-Authenticate", error.challenge);
    if ((status === 429 || status === 503) && error.retryAfterMs !== undefined) {
      headers.push("Retry-After", String(Math.ceil(Math.max(0, error.retryAfterMs) / 1_000)));
    }
    const body = encoding === "json" ? utf8(encodeStatusJson(error)) : encodeStatus(error);
    return this.#finish(request, status, encoding, body, headers);
  }

  /** An answer that is made for one request: with CORS headers, and compressed when that is asked for and worth it. */
  #finish(
    request: OtlpRequest,
    status: number,
    encoding: OtlpEncoding,
    body: Uint8Array<ArrayBuffer>,
    headers: readonly string[] = [],
  ): Promise<OtlpAnswer> | OtlpAnswer {
    const all = this.#cors === undefined
      ? headers
      : [...headers, ...this.#cors.headers((name) => request.header(name))];
    if (body.length < WORTH_COMPRESSING_BYTES || !takesGzip(request.header("accept-encoding"))) {
      return this.#build(status, encoding, body, all);
    }
    return this.#buildCompressed(status, encoding, body, all);
  }

  async #buildCompressed(
    status: number,
    encoding: OtlpEncoding,
    body: Uint8Array<ArrayBuffer>,
    headers: readonly string[],
  ): Promise<OtlpAnswer> {
    const compressed = await compress("gzip", [body]) as Uint8Array<ArrayBuffer>;
    return this.#build(status, encoding, compressed, [...headers, "Content-Encoding", "gzip"]);
  }

  #build(
    status: number,
    encoding: OtlpEncoding,
    body: Uint8Array<ArrayBuffer>,
    headers: readonly string[] = [],
  ): OtlpAnswer {
    const own = ["Content-Type", CONTENT_TYPES[encoding], "Content-Length", String(body.length)];
    return { status, headers: [...own, ...headers, ...this.#fixedHeaders], body: body.length === 0 ? null : body };
  }
}

const NOTHING_TO_SAY: Outcome = { rejectedItems: 0, message: "" };

const encoder = new TextEncoder();
const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

/** The encoding that a Content-Type names, its parameters left aside; undefined when it is not OTLP's. */
function otlpEncodingOf(contentType: string | undefined): OtlpEncoding | undefined {
  if (contentType === undefined) return undefined;
  if (contentType === CONTENT_TYPES.protobuf) return "protobuf";
  const [mediaType = ""] = contentType.split(";", 1);
  switch (mediaType.trim().toLowerCase()) {
    case CONTENT_TYPES.protobuf:
      return "protobuf";
    case CONTENT_TYPES.json:
      return "json";
    default:
      return undefined;
  }
}

function unknownPath(paths: ReadonlyMap<string, Signal>): HttpError {
  const wanted = paths.size === 0 ? "there is none here" : `wanted ${[...paths.keys()].join(", ")}`;
  return new HttpError(404, "not_found", `Cannot find the path: it is none of this receiver, ${wanted}`);
}

function unsupportedType(given: string | undefined): HttpError {
  const is = given === undefined ? "it has no Content-Type" : `its Content-Type is ${quoted(given)}`;
  const wanted = `${CONTENT_TYPES.protobuf} or ${CONTENT_TYPES.json}`;
  return new HttpError(415, "invalid_argument", `Cannot read the body: ${is}, wanted ${wanted}`);
}

/** What of a header's value is told and logged, characters. */
const MAX_QUOTED = 60;

/** A header's value as it can be shown: nothing but printable ASCII, and not much of it. */
function quoted(value: string): string {
  const printable = value.slice(0, MAX_QUOTED).replace(/[^ -~]/g, "?");
  return JSON.stringify(value.length > MAX_QUOTED ? `${printable}...` : printable);
}

/** What a Content-Length announces, bytes; servers refuse one that is not a number before it gets here. */
function contentLengthOf(header: string | undefined): number | undefined {
  if (header === undefined || header === "") return undefined;
  let length = 0;
  for (let at = 0; at < header.length; at++) {
    const digit = header.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    length = 10 * length + digit;
  }
  return length;
}

/** Whether an Accept-Encoding lets an answer be gzip; `gzip;q=0` does not. */
function takesGzip(header: string | undefined): boolean {
  if (header === undefined) return false;
  return header.toLowerCase().split(",").some((entry) => {
    const [name = "", ...parameters] = entry.split(";").map((part) => part.trim());
    return (name === "gzip" || name === "x-gzip") && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
