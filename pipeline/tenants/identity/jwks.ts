/**
 * The public keys of an issuer, from a file or a URL: kept, read again now and then, and when a token names a key that is
 * not among them. When they cannot be read the ones before go on.
 *
 * Source: RFC 7517.
 *
 * @module
 */

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import type { Clock } from "../../core/clock.ts";
import { UnavailableError } from "../../core/errors.ts";
import { describeError, type Logger } from "../../core/log/logger.ts";
import { readConfiguredText } from "../../core/regular_file.ts";
import { MAX_PEM_BYTES } from "../../config/network/tls.ts";
import { Repeated } from "../../core/log/repeated.ts";
import type { JwtConfig } from "./schema.ts";

/** A set of keys, bytes. */
export const MAX_JWKS_BYTES = 1024 * 1024;
const MAX_KEYS = 256;
/** Between two readings that tokens ask for: a made-up key id must not become a request to the issuer each. */
export const MIN_REFRESH_MS = 30_000;
const FETCH_TIMEOUT_MS = 5_000;

/** Reads the text of a set of keys. */
export type ReadKeys = () => Promise<string>;

export class IssuerKeys {
  readonly #read: ReadKeys;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #refreshMs: number;
  readonly #failures = new Repeated();
  #keys: JWTVerifyGetKey | undefined;
  /** Of the last reading that began, monotonic. */
  #readMs = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(
    read: ReadKeys,
    refreshMs: number,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#read = read;
    this.#refreshMs = refreshMs;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Reads them for the first time. Never rejects. */
  load(): Promise<void> {
    return this.#refresh(0);
  }

  /**
   * The key that a token names.
   *
   * @throws {errors.JOSEError} There is none, or the token does not say which.
   * @throws {UnavailableError} No keys could be read yet.
   */
  readonly get: JWTVerifyGetKey = async (header, token) => {
    if (this.#keys === undefined) await this.#refresh(Math.min(MIN_REFRESH_MS, this.#refreshMs));
    else if (this.#ageMs() >= this.#refreshMs) void this.#refresh(this.#refreshMs); // the ones there are will do
    if (this.#keys === undefined) throw noKeys();
    try {
      return await this.#keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await this.#refresh(MIN_REFRESH_MS);
    return await this.#keys(header, token);
  };

  /** Reads them now, unless that was done less than `minAgeMs` ago. Never rejects. */
  async #refresh(minAgeMs: number): Promise<void> {
    if (this.#reading === undefined && this.#ageMs() >= minAgeMs) {
      this.#readMs = this.#clock.monotonicMs();
      this.#reading = this.#readNow().finally(() => this.#reading = undefined);
    }
    await this.#reading;
  }

  #ageMs(): number {
    return this.#clock.monotonicMs() - this.#readMs;
  }

  async #readNow(): Promise<void> {
    try {
      this.#keys = createLocalJWKSet(parseKeys(await this.#read()));
    } catch (error) {
      const times = this.#failures.note(this.#clock.monotonicMs());
      if (times === undefined) return;
      this.#logger.warn("keys of an issuer cannot be read", { times, error: describeError(error) });
    }
  }
}

function noKeys(): UnavailableError {
  const message = "Cannot check a token: the keys of its issuer could not be read";
  return new UnavailableError(message, { retryAfterMs: MIN_REFRESH_MS });
}

function parseKeys(text: string): JSONWebKeySet {
  const set = JSON.parse(text) as Partial<JSONWebKeySet> | null;
  if (!Array.isArray(set?.keys) || set.keys.length > MAX_KEYS) {
    throw new TypeError(`Cannot read a set of keys: wanted an object whose "keys" is a list of up to ${MAX_KEYS}`);
  }
  return { keys: set.keys.filter(({ kty }) => kty !== "oct") }; // a shared secret signs nothing here
}

/** Reads the file or the URL of a configuration. */
export function keyReader({ jwks_file, jwks_url, jwks_ca_file }: JwtConfig): ReadKeys {
  if (jwks_file !== "") return () => readConfiguredText(jwks_file, MAX_JWKS_BYTES);
  let client: Deno.HttpClient | undefined;
  return async () => {
    if (jwks_ca_file !== "") {
      client ??= Deno.createHttpClient({ caCerts: [await readConfiguredText(jwks_ca_file, MAX_PEM_BYTES)] });
    }
    return await fetchText(jwks_url, client);
  };
}

async function fetchText(url: string, client: Deno.HttpClient | undefined): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: "application/jwk-set+json, application/json" },
    redirect: "error",
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    ...(client === undefined ? {} : { client }),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new TypeError(`Cannot read a set of keys: the issuer answered ${response.status}`);
  }
  return await boundedText(response);
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > MAX_JWKS_BYTES) throw tooLarge(); // leaving the loop cancels the rest
    parts.push(part);
  }
  return await new Blob(parts).text();
}

function tooLarge(): RangeError {
  return new RangeError(`Cannot read a set of keys: it is larger than ${MAX_JWKS_BYTES} bytes`);
}
