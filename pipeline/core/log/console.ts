/**
 * The gateway's own log: one line a record to stderr or stdout, for people (`console`) or for machines (`json`).
 *
 * Each thread writes its own lines, each with one `writeSync`, so that lines of several threads do not mix. A line that
 * cannot be written is dropped: logging never fails the gateway.
 * Source: collector reference 2.6 (`service::telemetry::logs`); sampling as zap's: for equal level and message, the
 * first `initial` in a tick, then every `thereafter`-th.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { LogFields, Logger, LogLevel } from "./logger.ts";
import type { LogTee } from "./tee.ts";
import { shortened } from "../text.ts";

export interface LogSampling {
  readonly tickMs: number;
  readonly initial: number;
  /** 0 drops everything after `initial`. */
  readonly thereafter: number;
}

export interface ConsoleLogOptions {
  readonly level: LogLevel;
  readonly encoding: "console" | "json";
  /** Each gets every line. */
  readonly sinks: readonly LineSink[];
  readonly initialFields: LogFields;
  /** What the lines come from, on each as the field `resource`; in JSON alone. Absent: they do not say. */
  readonly resource?: Readonly<Record<string, string>> | undefined;
  /** Absent: every line is written. */
  readonly sampling?: LogSampling | undefined;
  readonly clock: Clock;
  /** Gets every record that is written. */
  readonly tee?: LogTee;
}

/** Takes one line with its newline. */
export type LineSink = (line: Uint8Array) => void;

/** Characters of a message or of one field; the rest is cut. */
export const MAX_TEXT_CHARS = 2_048;
/** Different messages that sampling tells apart in a tick; the others share one count. */
export const MAX_SAMPLED_MESSAGES = 512;

const LEVELS: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
/** Fields that could only hold a secret are never shown, whatever a component passes. */
const SECRET_FIELD = /authorization|password|passwd|secret|token|api[-_]?key|cookie/i;

/** Opens a logger. */
export function createConsoleLogger(options: ConsoleLogOptions): Logger {
  const sampler = options.sampling === undefined ? () => true : createSampler(options.sampling, options.clock);
  return new ConsoleLogger(options, sampler, options.initialFields);
}

/**
 * The sinks for `output_paths`: `stderr`, `stdout`, or a file that is appended to.
 *
 * @throws {Error} A file cannot be opened.
 */
export function openSinks(paths: readonly string[]): LineSink[] {
  return paths.map((path) => {
    if (path === "stderr") return sinkOf(Deno.stderr);
    if (path === "stdout") return sinkOf(Deno.stdout);
    return sinkOf(Deno.openSync(path, { create: true, append: true }));
  });
}

function sinkOf(writer: { writeSync(bytes: Uint8Array): number }): LineSink {
  return (line) => {
    try {
      for (let at = 0; at < line.length;) at += writer.writeSync(line.subarray(at));
    } catch {
      // The reader of the log went away; there is nobody left to tell.
    }
  };
}

class ConsoleLogger implements Logger {
  readonly #options: ConsoleLogOptions;
  readonly #sampled: (level: LogLevel, message: string) => boolean;
  readonly #fields: LogFields;

  constructor(
    options: ConsoleLogOptions,
    sampled: (level: LogLevel, message: string) => boolean,
    fields: LogFields,
  ) {
    this.#options = options;
    this.#sampled = sampled;
    this.#fields = fields;
  }

  enabled(level: LogLevel): boolean {
    return LEVELS[level] >= LEVELS[this.#options.level];
  }

  debug(message: string, fields?: LogFields): void {
    this.#write("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write("error", message, fields);
  }

  with(fields: LogFields): Logger {
    return new ConsoleLogger(this.#options, this.#sampled, { ...this.#fields, ...fields });
  }

  #write(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (!this.enabled(level) || !this.#sampled(level, message)) return;
    const { clock, encoding, sinks, resource } = this.#options;
    const shown = showFields({ ...this.#fields, ...fields });
    const timeMs = clock.nowMs();
    const text = shortened(message, MAX_TEXT_CHARS);
    this.#options.tee?.hand({ timeMs, level, message: text, fields: shown });
    const time = new Date(timeMs).toISOString();
    const line = encoding === "json"
      ? JSON.stringify({ level, ts: time, msg: text, resource, ...shown })
      : consoleLine(time, level, text, shown);
    const bytes = new TextEncoder().encode(`${line}\n`);
    for (const sink of sinks) sink(bytes);
  }
}

/** A line break in a message would let a sender forge lines. */
function consoleLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  // deno-lint-ignore no-control-regex -- these are the characters that must not reach a terminal
  const plain = message.replace(/[\u0000-\u001f\u007f]/g, " ");
  const tail = Object.keys(fields).length === 0 ? "" : `\t${JSON.stringify(fields)}`;
  return `${time}\t${level}\t${plain}${tail}`;
}

function showFields(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (SECRET_FIELD.test(name)) return [name, "[REDACTED]"];
      return [name, typeof value === "string" ? shortened(value, MAX_TEXT_CHARS) : value];
    }),
  );
}

function createSampler({ tickMs, initial, thereafter }: LogSampling, clock: Clock) {
  const counts = new Map<string, number>();
  let tickEndsMs = -Infinity;
  return (level: LogLevel, message: string): boolean => {
    const nowMs = clock.monotonicMs();
    if (nowMs >= tickEndsMs) {
      counts.clear();
      tickEndsMs = nowMs + tickMs;
    }
    const own = `${level} ${message}`;
    const key = counts.has(own) || counts.size < MAX_SAMPLED_MESSAGES ? own : "";
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= initial || (thereafter > 0 && (count - initial) % thereafter === 0);
  };
}
