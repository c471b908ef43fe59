/**
 * The components that run OTTL, made as the registry makes them for one request.
 *
 * @module
 */

import { type ComponentDeps, type Factory } from "../../../pipeline/contract/component.ts";
import { type Consumer, KEPT, type Lifecycle } from "../../../pipeline/contract/consumer.ts";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { systemClock } from "../../../pipeline/core/clock.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../pipeline/core/telemetry/meter.ts";
import { factoryOf, loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";
import type { Payload } from "../../../pipeline/otlp/payload.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { failure, SectionError } from "./failure.ts";
import { outputOf, payloadOfRequest } from "./payloads.ts";
import type { Answer, Request } from "./protocol.ts";

const SINGULAR: Readonly<Record<Signal, string>> = {
  traces: "trace",
  metrics: "metric",
  logs: "log",
  profiles: "profile",
};

await loadComponents();

/** Sends a payload through the transform or filter processor. */
export function answerProcessor(type: "transform" | "filter", request: Request): Promise<Answer> {
  const signal = request.signal ?? "traces";
  const sent: Payload[] = [];
  const make = () => {
    const factory = factoryOf(REGISTRY.processors, type);
    const config = parseSection(factory, sectionOf(type, request, signal));
    return factory.create(config, { ...componentDeps(type), signal }, collectorOf(sent));
  };
  return answerComponent(make, request, signal, () => outputOf(sent[0]));
}

/** Sends a payload through the routing connector. */
export function answerConnector(request: Request): Promise<Answer> {
  const signal = request.signal ?? "traces";
  const sent = new Map(pipelinesIn(request.config).map((id) => [id, [] as Payload[]]));
  const make = () => {
    const factory = factoryOf(REGISTRY.connectors, "routing");
    const config = parseSection(factory, request.config);
    const pipelines = new Map(Array.from(sent, ([id, payloads]) => [id, collectorOf(payloads)]));
    return factory.create(config, { ...componentDeps("routing"), from: signal, to: signal }, pipelines);
  };
  return answerComponent(make, request, signal, () => ({
    outputs: Object.fromEntries(
      Array.from(sent).filter(([, payloads]) => payloads.length > 0).map((
        [id, payloads],
      ) => [id, payloads.map(outputOf)]),
    ),
  }));
}

async function answerComponent(
  make: () => Consumer & Lifecycle,
  request: Request,
  signal: Signal,
  answer: () => Answer,
): Promise<Answer> {
  let component: Consumer & Lifecycle;
  try {
    component = make();
  } catch (thrown) {
    return failure("config", thrown);
  }
  const payload = payloadOfRequest(request, signal);
  try {
    await component.consume(payload, new AbortController().signal);
  } catch (thrown) {
    return failure("run", thrown);
  }
  return answer();
}

/** What the README says a request's section is. */
function sectionOf(type: "transform" | "filter", request: Request, signal: Signal): unknown {
  const { config, error_mode, context, groups } = request;
  if (config !== undefined) return config;
  const kind = type === "transform" ? "statements" : "conditions";
  const texts = request[kind] ?? [];
  const list = groups ?? (context === undefined ? texts : [{ context, [kind]: texts }]);
  return { ...error_mode !== undefined && { error_mode }, [`${SINGULAR[signal]}_${kind}`]: list };
}

/** @throws {SectionError} The section does not fit the schema. */
function parseSection<Config>({ schema }: Factory<Config>, section: unknown): Config {
  const result = schema.safeParse(asWritten(section));
  if (result.success) return result.data;
  const params = result.error.issues.map((issue) => issue.code === "custom" ? issue.params : undefined);
  throw new SectionError(params.find((each) => typeof each?.["category"] === "string")?.["category"] ?? "config");
}

/** JSON as a schema takes it: numbers and bools keep the text they were written as. */
function asWritten(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(asWritten);
  if (typeof json === "number" || typeof json === "boolean") return new Scalar(json, String(json));
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, asWritten(value)]));
}

/** Every pipeline that a routing section names. */
function pipelinesIn(config: unknown): string[] {
  const { table, default_pipelines } = (config ?? {}) as {
    readonly table?: unknown;
    readonly default_pipelines?: unknown;
  };
  const rows = Array.isArray(table) ? table as readonly { readonly pipelines?: unknown }[] : [];
  const named = [default_pipelines, ...rows.map((row) => row?.pipelines)].flatMap((ids) =>
    Array.isArray(ids) ? ids : []
  );
  return [...new Set(named.map(String))];
}

function collectorOf(sent: Payload[]): Consumer {
  return {
    consume(payload) {
      sent.push(payload);
      return Promise.resolve(KEPT);
    },
  };
}

function componentDeps(id: string): ComponentDeps {
  return {
    id,
    logger: silentLogger,
    meter: silentMeter,
    clock: systemClock,
    random: Math.random,
    memory: createMemoryBudget(),
  };
}
