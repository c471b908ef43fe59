/**
 * Settings of an HTTP client.
 *
 * Source: collector reference 3.2 (confighttp).
 *
 * @module
 */

import {
  anything,
  bool,
  durationMs,
  extensionId,
  headerMap,
  int,
  oneOf,
  optionalSection,
  section,
  text,
} from "../schema.ts";
import { tlsClientSchema } from "./tls.ts";

/** What a key is when nobody wrote it: who wants it another way is told that it does not act. */
export const INERT_DEFAULTS = { http2_ping_timeout: 15_000, write_buffer_size: 524_288 };

/** The keys of a client, for components that add their own. */
export function httpClientShape({ timeoutMs, compression }: { timeoutMs: number; compression: "gzip" | "none" }) {
  return {
    endpoint: text().default(""),
    proxy_url: text().default(""),
    tls: tlsClientSchema.optional(),
    timeout: durationMs().default(timeoutMs),
    headers: headerMap().default({}),
    auth: optionalSection({ authenticator: extensionId().default("") }),
    compression: oneOf(["gzip", "zstd", "zlib", "deflate", "none", ""]).default(compression),
    compression_params: section({ level: int({ min: -1, max: 22 }).default(0) }).prefault({}),
    max_idle_conns: int({ min: 0 }).default(100),
    max_idle_conns_per_host: int({ min: 0 }).default(0),
    max_conns_per_host: int({ min: 0 }).default(0),
    idle_conn_timeout: durationMs().default(90_000),
    disable_keep_alives: bool().default(false),
    force_attempt_http2: bool().default(true),
    http2_read_idle_timeout: durationMs().default(0),
    http2_ping_timeout: durationMs().default(INERT_DEFAULTS.http2_ping_timeout),
    read_buffer_size: int({ min: 0 }).default(0),
    write_buffer_size: int({ min: 0 }).default(INERT_DEFAULTS.write_buffer_size),
    cookies: optionalSection({ enabled: bool().default(false) }),
    middlewares: anything("list of extensions").optional(),
  };
}
