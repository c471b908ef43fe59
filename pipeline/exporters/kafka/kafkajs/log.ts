/**
 * What kafkajs says.
 *
 * @module
 */

import kafkajs, { type LogEntry } from "kafkajs";
import type { Clock } from "../../../core/clock.ts";
import { describeError, type Logger } from "../../../core/log/logger.ts";

/** Between two log lines of one part of kafkajs, milliseconds. */
const LOG_INTERVAL_MS = 10_000;

/** Gives kafkajs's warnings and errors to the log: they say why, and decide nothing. */
export function rareLog(logger: Logger, clock: Clock): (entry: LogEntry) => void {
  const parts = new Map<string, { untilMs: number; suppressed: number }>(); // namespaces are kafkajs's own, a dozen
  return ({ namespace, level, log }) => {
    if (level > kafkajs.logLevel.WARN) return; // its environment variable asks for more
    const part = parts.get(namespace) ?? { untilMs: -Infinity, suppressed: 0 };
    parts.set(namespace, part);
    if (clock.monotonicMs() < part.untilMs) {
      part.suppressed++;
      return;
    }
    const { message, broker, error } = log;
    const text = (value: unknown) => value === undefined ? undefined : describeError(value);
    logger.warn("kafkajs has trouble", {
      part: namespace,
      detail: text(message),
      broker: text(broker),
      error: text(error),
      suppressed: part.suppressed || undefined,
    });
    part.untilMs = clock.monotonicMs() + LOG_INTERVAL_MS;
    part.suppressed = 0;
  };
}
