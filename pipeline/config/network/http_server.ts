/**
 * Settings of an HTTP listener.
 *
 * Source: collector reference 3.1 (confighttp). Where its otlp receiver has no bound, ours has one by default: the
 * header, body and idle timeouts, and a limit of 64 MiB instead of 20 (OTLP 1.11).
 *
 * @module
 */

import type { z } from "zod";
import {
  bool,
  durationMs,
  extensionId,
  headerMap,
  int,
  keepsMetadata,
  leaf,
  oneOf,
  optionalSection,
  readText,
  section,
  textList,
} from "../schema.ts";
import { tlsServerSchema } from "./tls.ts";

/** Content-Encodings that a listener can take; "" is identity. */
export const REQUEST_ENCODINGS = ["", "gzip", "zstd", "zlib", "deflate"] as const;

const DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Where a listener is. */
const listenEndpoint = () =>
  leaf("string", "host:port with a port not above 65535", (input) => {
    const given = readText(input);
    return given === undefined || readEndpoint(given) === undefined ? undefined : given;
  });

/** The keys of a listener, for components that add their own. */
export function httpServerShape(defaultEndpoint: string) {
  return {
    endpoint: listenEndpoint().default(defaultEndpoint),
    transport: oneOf(["tcp", "tcp4", "tcp6"]).default("tcp"),
    tls: tlsServerSchema.optional(),
    cors: optionalSection({
      allowed_origins: textList().default([]),
      allowed_headers: textList().default([]),
      exposed_headers: textList().default([]),
      max_age: int({ min: 0 }).default(0),
    }),
    auth: optionalSection({ authenticator: extensionId().default(""), request_params: textList().default([]) }),
    max_request_body_size: int().default(DEFAULT_MAX_BODY_BYTES)
      .transform((bytes) => bytes <= 0 ? DEFAULT_MAX_BODY_BYTES : bytes),
    include_metadata: keepsMetadata().default(false),
    response_headers: headerMap().default({}),
    compression_algorithms: textList().default([...REQUEST_ENCODINGS]),
    read_timeout: durationMs().default(30_000),
    read_header_timeout: durationMs().default(10_000),
    write_timeout: durationMs().default(0),
    idle_timeout: durationMs().default(60_000),
    keep_alives_enabled: bool().default(true),
    max_connections: int({ min: 1 }).default(10_000),
  };
}

const exampleSchema = section(httpServerShape("localhost:0"));
export type HttpServerConfig = z.output<typeof exampleSchema>;

/**
 * Splits `host:port`; an empty host means every address.
 *
 * @throws {TypeError} Not of that form.
 */
export function parseEndpoint(endpoint: string): Endpoint {
  const read = readEndpoint(endpoint);
  if (read !== undefined) return read;
  throw new TypeError(`Cannot read endpoint ${JSON.stringify(endpoint)}: wanted host:port, like localhost:4318`);
}

export interface Endpoint {
  readonly hostname: string;
  readonly port: number;
}

function readEndpoint(endpoint: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(endpoint);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return undefined;
  return { hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
}

/** The endpoint of a host and a port; an IPv6 address goes into brackets. */
export function formatEndpoint(hostname: string, port: number): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
