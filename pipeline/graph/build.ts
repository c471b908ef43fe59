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
import type { Authenticator } from "../contract/authenticator.ts";
import type { Consumer, Lifecycle } from "../contract/consumer.ts";
import type { ServeHttp } from "../contract/http.ts";
import type { TenantGate } from "../contract/tenants.ts";
import type { UsageMeter } from "../contract/usage.ts";
import type { Clock, Random } from "../core/clock.ts";
import type { Logger } from "../core/log/logger.ts";
import type { MemoryBudget } from "../core/memory.ts";
import type { Counter, Meter } from "../core/telemetry/meter.ts";
import { atOnce, eventLoopPause, inSlices, type Sliced } from "../core/slices.ts";
import type { Tracer } from "../core/telemetry/trace.ts";
import { type Signal, SIGNAL_NAMES } from "../otlp/signals.ts";
import { fanOut } from "../queue/fan_out.ts";
import { type Authenticated, authenticated } from "./authenticators.ts";
import { type Component, Graph } from "./graph.ts";
import { Inlet } from "./inlet.ts";
import { create, type Instances, InstanceSet } from "./instances.ts";
import { observeProcessor } from "./observed_processor.ts";
import { factoryOf, type Registry } from "./registry.ts";
import { forTenants, type PipelineHead } from "./tenant_pipelines.ts";

export type { Instances } from "./instances.ts";

/** What the graph's components are given. */
export interface GraphDeps {
  readonly registry: Registry;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: MemoryBudget;
  readonly serveHttp: ServeHttp;
  /** Traces of the gateway's own work. Absent: there are none. */
  readonly tracer?: Tracer;
  /** What tenants use is told to it. Absent: nobody asks. */
  readonly usage?: UsageMeter;
  /** Who may send what with a configuration; undefined: it knows no tenants. Absent: none does. */
  readonly gateOf?: (config: GatewayConfig) => NamedGate | undefined;
}

/** A gate, and of what it was made: a receiver whose gate has another fingerprint is made anew. */
export interface NamedGate {
  readonly fingerprint: string;
  readonly gate: TenantGate;
}

/** Pipelines, or extensions, as they were built: what runs, and what the next build may take over of it. */
export interface Assembly {
  readonly graph: Graph;
  readonly instances: Instances;
  /** Points the receivers that were taken over at these pipelines; the ones before are asked for nothing new after it. */
  flip(): void;
}

const NO_INSTANCES: Instances = new Map();

/**
 * Builds the pipelines, in slices, for a thread that serves requests meanwhile; nothing new has started.
 *
 * @param config Checked: every id is configured, and connectors make no cycle.
 * @param before Of the pipelines that run: what is the same in both is taken over.
 * @throws {GraphError} A component could not be created; the failure names it.
 */
export function buildPipelines(
  config: GatewayConfig,
  deps: GraphDeps,
  before = NO_INSTANCES,
): Promise<Assembly> {
  return inSlices(new PipelineBuilder(config, deps, before).build(), eventLoopPause());
}

/**
 * Builds the extensions of `service::extensions`; nothing new has started.
 *
 * @param isReady Whether the gateway takes data.
 * @throws {GraphError} An extension could not be created; the failure names it.
 */
export function buildExtensions(
  config: GatewayConfig,
  deps: GraphDeps,
  isReady: () => boolean,
  before = NO_INSTANCES,
): Assembly {
  const parts = config.serviceExtensions.map((id) => {
    const { type, config: section, fingerprint } = configured(config.extensions, id);
    const factory = factoryOf(deps.registry.extensions, type);
    const own = { ...componentDeps(deps, id, "extension"), serveHttp: deps.serveHttp, isReady };
    return { name: `extension ${id}`, fingerprint, make: () => factory.create(section, own) };
  });
  return buildParts(parts, deps, before);
}

/** Something that runs by itself: no data goes through it. */
export interface PartDraft {
  readonly name: string;
  /** Two of one name with the same fingerprint are the same. */
  readonly fingerprint: string;
  make(): Lifecycle;
}

/**
 * Parts that are started one after the other.
 *
 * @throws {GraphError} One could not be created; the failure names it.
 */
export function buildParts(
  drafts: readonly PartDraft[],
  { logger, clock }: Pick<GraphDeps, "logger" | "clock">,
  before = NO_INSTANCES,
): Assembly {
  const instances = new InstanceSet(before);
  const stages = drafts.map(({ name, fingerprint, make }) => {
    const { component } = instances.take(name, fingerprint, [], make);
    return component === undefined ? [] : [component];
  });
  return { graph: new Graph(stages, logger, clock), instances: instances.all, flip: () => {} };
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
  readonly #instances: InstanceSet;
  /** Components by depth: a component is deeper than all that it feeds, so that is the order of the start. */
  readonly #stages: Component[][] = [];
  /** Before all others. */
  readonly #authenticators = new Map<string, Component>();
  readonly #heads = new Map<string, Node>();
  readonly #ends = new Map<string, Node>();
  readonly #flips: (() => void)[] = [];

  constructor(config: GatewayConfig, deps: GraphDeps, before: Instances) {
    this.#config = config;
    this.#deps = deps;
    this.#pipelines = [...config.pipelines.values()];
    this.#instances = new InstanceSet(before);
  }

  /** Stops after each component. */
  *build(): Sliced<Assembly> {
    for (const pipeline of this.#pipelines) yield* this.#headOf(pipeline);
    const receivers = [...this.#config.receivers.values()].filter(({ id }) =>
      this.#pipelines.some((pipeline) => pipeline.receivers.includes(id))
    );
    const edge = receivers.flatMap((receiver) => this.#receiver(receiver) ?? []); // what they feed is built by now
    const stages = [[...this.#authenticators.values()], ...this.#stages, edge];
    return {
      graph: new Graph(stages, this.#deps.logger, this.#deps.clock),
      instances: this.#instances.all,
      flip: () => {
        for (const flip of this.#flips) flip();
      },
    };
  }

  /** The first consumer of a pipeline. */
  *#headOf(pipeline: PipelineConfig): Sliced<Node> {
    const known = this.#heads.get(pipeline.id);
    if (known !== undefined) return known;
    const ends: Node[] = [];
    for (const id of pipeline.exporters) ends.push(...yield* this.#endsOf(pipeline, id));
    const fanned = this.#instances.fanOut(`ends of pipeline ${pipeline.id}`, ends.map(({ consumer }) => consumer));
    let head: Node = { consumer: fanned, depth: deepest(ends) };
    for (const id of pipeline.processors.toReversed()) {
      head = this.#processor(pipeline, id, head);
      yield;
    }
    this.#heads.set(pipeline.id, head);
    return head;
  }

  /** What an id under `exporters` stands for: an exporter, or a connector to each signal that it leads to. */
  *#endsOf(pipeline: PipelineConfig, id: string): Sliced<readonly Node[]> {
    const connector = this.#config.connectors.get(id);
    if (connector === undefined) {
      const exporter = this.#exporter(configured(this.#config.exporters, id), pipeline.signal);
      yield;
      return [exporter];
    }
    const factory = factoryOf(this.#deps.registry.connectors, connector.type);
    const signals = SIGNAL_NAMES
      .filter((to) => this.#fedBy(id, to).length > 0)
      .filter((to) => factory.routes.some((route) => route.from === pipeline.signal && route.to === to));
    const nodes: Node[] = [];
    for (const to of signals) nodes.push(yield* this.#connector(connector, factory, pipeline.signal, to));
    return nodes;
  }

  #exporter(exporter: ComponentConfig, signal: Signal): Node {
    const { id, type, config } = exporter;
    return once(this.#ends, `exporter ${id} (${signal})`, (name) => {
      const factory = factoryOf(this.#deps.registry.exporters, type);
      const { deps: own, fingerprint } = create(name, () => this.#authenticated(exporter));
      const deps = { ...componentDeps(this.#deps, id, "exporter", { "otelcol.signal": signal }), signal, ...own };
      const size = deps.meter.counter("otelcol_exporter_consumed_size", { exporter: id, "otel.signal": signal });
      return this.#add(name, fingerprint, [], () => factory.create(config, deps), size);
    });
  }

  *#connector(
    connector: ComponentConfig,
    factory: ConnectorFactory<unknown>,
    from: Signal,
    to: Signal,
  ): Sliced<Node> {
    const { id, config, fingerprint } = connector;
    const heads: (readonly [string, Node])[] = [];
    for (const pipeline of this.#fedBy(id, to)) heads.push([pipeline.id, yield* this.#headOf(pipeline)]);
    return once(this.#ends, `connector ${id} (${from} to ${to})`, (name) => {
      const fields = { "otelcol.signal": from, "otelcol.signal.output": to };
      const deps = { ...componentDeps(this.#deps, id, "connector", fields), from, to };
      const consumers = new Map(heads.map(([pipelineId, { consumer }]) => [pipelineId, consumer]));
      const print = JSON.stringify([fingerprint, ...consumers.keys()]);
      const attributes = { connector: id, "otel.signal": from, "otel.signal.output": to };
      const size = deps.meter.counter("otelcol_connector_consumed_size", attributes);
      const feeds = heads.map(([, node]) => node);
      return this.#add(name, print, feeds, () => factory.create(config, deps, consumers), size);
    });
  }

  #processor({ id: pipelineId, signal }: PipelineConfig, id: string, next: Node): Node {
    const { type, config, fingerprint } = configured(this.#config.processors, id);
    const factory = factoryOf(this.#deps.registry.processors, type);
    const fields = { "otelcol.pipeline.id": pipelineId, "otelcol.signal": signal };
    const deps = { ...componentDeps(this.#deps, id, "processor", fields), signal };
    const name = `processor ${id} (pipeline ${pipelineId})`;
    const make = () => observeProcessor(deps, next.consumer, (exit) => factory.create(config, deps, exit));
    return this.#add(name, fingerprint, [next], make);
  }

  /** A receiver stays when only the pipelines behind it are others. */
  #receiver(receiver: ComponentConfig): Component | undefined {
    const { id, type, config } = receiver;
    const { deps: own, fingerprint } = create(`receiver ${id}`, () => this.#authenticated(receiver));
    const factory = factoryOf(this.#deps.registry.receivers, type);
    const named = this.#deps.gateOf?.(this.#config);
    const switches = new Map<Signal, Inlet>();
    for (const signal of SIGNAL_NAMES) {
      const heads = this.#fedBy(id, signal).map((pipeline) => ({ ...atOnce(this.#headOf(pipeline)), id: pipeline.id }));
      if (heads.length > 0) switches.set(signal, this.#switch(id, signal, headsAsOne(heads, named?.gate)));
    }
    const deps = {
      ...componentDeps(this.#deps, id, "receiver"),
      serveHttp: this.#deps.serveHttp,
      ...own,
      ...(named === undefined ? {} : { tenants: named.gate }),
    };
    const make = () => factory.create(config, deps, switches);
    const print = named === undefined ? fingerprint : JSON.stringify([fingerprint, named.fingerprint]);
    return this.#instances.take(`receiver ${id}`, print, [...switches.values()], make).component;
  }

  #authenticated(component: ComponentConfig): Authenticated {
    const { registry } = this.#deps;
    const depsOf = (id: string) => componentDeps(this.#deps, id, "extension");
    return authenticated(component, this.#config, registry.extensions, depsOf, ({ id, fingerprint }, make) => {
      const { lifecycle } = once(this.#authenticators, id, () => {
        const { component } = this.#instances.take(`authenticator ${id}`, fingerprint, [], make);
        if (component === undefined) throw new TypeError(`Cannot build authenticator ${id}: it does not run`);
        return component;
      });
      return lifecycle as Authenticator;
    });
  }

  /** The switch of that name: a new one points at `target`, one that is taken over does so after the flip. */
  #switch(receiver: string, signal: Signal, target: Consumer): Inlet {
    const name = `${signal} of receiver ${receiver}`;
    const size = this.#deps.meter.counter("otelcol_receiver_produced_size", { receiver, "otel.signal": signal });
    const { consumer } = this.#instances.take(name, "", [], () => new Inlet(target, size));
    this.#flips.push(() => (consumer as Inlet).point(target));
    return consumer as Inlet;
  }

  /** Pipelines of `signal` that name `id` under `receivers`. */
  #fedBy(id: string, signal: Signal): readonly PipelineConfig[] {
    return this.#pipelines.filter((pipeline) => pipeline.signal === signal && pipeline.receivers.includes(id));
  }

  #add(
    name: string,
    fingerprint: string,
    feeds: readonly Node[],
    make: () => Consumer & Lifecycle,
    size?: Counter,
  ): Node {
    const consumers = feeds.map(({ consumer }) => consumer);
    const { component, consumer } = this.#instances.take(name, fingerprint, consumers, make, size);
    const depth = feeds.length === 0 ? 0 : deepest(feeds) + 1;
    while (this.#stages.length <= depth) this.#stages.push([]);
    if (component !== undefined) this.#stages[depth]?.push(component);
    return { consumer, depth };
  }
}

function headsAsOne(heads: readonly PipelineHead[], gate: TenantGate | undefined): Consumer {
  return gate === undefined ? fanOut(heads.map(({ consumer }) => consumer)) : forTenants(heads, gate);
}

function once<Made>(nodes: Map<string, Made>, name: string, make: (name: string) => Made): Made {
  const known = nodes.get(name);
  if (known !== undefined) return known;
  const made = make(name);
  nodes.set(name, made);
  return made;
}

function deepest(nodes: readonly Node[]): number {
  return Math.max(0, ...nodes.map(({ depth }) => depth));
}

function componentDeps(
  { logger, meter, clock, random, memory, tracer, usage }: GraphDeps,
  id: string,
  kind: string,
  fields: Readonly<Record<string, string>> = {},
): ComponentDeps {
  const named = { "otelcol.component.id": id, "otelcol.component.kind": kind, ...fields };
  const deps = { id, logger: logger.with(named), meter, clock, random, memory };
  return { ...deps, ...(tracer && { tracer }), ...(usage && { usage }) };
}

function configured(components: ReadonlyMap<string, ComponentConfig>, id: string): ComponentConfig {
  const component = components.get(id);
  if (component === undefined) throw new TypeError(`Cannot build ${JSON.stringify(id)}: it is not configured`);
  return component;
}
