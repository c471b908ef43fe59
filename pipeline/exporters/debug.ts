/**
 * Exporter `debug`: prints what passes, for people who look for a fault. Not for production traffic: `normal` and
 * `detailed` decode every payload that sampling lets through.
 *
 * `basic` prints one line of counts a payload, `normal` also one line an item, `detailed` also the whole payload as
 * OTLP/JSON. With `use_internal_logger` the counts go into the gateway's log, the rest to stderr, where that log is;
 * without it everything goes to `output_paths`.
 * Source: collector reference 5.4; the lines are those of the collector's debugexporter v0.157, but for `detailed`.
 *
 * @module
 */

import type { z } from "zod";
import { bool, int, oneOf, section, textList } from "../config/schema.ts";
import type { ComponentDeps, ExporterFactory } from "../contract/component.ts";
import { type Consumer, KEPT, type Lifecycle, type Outcome } from "../contract/consumer.ts";
import type { Clock } from "../core/clock.ts";
import { createConsoleLogger, type LineSink, openSinks } from "../core/log/console.ts";
import type { LogFields, Logger } from "../core/log/logger.ts";
import { payloadToJson } from "../otlp/json_encode.ts";
import type { Payload } from "../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../otlp/signals.ts";
import { createSenderChain } from "../queue/sender_chain.ts";
import { queueSchema, queueWait, queueWarnings, type RetryConfig, retrySchema } from "../queue/settings.ts";
import { FieldReader, tagOf, WireType } from "../wire/protobuf.ts";
import { describeItems } from "./debug/item_lines.ts";

/** What one payload may print besides its counts, characters. The rest is cut, and the output says so. */
export const MAX_OUTPUT_CHARS = 256 * 1024;
const SECOND_MS = 1_000;
const RESOURCE_TAG = tagOf(1, WireType.bytes);
const NO_RETRY: RetryConfig = { ...retrySchema.parse({}), enabled: false };

const debugSchema = section({
  verbosity: oneOf(["basic", "normal", "detailed"]).default("basic"),
  sampling_initial: int({ min: 0 }).default(2),
  sampling_thereafter: int({ min: 0 }).default(1),
  use_internal_logger: bool().default(true),
  output_paths: textList().optional(),
  sending_queue: queueSchema.optional(),
}).superRefine(({ use_internal_logger, output_paths }, context) => {
  if (output_paths === undefined) return;
  const problem = use_internal_logger
    ? "is set, wanted use_internal_logger: false with it"
    : output_paths.length === 0
    ? "is empty, wanted stdout, stderr or files"
    : undefined;
  if (problem !== undefined) context.addIssue({ code: "custom", path: ["output_paths"], message: problem });
});

export type DebugConfig = z.output<typeof debugSchema>;

export const debugFactory: ExporterFactory<DebugConfig> = {
  type: "debug",
  summary: "Prints counts, items or whole payloads.",
  schema: debugSchema,
  warnings: ({ sending_queue }) => sending_queue === undefined ? [] : queueWarnings(sending_queue),
  senderWait: ({ sending_queue }) => queueWait(sending_queue),
  signals: SIGNAL_NAMES,
  create: (config, deps) =>
    createSenderChain(new DebugExporter(config, deps), {
      timeoutMs: 0,
      retry_on_failure: NO_RETRY,
      sending_queue: config.sending_queue,
    }, deps),
};

class DebugExporter implements Consumer, Lifecycle {
  readonly #config: DebugConfig;
  readonly #deps: ComponentDeps & { readonly signal: Signal };
  readonly #isSampled: () => boolean;
  #logger: Logger;
  #sinks: readonly LineSink[] = [];

  constructor(config: DebugConfig, deps: ComponentDeps & { readonly signal: Signal }) {
    this.#config = config;
    this.#deps = deps;
    this.#logger = deps.logger;
    this.#isSampled = createSampler(config.sampling_initial, config.sampling_thereafter, deps.clock);
  }

  /** @throws {Error} A file of `output_paths` cannot be opened. */
  start(): Promise<void> {
    const { use_internal_logger, output_paths = ["stdout"] } = this.#config;
    this.#sinks = openSinks(use_internal_logger ? ["stderr"] : output_paths);
    if (!use_internal_logger) {
      const { clock } = this.#deps;
      this.#logger = createConsoleLogger({
        level: "info",
        encoding: "console",
        sinks: this.#sinks,
        initialFields: {},
        clock,
      });
    }
    return Promise.resolve();
  }

  consume(payload: Payload): Promise<Outcome> {
    if (this.#isSampled()) {
      this.#logger.info(titleOf(payload.signal), countsOf(payload));
      if (this.#config.verbosity !== "basic") this.#print(payload);
    }
    return Promise.resolve(KEPT);
  }

  #print(payload: Payload): void {
    const json = new TextDecoder().decode(payloadToJson(payload));
    const lines = this.#config.verbosity === "detailed" ? json : describeItems(payload.signal, json, MAX_OUTPUT_CHARS);
    const shown = lines.length <= MAX_OUTPUT_CHARS
      ? lines
      : `${lines.slice(0, MAX_OUTPUT_CHARS)}… (${lines.length - MAX_OUTPUT_CHARS} more characters)`;
    const bytes = new TextEncoder().encode(shown.endsWith("\n") ? shown : `${shown}\n`);
    for (const sink of this.#sinks) sink(bytes);
  }
}

/** "Traces", "Metrics", …: the collector's message. */
function titleOf(signal: Signal): string {
  return signal.charAt(0).toUpperCase() + signal.slice(1);
}

function countsOf({ signal, chunks, itemCount }: Payload): LogFields {
  let resources = 0;
  for (const chunk of chunks) {
    for (const fields = new FieldReader(chunk); fields.next();) if (fields.tag === RESOURCE_TAG) resources++;
  }
  const { resourceKey, itemName } = SIGNALS[signal];
  return { [resourceKey.replace(/[A-Z]/, (letter) => ` ${letter.toLowerCase()}`)]: resources, [itemName]: itemCount };
}

/** In each second the first `initial`, then every `thereafter`-th. */
function createSampler(initial: number, thereafter: number, clock: Clock): () => boolean {
  let secondEndsMs = -Infinity;
  let count = 0;
  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs >= secondEndsMs) {
      secondEndsMs = nowMs + SECOND_MS;
      count = 0;
    }
    count++;
    return count <= initial || (thereafter > 0 && (count - initial) % thereafter === 0);
  };
}
