/**
 * The graph of a configuration with what flows through it, as far as counters tell.
 *
 * An edge tells what was passed along it, whatever became of that: what is sent again after a refusal counts again, on
 * every edge of its path alike.
 *
 * @module
 */

import type { ComponentConfig, GatewayConfig, PipelineConfig } from "../../../pipeline/config/gateway_config.ts";
import type { Attributes } from "../../../pipeline/core/telemetry/meter.ts";
import { type Signal, SIGNALS } from "../../../pipeline/otlp/signals.ts";
import type { Flow, GraphEdge, GraphNode, GraphView } from "../../../routes/admin/schemas.ts";
import { connectorNode, exporterNode, processorNode, receiverNode } from "../node_names.ts";
import type { Reading } from "../rates.ts";

/** Counters that are added up: those of these names that have these attributes. */
interface Tally {
  readonly names: readonly string[];
  readonly attributes: Attributes;
}

/** What counters tell of one side of a node: what passed there, and what failed. */
interface Meters {
  readonly items: Tally;
  readonly bytes: Tally;
  readonly errors: Tally;
}

type EdgeEnds = Omit<GraphEdge, "flow">;

export function graphView(config: GatewayConfig, version: string, reading: Reading): GraphView {
  const nodes = new Map<string, GraphNode>();
  const edges = new EdgeFinder(config, nodes).edges();
  const flows = new FlowReader(config, nodes, edges, reading);
  return {
    version,
    nodes: [...nodes.values()],
    edges: edges.map((edge) => ({ ...edge, flow: flows.of(edge) })),
    window_ms: reading.windowMs,
  };
}

/** The components in pipelines, as the graph has them. */
export function nodesOf(config: GatewayConfig): readonly GraphNode[] {
  const nodes = new Map<string, GraphNode>();
  new EdgeFinder(config, nodes).edges();
  return [...nodes.values()];
}

/** Walks the pipelines as `pipeline/graph/build.ts` builds them. */
class EdgeFinder {
  readonly #config: GatewayConfig;
  readonly #nodes: Map<string, GraphNode>;
  readonly #pipelines: readonly PipelineConfig[];

  constructor(config: GatewayConfig, nodes: Map<string, GraphNode>) {
    this.#config = config;
    this.#nodes = nodes;
    this.#pipelines = [...config.pipelines.values()];
  }

  edges(): readonly EdgeEnds[] {
    return this.#pipelines.flatMap((pipeline) => {
      const { id, signal } = pipeline;
      const starts = pipeline.receivers.flatMap((each) => this.#starts(each, signal));
      const steps = pipeline.processors.map((each) => [this.#processor(each, pipeline)]);
      const ends = pipeline.exporters.flatMap((each) => this.#ends(each, signal));
      const stages = [starts, ...steps, ends];
      return stages.slice(1).flatMap((to, i) =>
        (stages[i] ?? []).flatMap((from) => to.map((end) => ({ from, to: end, pipeline: id, signal })))
      );
    });
  }

  #starts(id: string, signal: Signal): readonly string[] {
    const receiver = this.#config.receivers.get(id);
    if (receiver !== undefined) return [this.#note(receiverNode(id), "receiver", receiver, [signal])];
    const connector = this.#config.connectors.get(id);
    if (connector === undefined) return [];
    const feeding = this.#pipelines.filter(({ exporters }) => exporters.includes(id)).map((each) => each.signal);
    return [...new Set(feeding)].map((from) =>
      this.#note(connectorNode(id, from, signal), "connector", connector, [from, signal])
    );
  }

  #processor(id: string, pipeline: PipelineConfig): string {
    const processor = this.#config.processors.get(id);
    const node = processorNode(id, pipeline.id);
    return processor === undefined ? node : this.#note(node, "processor", processor, [pipeline.signal], pipeline.id);
  }

  #ends(id: string, signal: Signal): readonly string[] {
    const exporter = this.#config.exporters.get(id);
    if (exporter !== undefined) return [this.#note(exporterNode(id, signal), "exporter", exporter, [signal])];
    const connector = this.#config.connectors.get(id);
    if (connector === undefined) return [];
    const fed = this.#pipelines.filter(({ receivers }) => receivers.includes(id)).map((each) => each.signal);
    return [...new Set(fed)].map((to) =>
      this.#note(connectorNode(id, signal, to), "connector", connector, [signal, to])
    );
  }

  #note(
    id: string,
    kind: GraphNode["kind"],
    { id: component, type }: ComponentConfig,
    signals: readonly Signal[],
    pipeline: string | null = null,
  ): string {
    const known = this.#nodes.get(id)?.signals ?? [];
    this.#nodes.set(id, { id, kind, component, type, pipeline, signals: [...new Set([...known, ...signals])] });
    return id;
  }
}

/**
 * Finds the counters that tell of an edge: those of a processor that it alone leads to, else those of what it leaves,
 * else those of the exporter or connector that it alone leads to.
 */
class FlowReader {
  readonly #config: GatewayConfig;
  readonly #nodes: ReadonlyMap<string, GraphNode>;
  readonly #edges: readonly EdgeEnds[];
  readonly #reading: Reading;

  constructor(
    config: GatewayConfig,
    nodes: ReadonlyMap<string, GraphNode>,
    edges: readonly EdgeEnds[],
    reading: Reading,
  ) {
    this.#config = config;
    this.#nodes = nodes;
    this.#edges = edges;
    this.#reading = reading;
  }

  of({ from, to, signal }: EdgeEnds): Flow {
    const [source, target] = [this.#nodes.get(from), this.#nodes.get(to)];
    const isOnlyWay = this.#edges.filter((edge) => edge.to === to).length === 1;
    const incoming = isOnlyWay ? this.#incoming(target, signal) : undefined;
    const outgoing = this.#outgoing(source, signal);
    const sides = (target?.kind === "processor" ? [incoming, outgoing] : [outgoing, incoming])
      .flatMap((side) => side ?? []);
    const items = this.#firstKnown(sides.map((side) => side.items));
    return {
      items_total: items === undefined ? null : this.#total(items) ?? null,
      items_per_second: this.#rate(items),
      bytes_per_second: this.#rate(this.#firstKnown(sides.map((side) => side.bytes))),
      errors_per_second: this.#rate(incoming?.errors),
    };
  }

  #firstKnown(tallies: readonly Tally[]): Tally | undefined {
    return tallies.find((tally) => this.#total(tally) !== undefined);
  }

  #outgoing(node: GraphNode | undefined, signal: Signal): Meters | undefined {
    if (node?.kind === "processor") return this.#ofProcessor(node, signal, "outgoing", "produced");
    if (node?.kind !== "receiver") return undefined;
    const receiver = { receiver: node.component };
    const suffix = SIGNALS[signal].metricSuffix;
    const passed = ["accepted", "refused", "failed"].map((fate) => `otelcol_receiver_${fate}_${suffix}`);
    return {
      items: { names: [...passed, `sluice_receiver_abandoned_${suffix}`], attributes: receiver },
      bytes: { names: ["otelcol_receiver_produced_size"], attributes: { ...receiver, "otel.signal": signal } },
      errors: NOTHING,
    };
  }

  #incoming(node: GraphNode | undefined, signal: Signal): Meters | undefined {
    if (node?.kind === "processor") return this.#ofProcessor(node, signal, "incoming", "consumed");
    if (node?.kind === "connector") {
      const attributes = { connector: node.component, "otel.signal": signal };
      return { items: NOTHING, bytes: { names: ["otelcol_connector_consumed_size"], attributes }, errors: NOTHING };
    }
    if (node?.kind !== "exporter") return undefined;
    const exporter = { exporter: node.component };
    const suffix = SIGNALS[signal].metricSuffix;
    const failed = [`otelcol_exporter_send_failed_${suffix}`, `otelcol_exporter_enqueue_failed_${suffix}`];
    return {
      items: { names: [`otelcol_exporter_sent_${suffix}`, ...failed], attributes: exporter },
      bytes: { names: ["otelcol_exporter_consumed_size"], attributes: { ...exporter, "otel.signal": signal } },
      errors: { names: failed, attributes: exporter },
    };
  }

  #ofProcessor(
    { component: processor }: GraphNode,
    signal: Signal,
    items: "incoming" | "outgoing",
    bytes: "consumed" | "produced",
  ): Meters | undefined {
    if (this.#isShared(processor, signal)) return undefined;
    const attributes = { processor, "otel.signal": signal };
    return {
      items: { names: [`otelcol_processor_${items}_items`], attributes },
      bytes: { names: [`otelcol_processor_${bytes}_size`], attributes },
      errors: NOTHING,
    };
  }

  /** A processor of several pipelines counts them all together. */
  #isShared(id: string, signal: Signal): boolean {
    const users = [...this.#config.pipelines.values()].filter((pipeline) =>
      pipeline.signal === signal && pipeline.processors.includes(id)
    );
    return users.length > 1;
  }

  #total({ names, attributes }: Tally): number | undefined {
    const found = names.flatMap((name) => this.#reading.total(name, attributes) ?? []);
    return found.length === 0 ? undefined : found.reduce((sum, each) => sum + each, 0);
  }

  #rate({ names, attributes }: Tally = NOTHING): number | null {
    const found = names.flatMap((name) => this.#reading.perSecond(name, attributes) ?? []);
    return found.length === 0 ? null : found.reduce((sum, each) => sum + each, 0);
  }
}

const NOTHING: Tally = { names: [], attributes: {} };
