/**
 * One HTTP exchange with an upstream, as the exporter sees it. Two implementations, one contract suite
 * (tests/contract/http_transport.ts): plain connections of our own, and undici for TLS and proxies.
 *
 * @module
 */

/** What came back. Redirects are not followed. */
export interface HttpResponse {
  readonly status: number;
  /** Value of a response header by its lower-case name, the first one when there are several. */
  header(name: string): string | undefined;
  /** At most `MAX_RESPONSE_BYTES`; what is longer is cut and the connection is closed. */
  readonly body: Uint8Array;
}

/** Sends requests to one origin over connections that it keeps. */
export interface HttpTransport {
  /**
   * Posts one body.
   *
   * @param path Path and query.
   * @param headers Complete but for Host, Content-Length and Connection, which the transport writes.
   * @param body Concatenated they are the body. Not written to.
   * @throws {UnavailableError} No connection, no whole answer, or `abort` fired; the upstream may have the data.
   */
  post(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: readonly Uint8Array[],
    abort: AbortSignal,
  ): Promise<HttpResponse>;
  /** Closes every connection; exchanges under way fail. */
  close(): Promise<void>;
}

/** The collector reads as much of an answer; OTLP allows 4 MiB. Bytes. */
export const MAX_RESPONSE_BYTES = 64 * 1024;

/** Status line and headers of an answer, bytes. */
export const MAX_RESPONSE_HEAD_BYTES = 16 * 1024;

/** How connections are kept. */
export interface ConnectionLimits {
  /** Open at the same time; exchanges beyond wait their turn. */
  readonly maxConnections: number;
  /** Kept open while nothing is sent on them. */
  readonly maxIdleConnections: number;
  /** Kept idle no longer than this, milliseconds; 0 = for ever. */
  readonly idleTimeoutMs: number;
}
