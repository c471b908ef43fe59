/**
 * Processor `redaction`: takes out attributes that are not on a list, and masks or hashes parts of values that match
 * patterns: of resources, scopes, spans, events, log records with their bodies, and data points.
 *
 * The sanitizers for URLs and database queries are refused: they would have to know those languages as the collector's do.
 * Source: the collector's redactionprocessor; collector reference 6.8.
 *
 * @module
 */

import type { z } from "zod";
import { DEFAULT_OTTL_LIMITS } from "../../ottl/limits.ts";
import { compileRegex } from "../../ottl/text/regex/regex.ts";
import { OttlError } from "../../ottl/values/errors.ts";
import { OttlMap } from "../../ottl/values/value.ts";
import { bool, oneOf, secret, section, textList } from "../config/schema.ts";
import type { ComponentDeps, ProcessorFactory } from "../contract/component.ts";
import { type Consumer, KEPT, type Outcome } from "../contract/consumer.ts";
import { type ContextName, Cursor, openContext, type Visitor, walk } from "../otlp/ottl/mod.ts";
import type { Payload } from "../otlp/payload.ts";
import type { Signal } from "../otlp/signals.ts";
import { BatchRun, batchTimeLimit } from "../statements/batch_run.ts";
import { createTools } from "../statements/loader.ts";
import { HASH_FUNCTIONS, HMAC_KEY_BYTES, Redactor } from "./redaction/redactor.ts";

const sanitizer = () => section({ enabled: bool().default(false), attributes: textList().default([]) });

const redactionSchema = section({
  allow_all_keys: bool().default(false),
  allowed_keys: textList().default([]),
  ignored_keys: textList().default([]),
  ignored_key_patterns: textList().default([]),
  blocked_key_patterns: textList().default([]),
  blocked_values: textList().default([]),
  allowed_values: textList().default([]),
  redact_all_types: bool().default(false),
  hash_function: oneOf(["", ...HASH_FUNCTIONS], { ignoreCase: true }).default(""),
  hmac_key: secret().default(""),
  summary: oneOf(["", "silent", "info", "debug"]).default(""),
  url_sanitizer: section({
    enabled: bool().default(false),
    attributes: textList().default([]),
    sanitize_span_name: bool().default(true),
  }),
  db_sanitizer: section({
    sanitize_span_name: bool().default(true),
    sql: sanitizer(),
    redis: sanitizer(),
    valkey: sanitizer(),
    memcached: sanitizer(),
    mongo: sanitizer(),
    opensearch: sanitizer(),
    es: sanitizer(),
  }),
  max_batch_duration: batchTimeLimit(),
}).superRefine((config, context) => {
  for (const { path, message } of problemsOf(config)) context.addIssue({ code: "custom", path, message });
});

export type RedactionConfig = z.output<typeof redactionSchema>;

interface Problem {
  readonly path: (string | number)[];
  readonly message: string;
}

function problemsOf(config: RedactionConfig): Problem[] {
  return [
    ...PATTERN_LISTS.flatMap((key) => patternProblems(key, config[key])),
    ...keyProblems(config),
    ...refused(config),
  ];
}

const PATTERN_LISTS = ["ignored_key_patterns", "blocked_key_patterns", "blocked_values", "allowed_values"] as const;

function patternProblems(key: string, patterns: readonly string[]): Problem[] {
  return patterns.flatMap((pattern, i) => {
    try {
      compileRegex(pattern, DEFAULT_OTTL_LIMITS);
      return [];
    } catch (error) {
      if (!(error instanceof OttlError)) throw error;
      return [{ path: [key, i], message: `is no regular expression: ${error.message}` }];
    }
  });
}

function keyProblems({ hash_function, hmac_key }: RedactionConfig): Problem[] {
  const wanted = HMAC_KEY_BYTES.get(hash_function);
  if (wanted === undefined) return [];
  const bytes = new TextEncoder().encode(hmac_key).length;
  if (bytes >= wanted) return [];
  return [{ path: ["hmac_key"], message: `has ${bytes} bytes, wanted at least ${wanted} for ${hash_function}` }];
}

function refused({ url_sanitizer, db_sanitizer }: RedactionConfig): Problem[] {
  const message = "is on, which this gateway does not have, wanted it off and patterns in blocked_values instead";
  const { sanitize_span_name: _, ...languages } = db_sanitizer;
  return [
    ...(url_sanitizer.enabled ? [{ path: ["url_sanitizer", "enabled"], message }] : []),
    ...Object.entries(languages).filter(([, { enabled }]) => enabled)
      .map(([name]) => ({ path: ["db_sanitizer", name, "enabled"], message })),
  ];
}

/** Everything with attributes. */
const CONTEXTS = {
  traces: ["resource", "scope", "span", "spanevent"],
  metrics: ["resource", "scope", "datapoint"],
  logs: ["resource", "scope", "log"],
} as const satisfies Partial<Record<Signal, readonly ContextName[]>>;
type RedactedSignal = keyof typeof CONTEXTS;

export const redactionFactory: ProcessorFactory<RedactionConfig> = {
  type: "redaction",
  summary: "Takes out attributes that are not allowed, and masks or hashes values that match patterns.",
  signals: ["traces", "metrics", "logs"],
  schema: redactionSchema,
  create: (config, deps, next) => new Redaction(config, deps, next),
};

class Redaction implements Consumer {
  readonly #cursor: Cursor;
  readonly #visit: { readonly [Context in ContextName]?: Visitor };
  readonly #batch: BatchRun;
  readonly #next: Consumer;

  constructor(config: RedactionConfig, deps: ComponentDeps & { readonly signal: Signal }, next: Consumer) {
    const { limits } = createTools(deps);
    const redactor = new Redactor(config, limits);
    this.#cursor = new Cursor(deps.signal);
    const visitors = CONTEXTS[deps.signal as RedactedSignal].map((context) =>
      [context, visitorOf(context, this.#cursor, redactor)] as const
    );
    this.#visit = Object.fromEntries(visitors);
    this.#batch = new BatchRun(deps, config.max_batch_duration, [], limits.budget);
    this.#next = next;
  }

  /** @throws {GatewayError} A bound is passed; or of the next consumer. */
  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const options = { visit: this.#visit, checkDeadline: this.#batch.checkDeadline };
    const changed = this.#batch.run(payload.byteLength, () => walk(payload, this.#cursor, options));
    return changed.chunks.length === 0 ? Promise.resolve(KEPT) : this.#next.consume(changed, abort);
  }

  admit(bodyBytes: number): void {
    this.#next.admit?.(bodyBytes);
  }
}

function visitorOf(context: ContextName, cursor: Cursor, redactor: Redactor): Visitor {
  const pathTo = (name: string) => {
    const { resolver } = openContext(cursor.signal, context, cursor);
    return resolver.resolve({ context, fields: [{ name, keys: [] }], text: `${context}.${name}` });
  };
  const attributes = pathTo("attributes").get(cursor);
  if (!(attributes instanceof OttlMap)) throw new TypeError(`Cannot redact ${context}.attributes: it is no map`);
  if (context !== "log") {
    return () => {
      redactor.redact(attributes);
      return true;
    };
  }
  const body = pathTo("body");
  return (item) => {
    redactor.redact(attributes);
    const before = body.get(item);
    const after = redactor.redactBody(before, attributes);
    if (after !== before) body.set(item, after);
    return true;
  };
}
