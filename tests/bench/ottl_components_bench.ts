/**
 * The components that run OTTL, over the requests and configurations of the comparison with the collector
 * (tests/peers/configs): time for one batch, without receiving and sending.
 *
 * @module
 */

import { parse } from "yaml";
import { routingConnectorFactory } from "../../pipeline/connectors/routing.ts";
import { type Consumer, KEPT } from "../../pipeline/contract/consumer.ts";
import { systemClock } from "../../pipeline/core/clock.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../pipeline/core/memory.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../../pipeline/otlp/limits.ts";
import { NO_ORIGIN, type Payload } from "../../pipeline/otlp/payload.ts";
import { readPayload } from "../../pipeline/otlp/validate.ts";
import { filterFactory } from "../../pipeline/processors/filter.ts";
import { transformFactory } from "../../pipeline/processors/transform.ts";
import { traceRequestBytes } from "../support/otlp_samples.ts";

const CONFIGS = new URL("../peers/configs/", import.meta.url);
const NEVER = new AbortController().signal;

const deps = {
  id: "bench",
  signal: "traces",
  from: "traces",
  to: "traces",
  logger: silentLogger,
  meter: silentMeter,
  clock: systemClock,
  random: () => 0.5,
  memory: createMemoryBudget(),
} as const;

const sink: Consumer = { consume: () => Promise.resolve(KEPT) };

/** A section of a configuration of the comparison. */
function sectionOf(file: string, kind: "processors" | "connectors", id: string): unknown {
  return parse(Deno.readTextFileSync(new URL(`${file}.yaml`, CONFIGS)))[kind][id];
}

function requestOf(spans: number, resources: number): Payload {
  return readPayload("traces", traceRequestBytes({ spans, resources }), DEFAULT_PAYLOAD_LIMITS, NO_ORIGIN);
}

function transformOf(file: string): Consumer {
  return transformFactory.create(transformFactory.schema.parse(sectionOf(file, "processors", "transform")), deps, sink);
}

function routing(file: string): Consumer {
  const section = sectionOf(file, "connectors", "routing") as {
    default_pipelines: string[];
    table: { pipelines: string[] }[];
  };
  const ids = [...section.default_pipelines, ...section.table.flatMap(({ pipelines }) => pipelines)];
  const config = routingConnectorFactory.schema.parse(section);
  return routingConnectorFactory.create(config, deps, new Map(ids.map((id) => [id, sink])));
}

const scenarios: { name: string; consumer: Consumer; payload: Payload }[] = [
  {
    name: "filter by an int attribute, 100 spans",
    consumer: filterFactory.create(filterFactory.schema.parse(sectionOf("filter", "processors", "filter")), deps, sink),
    payload: requestOf(100, 1),
  },
  { name: "set and delete_key, 100 spans", consumer: transformOf("transform"), payload: requestOf(100, 1) },
  { name: "20 statements, 100 spans", consumer: transformOf("transform20"), payload: requestOf(100, 1) },
  { name: "route 100 resources of 10 spans", consumer: routing("route"), payload: requestOf(1_000, 100) },
  { name: "route 1,000 spans one by one", consumer: routing("route_span"), payload: requestOf(1_000, 1) },
];

for (const { name, consumer, payload } of scenarios) {
  Deno.bench(name, async () => {
    await consumer.consume(payload, NEVER);
  });
}
