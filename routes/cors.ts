/**
 * Cross-origin requests of browsers, as the collector answers them: credentials are always allowed, a preflight is
 * answered before anything else.
 *
 * Sources: collector reference 3.1; Fetch standard, "CORS protocol".
 *
 * @module
 */

import type { HttpServerConfig } from "../pipeline/config/network/http_server.ts";

export type CorsConfig = NonNullable<HttpServerConfig["cors"]>;

/** Looks up a request header by its lower-case name. */
export type HeaderLookup = (name: string) => string | undefined;

const PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
const ALLOWED_METHODS = ["GET", "POST", "HEAD"];
/** Allowed without being configured: what the Fetch standard lets every request have, and X-Requested-With. */
const SAFE_HEADERS = ["accept", "accept-language", "content-language", "content-type", "range", "x-requested-with"];

/** The rules of one listener. Headers are flat lists: name, value, name, value. */
export interface Cors {
  /** Headers of the answer to a preflight (status 204); undefined when the request is none. */
  preflight(method: string, header: HeaderLookup): readonly string[] | undefined;
  /** Headers that every other answer gets. */
  headers(header: HeaderLookup): readonly string[];
}

/** @returns undefined when no origin is allowed: CORS is off. */
export function createCors(config: CorsConfig | undefined): Cors | undefined {
  if (config === undefined || config.allowed_origins.length === 0) return undefined;
  const isAllowedOrigin = originMatcher(config.allowed_origins);
  const allowedHeaders = new Set([...SAFE_HEADERS, ...config.allowed_headers.map((name) => name.toLowerCase())]);
  const areAllowed = (names: string) =>
    allowedHeaders.has("*") ||
    names.split(",").every((name) => name.trim() === "" || allowedHeaders.has(name.trim().toLowerCase()));
  const exposed = config.exposed_headers.length > 0
    ? ["Access-Control-Expose-Headers", config.exposed_headers.join(", ")]
    : [];
  const maxAge = config.max_age > 0 ? ["Access-Control-Max-Age", String(config.max_age)] : [];
  const allow = (origin: string) => [
    ...["Access-Control-Allow-Origin", config.allowed_origins.includes("*") ? "*" : origin],
    ...["Access-Control-Allow-Credentials", "true"],
  ];
  return {
    preflight(method, header) {
      const wantedMethod = header("access-control-request-method");
      if (method !== "OPTIONS" || wantedMethod === undefined) return undefined;
      const vary = ["Vary", PREFLIGHT_VARY];
      const origin = header("origin");
      const wantedHeaders = header("access-control-request-headers") ?? "";
      const isAllowed = origin !== undefined && isAllowedOrigin(origin) && ALLOWED_METHODS.includes(wantedMethod) &&
        areAllowed(wantedHeaders);
      if (!isAllowed) return vary;
      const allowHeaders = wantedHeaders === "" ? [] : ["Access-Control-Allow-Headers", wantedHeaders];
      return [...vary, ...allow(origin), "Access-Control-Allow-Methods", wantedMethod, ...allowHeaders, ...maxAge];
    },
    headers(header) {
      const origin = header("origin");
      const vary = ["Vary", "Origin"];
      return origin !== undefined && isAllowedOrigin(origin) ? [...vary, ...allow(origin), ...exposed] : vary;
    },
  };
}

/** Exact origins, or patterns in which `*` stands for anything; without regard to case. */
function originMatcher(patterns: readonly string[]): (origin: string) => boolean {
  const matchers = patterns.map((pattern) => {
    const parts = pattern.toLowerCase().split("*");
    return (origin: string) => matchesParts(origin, parts);
  });
  return (origin) => matchers.some((matches) => matches(origin.toLowerCase()));
}

/** Whether `text` is `parts` with anything between them. Each part is searched once: linear, whatever the pattern. */
function matchesParts(text: string, parts: readonly string[]): boolean {
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
