/**
 * How a component below `routes/` gets an HTTP server: it is handed `ServeHttp`, and gives a handler. The listener
 * (node:http, node:https) and the Hono apps stay in `routes/`.
 *
 * @module
 */

import type { HttpServerConfig } from "../config/network/http_server.ts";
import type { Outcome } from "./consumer.ts";
import type { GatewayError } from "../core/errors.ts";
import type { MemoryBudget } from "../core/memory.ts";
import type { TraceLink } from "../core/telemetry/trace.ts";
import type { HeaderReader } from "../core/telemetry/trace_context.ts";
import type { Origin } from "../otlp/payload.ts";
import type { Signal } from "../otlp/signals.ts";
import type { Sender, Visit } from "./tenants.ts";

/** The two encodings of OTLP/HTTP. */
export type OtlpEncoding = "protobuf" | "json";

/** Follows one request: times its stages, and has its span. */
export interface RequestWatch {
  /** Of the request's own span, else of its sender's. */
  readonly trace: TraceLink | undefined;
  /** A stage has just ended; the next one begins. */
  ended(stage: "read" | "decompress" | "validate"): void;
  /** The answer is known. Called once. */
  answered(status: number): void;
}

/** A request that was let in; of a tenant where there are any. */
export type Entry = Omit<Visit, "identity">;

/** Lets a request in, without a promise where that is known. */
export type Enter = (signal: Signal, sender: Sender, announcedBytes: number | undefined) => Entry | Promise<Entry>;

/** A request whose body is there. */
export interface ReceivedRequest {
  readonly signal: Signal;
  readonly encoding: OtlpEncoding;
  /** Whole, and decompressed. */
  readonly body: Uint8Array;
  readonly origin: Origin;
  /** Absent or undefined: nobody follows it. */
  readonly watch?: RequestWatch | undefined;
  /** What `enter` gave. Absent or undefined: nobody was asked. */
  readonly visit?: Entry | undefined;
}

/** What an OTLP receiver does with a request whose HTTP side is settled. Framework-free; one a receiver. */
export interface OtlpHandler {
  /** Configured paths, each with its signal: `/v1/traces` and so on. */
  readonly paths: ReadonlyMap<string, Signal>;
  /** Names (lower case) of request headers to keep as client metadata; "all" keeps every one. */
  readonly metadata: "all" | readonly string[];
  /** Counts the bodies that are being read or worked on. Absent: nobody counts. */
  readonly memory?: MemoryBudget;
  /**
   * Asked before the body is read.
   *
   * @throws {GatewayError} Refused now.
   */
  admit(signal: Signal, bodyBytes: number): void;
  /**
   * Asked after it, who sends and whether it may come. Absent: everybody may.
   *
   * @param announcedBytes Content-Length; undefined when it is not known.
   * @throws {GatewayError} It may not. Otherwise `leave` of what it gives is called once.
   */
  readonly enter?: Enter;
  /** Asked when a request begins. Absent or undefined: nobody follows it. */
  watch?(signal: Signal, headers: HeaderReader): RequestWatch | undefined;
  /**
   * Takes a request.
   *
   * @param abort Fires when its sender leaves.
   * @throws {GatewayError} Not kept.
   */
  accept(request: ReceivedRequest, abort: AbortSignal): Promise<Outcome>;
  /** Told of every request that is answered with a failure, once, wherever it failed. Absent: nobody counts. */
  refused?(error: GatewayError, watch?: RequestWatch): void;
}

/** What a listener knows of a request beside what is in it. */
export interface FetchPeer {
  /** Of who sent it; "" when it is not known. */
  readonly peerAddress: string;
}

/** Answers requests that are not OTLP: health, metrics, the admin API. A Hono app's `fetch` is one. */
export type FetchHandler = (request: Request, peer?: FetchPeer) => Response | Promise<Response>;

/** What runs behind a listener. */
export type HttpApp = { readonly otlp: OtlpHandler } | {
  readonly fetch: FetchHandler;
  /** The answer to a request that could not be read, or whose handler threw. Absent: a bare status. */
  readonly unreadable?: (error: GatewayError) => Response;
};

/** A listener that is open. */
export interface HttpServer {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly address: { readonly hostname: string; readonly port: number };
  /**
   * Goes on at the same address with another app and other settings (but TLS); connections stay open. Absent: it cannot.
   *
   * @returns Settles when the last request that began before is answered.
   */
  replace?(config: HttpServerConfig, app: HttpApp): Promise<void>;
  /**
   * Stops accepting, lets requests in flight finish, closes idle connections at once.
   *
   * @param deadline When it fires, connections still open are cut.
   */
  shutdown(deadline: AbortSignal): Promise<void>;
}

/**
 * Opens a listener; data workers share its port (SO_REUSEPORT).
 *
 * @throws {Error} The address is in use or not ours, or a certificate cannot be read.
 */
export type ServeHttp = (config: HttpServerConfig, app: HttpApp) => Promise<HttpServer>;
