/**
 * Connector `routing`: sends data to pipelines by OTTL conditions.
 *
 * A batch is asked route by route; what is taken at the level of resources is slices of the same bytes, at a lower one
 * resource and scope are repeated around the items. What goes to one pipeline goes in one batch.
 * Source: OTTL reference 21; the collector's routingconnector v0.149, with the inference of v0.156.
 *
 * @module
 */

import type { ComponentDeps, ConnectorFactory } from "../contract/component.ts";
import { type Consumer, KEPT, type Outcome } from "../contract/consumer.ts";
import { partition, walk } from "../otlp/ottl/mod.ts";
import { mergePayloads, type Payload } from "../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES } from "../otlp/signals.ts";
import { deliverAll, type Delivery, fanOut } from "../queue/fan_out.ts";
import { BatchRun } from "../statements/batch_run.ts";
import { CHECK_TOOLS, createTools, reportProblems } from "../statements/loader.ts";
import { type RoutingConfig, tableProblems, writtenRouting } from "./routing/config.ts";
import {
  type ItemRoute,
  type LoadedRoutes,
  loadRoutes,
  namedPipelines,
  type Route,
  routedSignal,
} from "./routing/load.ts";

const routingSchema = writtenRouting().superRefine((config, context) => {
  reportProblems(context, [], tableProblems(config));
  reportProblems(context, [], loadRoutes(config, routedSignal(config), CHECK_TOOLS).problems);
});

export const routingConnectorFactory: ConnectorFactory<RoutingConfig> = {
  type: "routing",
  summary: "Sends data to pipelines of the same signal by OTTL conditions.",
  schema: routingSchema,
  routes: SIGNAL_NAMES.map((signal) => ({ from: signal, to: signal })),
  pipelineNames: namedPipelines,
  create: (config, deps, pipelines) => new Routing(config, deps, pipelines),
};

class Routing implements Consumer {
  readonly #steps: readonly Step[];
  readonly #loaded: LoadedRoutes;
  readonly #batch: BatchRun;
  readonly #destinations: Destinations;
  readonly #rest: Consumer | undefined;
  readonly #all: Consumer;

  constructor(
    config: RoutingConfig,
    deps: ComponentDeps & { readonly from: Signal },
    pipelines: ReadonlyMap<string, Consumer>,
  ) {
    const tools = createTools(deps);
    this.#loaded = loadRoutes(config, deps.from, tools);
    this.#batch = new BatchRun(deps, config.max_batch_duration, this.#loaded.watched, tools.limits.budget);
    this.#destinations = new Destinations(pipelines);
    this.#rest = this.#destinations.of(config.default_pipelines);
    this.#steps = stepsOf(this.#loaded.routes, this.#destinations);
    this.#all = fanOut([...pipelines.values()]);
  }

  /** @throws {GatewayError} A condition failed in error mode "propagate": nothing was sent; or of a pipeline. */
  async consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const deliveries = this.#batch.run(payload.byteLength, () => this.#route(payload));
    return deliveries.length === 0 ? KEPT : await deliverAll(deliveries, abort);
  }

  admit(bodyBytes: number): void {
    this.#all.admit?.(bodyBytes);
  }

  #route(payload: Payload): Delivery[] {
    const taken = new Taken();
    let rest: Payload | undefined = payload;
    for (const step of this.#steps) {
      if (rest === undefined) break;
      rest = step.context === "request" ? askRequest(step, rest, taken) : this.#askItems(step, rest, taken);
    }
    if (rest !== undefined) taken.add(this.#rest, rest);
    return taken.deliveries();
  }

  /** @returns What is left for later routes. */
  #askItems(step: ItemStep, payload: Payload, taken: Taken): Payload | undefined {
    const { cursor } = this.#loaded;
    const options = { checkDeadline: this.#batch.checkDeadline };
    const { asked, choices } = step.edits ? this.#edit(step, payload) : { asked: payload, choices: undefined };
    let next = 0;
    const choose = choices === undefined ? step.choose : () => choices[next++]!;
    const parts = partition(asked, cursor, step.context, choose, options);
    if (parts.size === 0) return asked; // there is nothing to ask
    // Route by route, not as their first items stand: a pipeline of two routes gets what the first takes first.
    for (const [choice, part] of Array.from(parts).sort(([a], [b]) => a - b)) {
      if (choice !== NONE) taken.add(step.consumers[choice], part);
    }
    return step.isCopy ? asked : parts.get(NONE);
  }

  /** Asks first, because asking changes the items. */
  #edit(step: ItemStep, payload: Payload): { readonly asked: Payload; readonly choices: readonly number[] } {
    const choices: number[] = [];
    const visit = (item: Parameters<ItemStep["choose"]>[0]) => {
      choices.push(step.choose(item));
      return true;
    };
    const { checkDeadline } = this.#batch;
    const asked = walk(payload, this.#loaded.cursor, { visit: { [step.context]: visit }, checkDeadline });
    return { asked, choices };
  }
}

/** No route takes it. */
const NONE = -1;

/** Routes of one context that move, one after the other, are asked in one pass; all others by themselves. */
interface ItemStep {
  readonly context: ItemRoute["context"];
  readonly edits: boolean;
  readonly isCopy: boolean;
  /** By choice. */
  readonly consumers: readonly (Consumer | undefined)[];
  /** Which route takes the item; NONE for none. */
  readonly choose: (item: Parameters<ItemRoute["list"]["matches"]>[0]) => number;
}

interface RequestStep {
  readonly context: "request";
  readonly isCopy: boolean;
  readonly consumer: Consumer | undefined;
  readonly matches: (origin: Payload["origin"]) => boolean;
}

type Step = ItemStep | RequestStep;

function stepsOf(routes: readonly Route[], destinations: Destinations): Step[] {
  const runs: Route[][] = [];
  for (const route of routes) {
    const run = runs.at(-1);
    if (run?.[0] !== undefined && isPlainMove(route) && isPlainMove(run[0]) && run[0].context === route.context) {
      run.push(route);
    } else runs.push([route]);
  }
  return runs.map((run) => stepOf(run, destinations));
}

function isPlainMove(route: Route): boolean {
  return route.context !== "request" && route.action === "move" && !route.edits;
}

function stepOf(run: readonly Route[], destinations: Destinations): Step {
  const [first] = run;
  const consumers = run.map(({ pipelines }) => destinations.of(pipelines));
  const isCopy = first?.action === "copy";
  if (first?.context === "request") {
    return { context: "request", isCopy, consumer: consumers[0], matches: (origin) => first.matches(origin) };
  }
  const items = run as readonly ItemRoute[];
  const lists = items.map(({ list }) => list);
  const choose: ItemStep["choose"] = (item) => {
    for (let i = 0; i < lists.length; i++) if (lists[i]!.matches(item)) return i;
    return NONE;
  };
  return { context: items[0]!.context, edits: items[0]!.edits, isCopy, consumers, choose };
}

function askRequest(step: RequestStep, payload: Payload, taken: Taken): Payload | undefined {
  if (!step.matches(payload.origin)) return payload;
  taken.add(step.consumer, payload);
  return step.isCopy ? payload : undefined;
}

/** Pipelines by their ids; the same single one is always the same consumer. */
class Destinations {
  readonly #pipelines: ReadonlyMap<string, Consumer>;

  constructor(pipelines: ReadonlyMap<string, Consumer>) {
    this.#pipelines = pipelines;
  }

  /** undefined for none: what goes there is dropped. */
  of(ids: readonly string[]): Consumer | undefined {
    return ids.length === 0 ? undefined : fanOut(ids.map((id) => this.#pipeline(id)));
  }

  #pipeline(id: string): Consumer {
    const pipeline = this.#pipelines.get(id);
    if (pipeline !== undefined) return pipeline;
    const known = [...this.#pipelines.keys()].join(", ");
    throw new TypeError(
      `Cannot route to ${JSON.stringify(id)}: it does not start with this connector, wanted ${known}`,
    );
  }
}

/** What is taken from one batch, by where it goes; in the order in which that was first met. */
class Taken {
  readonly #payloads = new Map<Consumer, Payload[]>();

  add(consumer: Consumer | undefined, payload: Payload): void {
    if (consumer === undefined || payload.chunks.length === 0) return;
    const known = this.#payloads.get(consumer);
    if (known === undefined) this.#payloads.set(consumer, [payload]);
    else known.push(payload);
  }

  deliveries(): Delivery[] {
    return [...this.#payloads].map(([consumer, payloads]) => ({
      consumer,
      payload: mergePayloads(payloads, payloads[0]!.origin),
    }));
  }
}
