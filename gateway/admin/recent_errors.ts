/**
 * Keeps the last warnings and errors that each component logged.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import { type LogFields, type Logger, type LogLevel } from "../../pipeline/core/log/logger.ts";
import type { RecentError } from "./thread_messages.ts";

/** Lines that are kept of one component. */
export const MAX_ERRORS = 5;
/** Components whose lines are kept; the one that was silent longest makes room. */
export const MAX_COMPONENTS = 1_000;
const MAX_CHARS = 500;

export class RecentErrors {
  readonly #clock: Clock;
  /** By kind and id: `exporter:otlp_http/eu`. */
  readonly #byComponent = new Map<string, RecentError[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A logger that writes to `logger`, and is listened to. */
  listenTo(logger: Logger, fields: LogFields = {}): Logger {
    const tell = (level: LogLevel) => (message: string, own?: LogFields) => {
      if (level === "warn" || level === "error") this.#note(level, message, { ...fields, ...own });
      logger[level](message, own);
    };
    return {
      enabled: (level) => logger.enabled(level),
      debug: (message, own) => logger.debug(message, own),
      info: (message, own) => logger.info(message, own),
      warn: tell("warn"),
      error: tell("error"),
      with: (more) => this.listenTo(logger.with(more), { ...fields, ...more }),
    };
  }

  list(): readonly (readonly [component: string, errors: readonly RecentError[]])[] {
    return [...this.#byComponent];
  }

  #note(level: "warn" | "error", message: string, fields: LogFields): void {
    const id = fields["otelcol.component.id"];
    if (id === undefined) return;
    const component = `${fields["otelcol.component.kind"]}:${id}`;
    const error = fields["error"] === undefined ? "" : `: ${fields["error"]}`;
    const errors = this.#byComponent.get(component) ?? [];
    this.#byComponent.delete(component);
    const added = { atMs: this.#clock.nowMs(), level, message: `${message}${error}`.slice(0, MAX_CHARS) };
    this.#byComponent.set(component, [...errors, added].slice(-MAX_ERRORS));
    const [oldest] = this.#byComponent.keys();
    if (this.#byComponent.size > MAX_COMPONENTS && oldest !== undefined) this.#byComponent.delete(oldest);
  }
}
