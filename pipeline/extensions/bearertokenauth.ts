/**
 * The `bearertokenauth` extension: one of a few fixed tokens, for senders to know and for destinations to be told.
 *
 * Source: collector reference, section 8; the collector's bearertokenauthextension. Where it takes an empty line of the
 * file for an empty token, an empty line is nothing here; and what a sender has tried is not repeated to it or the log.
 *
 * @module
 */

import { z } from "zod";
import { bool, durationMs, int, requiredText, secret, section, text } from "../config/schema.ts";
import type { AuthAttributes, Authenticator } from "../contract/authenticator.ts";
import type { ComponentDeps, ExtensionFactory } from "../contract/component.ts";
import type { Timer } from "../core/clock.ts";
import { isSameText } from "../core/constant_time.ts";
import { UnauthenticatedError } from "../core/errors.ts";
import { describeError } from "../core/log/logger.ts";
import { readConfiguredText } from "../core/regular_file.ts";
import { Repeated } from "../core/log/repeated.ts";
import type { HeaderPair, HeaderReader } from "../core/telemetry/trace_context.ts";

/** Each is compared with what a sender has: a list, not a directory of users. */
const MAX_TOKENS = 1_000;
/** A file of tokens, bytes. */
const MAX_FILE_BYTES = 256 * 1024;
/** How often the file is looked at, milliseconds. */
export const WATCH_MS = 1_000;

const schema = section({
  scheme: text().default("Bearer"),
  header: requiredText().default("Authorization"),
  token: secret().default(""),
  tokens: z.array(secret()).max(MAX_TOKENS).default([]),
  filename: text().default(""),
  file_retry: section({
    enabled: bool().default(false),
    max_retries: int({ min: 0 }).default(0),
    retry_interval: durationMs().default(0),
  }).prefault({}),
}).superRefine(({ token, tokens, filename }, context) => {
  if (token === "" && tokens.length === 0 && filename === "") {
    context.addIssue({ code: "custom", message: "has no token, wanted one of token, tokens and filename" });
  }
  if (token !== "" && tokens.length > 0) {
    context.addIssue({ code: "custom", path: ["tokens"], message: "stands beside token, wanted one of the two" });
  }
  if (tokens.includes("")) {
    context.addIssue({ code: "custom", path: ["tokens"], message: "has a token that is empty" });
  }
});

export type BearerTokenAuthConfig = z.output<typeof schema>;

export const bearerTokenAuthFactory: ExtensionFactory<BearerTokenAuthConfig> = {
  type: "bearertokenauth",
  summary: "Fixed tokens: asked of a receiver's senders, told to an exporter's destination.",
  schema,
  warnings: ({ filename, token, tokens, file_retry: retry }) => [
    ...(filename !== "" && (token !== "" || tokens.length > 0)
      ? [{ path: "filename", message: "wins: the tokens beside it are not looked at" }]
      : []),
    ...(retry.enabled || retry.max_retries > 0 || retry.retry_interval > 0
      ? [{ path: "file_retry", message: `is not obeyed: the file is looked at every ${WATCH_MS} ms, for ever` }]
      : []),
  ],
  create: () => ({}),
  createAuthenticator: (config, deps) => new BearerTokens(config, deps),
};

const NO_ATTRIBUTES: AuthAttributes = new Map();

class BearerTokens implements Authenticator {
  readonly server = { header: "", authenticate: (headers: HeaderReader) => this.#authenticate(headers) };
  readonly client = { credentials: (): HeaderPair => [this.#header, this.#values[0] ?? ""] };
  readonly #config: BearerTokenAuthConfig;
  readonly #deps: Pick<ComponentDeps, "clock" | "logger">;
  readonly #header: string;
  readonly #failures = new Repeated();
  /** What the header has, scheme included. */
  #values: readonly string[];
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(config: BearerTokenAuthConfig, deps: Pick<ComponentDeps, "clock" | "logger">) {
    this.#config = config;
    this.#deps = deps;
    this.#header = config.header.toLowerCase();
    this.server.header = this.#header;
    this.#values = this.#valuesOf(config.token === "" ? config.tokens : [config.token]);
  }

  /** @throws {Error} The file cannot be read, or has no token. */
  async start(): Promise<void> {
    if (this.#config.filename === "") return;
    await this.#read();
    this.#watch();
  }

  shutdown(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer);
    return Promise.resolve();
  }

  #authenticate(headers: HeaderReader): AuthAttributes {
    const given = headers.header(this.#header);
    if (given === undefined || given === "") throw this.#refusal("it has none");
    let isKnown = false;
    for (const value of this.#values) isKnown = isSameText(given, value) || isKnown; // all, whichever it is
    if (!isKnown) throw this.#refusal("it is not known");
    return NO_ATTRIBUTES;
  }

  #refusal(reason: string): UnauthenticatedError {
    const scheme = this.#config.scheme || "Bearer";
    return new UnauthenticatedError(`Cannot take data: a token is wanted, and ${reason}`, `${scheme} realm="sluice"`);
  }

  #watch(): void {
    this.#timer = this.#deps.clock.setTimer(() => {
      this.#read().catch((error) => this.#tell(error)).finally(() => {
        if (!this.#isStopped) this.#watch();
      });
    }, WATCH_MS);
  }

  /** A file that cannot be read any more leaves the tokens that were in it. */
  #tell(error: unknown): void {
    const times = this.#failures.note(this.#deps.clock.monotonicMs());
    if (times === undefined) return;
    this.#deps.logger.warn("the file of tokens cannot be read", { times, error: describeError(error) });
  }

  async #read(): Promise<void> {
    const { filename } = this.#config;
    const lines = (await readConfiguredText(filename, MAX_FILE_BYTES)).split("\n").map((line) => line.trim());
    const tokens = lines.filter((line) => line !== "");
    if (tokens.length === 0) throw unusable(filename, "it has none");
    if (tokens.length > MAX_TOKENS) throw unusable(filename, `it has more than ${MAX_TOKENS}`);
    this.#values = this.#valuesOf(tokens);
  }

  #valuesOf(tokens: readonly string[]): readonly string[] {
    const { scheme } = this.#config;
    return tokens.map((token) => scheme === "" ? token : `${scheme} ${token}`);
  }
}

function unusable(filename: string, why: string): RangeError {
  return new RangeError(`Cannot read tokens from ${JSON.stringify(filename)}: ${why}`);
}
