/**
 * Makes a graph of a configuration: which instances there are, and who is next to whom.
 *
 * Source: collector reference 2.5. One receiver an id, shared by its signals; one exporter an (id, signal); one
 * processor an (id, pipeline); one connector an (id, from, to).
 *
 * @module
 */

import type { ComponentConfig, GatewayConfig, PipelineConfig } from "../config/gateway_config.ts";
import type { ComponentDeps, ConnectorFactory } from "../contract/component.ts";
import type { Consumer, Lifecycle } from "../contract/consumer.ts";
import type { ServeHttp } from "../contract/http.ts";
import type { Clock, Random } from "../core/clock.ts";
import { describeError, type Logger } from "../core/log.ts";
import type { MemoryBudget } from "../core/memory.ts";
import type { Meter } from "../core/telemetry.ts";
import { type Signal, SIGNAL_NAMES } from "../otlp/signals.ts";
import { fanOut } from "../queue/fan_out.ts";
import { type Component, Graph, GraphError } from "./graph.ts";
import { factoryOf, type Registry } from "./registry.ts";

/** What the graph's components are given. */
export interface GraphDeps {
  readonly registry: Registry;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: MemoryBudget;
  readonly serveHttp: ServeHttp;
}

/**
 * Builds the pipelines; nothing has started.
 *
 * @param config Checked: every id is configured, and connectors make no cycle.
 * @throws {GraphError} A component could not be created; the failure names it.
 */
export function buildPipelines(config: GatewayConfig, deps: GraphDeps): Graph {
  return new PipelineBuilder(config, deps).build();
}

/**
 * Builds the extensions of `service::extensions`; nothing has started.
 *
 * @param isReady Whether the gateway takes data.
 * @throws {GraphError} An extension could not be created; the failure names it.
 */
export function buildExtensions(config: GatewayConfig, deps: GraphDeps, isReady: () => boolean): Graph {
  const stages = config.serviceExtensions.map((id) => {
    const component = configured(config.extensions, id);
    const factory = factoryOf(deps.registry.extensions, component.type);
    const name = `extension ${id}`;
    const lifecycle = create(name, () =>
      factory.create(component.config, {
        ...componentDeps(deps, id, "extension"),
        serveHttp: deps.serveHttp,
        isReady,
      }));
    return [{ name, lifecycle }];
  });
  return new Graph(stages, deps.logger, deps.clock);
}

/** A consumer, and how many components lie downstream of it at the most. */
interface Node {
  readonly consumer: Consumer;
  readonly depth: number;
}

class PipelineBuilder {
  readonly #config: GatewayConfig;
  readonly #deps: GraphDeps;
  readonly #pipelines: readonly PipelineConfig[];
  /** Components by depth: a component is deeper than all that it feeds, so that is the order of the start. */
  readonly #stages: Component[][] = [];
  readonly #heads = new Map<string, Node>();
  readonly #ends = new Map<string, Node>();

  constructor(config: GatewayConfig, deps: GraphDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#pipelines = [...config.pipelines.values()];
  }

  build(): Graph {
    for (const pipeline of this.#pipelines) this.#headOf(pipeline);
    const receivers = [...this.#config.receivers.values()].filter(({ id }) =>
      this.#pipelines.some((pipeline) => pipeline.receivers.includes(id))
    );
    const stages = [...this.#stages, receivers.map((receiver) => this.#receiver(receiver))];
    return new Graph(stages, this.#deps.logger, this.#deps.clock);
  }

  /** The first consumer of a pipeline. */
  #headOf(pipeline: PipelineConfig): Node {
    return once(this.#heads, pipeline.id, () => {
      const ends = pipeline.exporters.flatMap((id) => this.#endsOf(pipeline, id));
      return pipeline.processors.reduceRight((next, id) => this.#processor(pipeline, id, next), fanOutNode(ends));
    });
  }

  /** What an id under `exporters` stands for: an exporter, or a connector to each signal that it leads to. */
  #endsOf(pipeline: PipelineConfig, id: string): readonly Node[] {
    const connector = this.#config.connectors.get(id);
    if (connector === undefined) return [this.#exporter(configured(this.#config.exporters, id), pipeline.signal)];
    const factory = factoryOf(this.#deps.registry.connectors, connector.type);
    return SIGNAL_NAMES
      .filter((to) => this.#fedBy(id, to).length > 0)
      .filter((to) => factory.routes.some((route) => route.from === pipeline.signal && route.to === to))
      .map((to) => this.#connector(connector, factory, pipeline.signal, to));
  }

  #exporter({ id, type, config }: ComponentConfig, signal: Signal): Node {
    return once(this.#ends, `exporter ${id} (${signal})`, (name) => {
      const factory = factoryOf(this.#deps.registry.exporters, type);
      const deps = { ...componentDeps(this.#deps, id, "exporter", { "otelcol.signal": signal }), signal };
      return this.#add(name, 0, () => factory.create(config, deps));
    });
  }

  #connector(connector: ComponentConfig, factory: ConnectorFactory<unknown>, from: Signal, to: Signal): Node {
    const { id, config } = connector;
    return once(this.#ends, `connector ${id} (${from} to ${to})`, (name) => {
      const heads = this.#fedBy(id, to).map((pipeline) => [pipeline.id, this.#headOf(pipeline)] as const);
      const fields = { "otelcol.signal": from, "otelcol.signal.output": to };
      const deps = { ...componentDeps(this.#deps, id, "connector", fields), from, to };
      const consumers = new Map(heads.map(([pipelineId, { consumer }]) => [pipelineId, consumer]));
      return this.#add(name, deepest(heads.map(([, node]) => node)) + 1, () => factory.create(config, deps, consumers));
    });
  }

  #processor({ id: pipelineId, signal }: PipelineConfig, id: string, next: Node): Node {
    const { type, config } = configured(this.#config.processors, id);
    const factory = factoryOf(this.#deps.registry.processors, type);
    const fields = { "otelcol.pipeline.id": pipelineId, "otelcol.signal": signal };
    const deps = { ...componentDeps(this.#deps, id, "processor", fields), signal };
    const name = `processor ${id} (pipeline ${pipelineId})`;
    return this.#add(name, next.depth + 1, () => factory.create(config, deps, next.consumer));
  }

  #receiver({ id, type, config }: ComponentConfig): Component {
    const factory = factoryOf(this.#deps.registry.receivers, type);
    const next = new Map<Signal, Consumer>();
    for (const signal of SIGNAL_NAMES) {
      const heads = this.#fedBy(id, signal).map((pipeline) => this.#headOf(pipeline).consumer);
      if (heads.length > 0) next.set(signal, fanOut(heads));
    }
    const deps = { ...componentDeps(this.#deps, id, "receiver"), serveHttp: this.#deps.serveHttp };
    const name = `receiver ${id}`;
    return { name, lifecycle: create(name, () => factory.create(config, deps, next)) };
  }

  /** Pipelines of `signal` that name `id` under `receivers`. */
  #fedBy(id: string, signal: Signal): readonly PipelineConfig[] {
    return this.#pipelines.filter((pipeline) => pipeline.signal === signal && pipeline.receivers.includes(id));
  }

  #add(name: string, depth: number, make: () => Consumer & Lifecycle): Node {
    const made = create(name, make);
    while (this.#stages.length <= depth) this.#stages.push([]);
    this.#stages[depth]?.push({ name, lifecycle: made });
    return { consumer: made, depth };
  }
}

function once(nodes: Map<string, Node>, name: string, make: (name: string) => Node): Node {
  const known = nodes.get(name);
  if (known !== undefined) return known;
  const made = make(name);
  nodes.set(name, made);
  return made;
}

function fanOutNode(nodes: readonly Node[]): Node {
  return { consumer: fanOut(nodes.map(({ consumer }) => consumer)), depth: deepest(nodes) };
}

function deepest(nodes: readonly Node[]): number {
  return Math.max(0, ...nodes.map(({ depth }) => depth));
}

function componentDeps(
  { logger, meter, clock, random, memory }: GraphDeps,
  id: string,
  kind: string,
  fields: Readonly<Record<string, string>> = {},
): ComponentDeps {
  const named = { "otelcol.component.id": id, "otelcol.component.kind": kind, ...fields };
  return { id, logger: logger.with(named), meter, clock, random, memory };
}

function create<Made>(name: string, make: () => Made): Made {
  try {
    return make();
  } catch (thrown) {
    throw new GraphError("build", [`${name}: ${describeError(thrown)}`], thrown);
  }
}

function configured(components: ReadonlyMap<string, ComponentConfig>, id: string): ComponentConfig {
  const component = components.get(id);
  if (component === undefined) throw new TypeError(`Cannot build ${JSON.stringify(id)}: it is not configured`);
  return component;
}
