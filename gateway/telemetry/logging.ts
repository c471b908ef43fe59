/**
 * Opens the gateway's own log as `service::telemetry::logs` says.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import type { Clock } from "../../pipeline/core/clock.ts";
import { type ConsoleLogOptions, createConsoleLogger, openSinks } from "../../pipeline/core/log/console.ts";
import { LogTee } from "../../pipeline/core/log/tee.ts";
import type { LogFields, Logger, LogLevel } from "../../pipeline/core/log/logger.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";

/** A thread's log. */
export interface OwnLog {
  readonly logger: Logger;
  /** Has every record of it. */
  readonly tee: LogTee;
  /** From now on, of every logger made from it. */
  setLevel(level: LogLevel): void;
}

/**
 * @param resource On every line in JSON, as the collector has it, unless `disable_zap_resource`.
 * @param fields On every line of this thread, beside `initial_fields`.
 * @throws {Error} A file of `output_paths` cannot be opened.
 */
export function openLog(
  { telemetry }: GatewayConfig,
  clock: Clock,
  resource: Attributes,
  fields: LogFields = {},
): OwnLog {
  const { level, encoding, output_paths, initial_fields, sampling, disable_zap_resource } = telemetry.logs;
  const tee = new LogTee();
  const options: ConsoleLogOptions & { level: LogLevel } = {
    level,
    encoding,
    sinks: openSinks(output_paths),
    resource: disable_zap_resource ? undefined : sortedByName(resource),
    initialFields: { ...scalarsOf(initial_fields), ...fields },
    sampling: sampling.enabled
      ? { tickMs: sampling.tick, initial: sampling.initial, thereafter: sampling.thereafter }
      : undefined,
    clock,
    tee,
  };
  return { logger: createConsoleLogger(options), tee, setLevel: (next) => void (options.level = next) };
}

/** As the collector writes them. */
function sortedByName(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => a < b ? -1 : 1));
}

/** The fields of a map; what is nested goes in as JSON. */
function scalarsOf(fields: unknown): LogFields {
  if (typeof fields !== "object" || fields === null) return {};
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const isScalar = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
      return [name, isScalar ? value : typeof value === "bigint" ? String(value) : JSON.stringify(value)];
    }),
  );
}
