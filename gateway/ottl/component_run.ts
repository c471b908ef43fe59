/**
 * A component run over payloads without a gateway: what a pipeline behind it would get.
 *
 * @module
 */

import type { Consumer } from "../../pipeline/contract/consumer.ts";
import { KEPT } from "../../pipeline/contract/consumer.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { type LogFields, type Logger, silentLogger } from "../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../pipeline/core/memory.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import type { Payload } from "../../pipeline/otlp/payload.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";
import { routingConnectorFactory } from "../../pipeline/connectors/routing.ts";
import { filterFactory } from "../../pipeline/processors/filter.ts";
import { transformFactory } from "../../pipeline/processors/transform.ts";
import type { OttlComponent } from "./component.ts";

/** What came out, and where: the id of a pipeline, or undefined for the next component. */
export interface Delivered {
  readonly pipeline: string | undefined;
  readonly payload: Payload;
}

export interface ComponentRun {
  /**
   * What comes of a payload, by pipeline.
   *
   * @throws {GatewayError} As the component.
   */
  run(payload: Payload): Promise<readonly Delivered[]>;
}

/** @param tell Takes what the component logs of errors: a line each. */
export function openComponent(component: OttlComponent, signal: Signal, tell: (line: string) => void): ComponentRun {
  const delivered: Delivered[] = [];
  const consumer = consumerOf(component, signal, tell, (pipeline) => ({
    consume: (payload) => {
      delivered.push({ pipeline, payload });
      return Promise.resolve(KEPT);
    },
  }));
  return {
    run: async (payload) => {
      delivered.length = 0;
      await consumer.consume(payload, new AbortController().signal);
      return [...delivered];
    },
  };
}

function consumerOf(
  component: OttlComponent,
  signal: Signal,
  tell: (line: string) => void,
  sinkOf: (pipeline: string | undefined) => Consumer,
): Consumer {
  const deps = {
    ...{ id: component.id, clock: systemClock, random: Math.random, memory: createMemoryBudget() },
    ...{ logger: tellingLogger(tell), meter: silentMeter },
  };
  switch (component.type) {
    case "transform":
      return transformFactory.create(component.config, { ...deps, signal }, sinkOf(undefined));
    case "filter":
      return filterFactory.create(component.config, { ...deps, signal }, sinkOf(undefined));
    case "routing": {
      const pipelines = new Map(component.pipelines.map((id) => [id, sinkOf(id)]));
      return routingConnectorFactory.create(component.config, { ...deps, from: signal, to: signal }, pipelines);
    }
  }
}

/** Tells warnings and errors. */
function tellingLogger(tell: (line: string) => void): Logger {
  const line = (message: string, fields: LogFields = {}) =>
    tell([message, ...Object.entries(fields).map(([name, value]) => `${name}=${value}`)].join(" "));
  const logger: Logger = { ...silentLogger, warn: line, error: line, with: () => logger };
  return logger;
}
