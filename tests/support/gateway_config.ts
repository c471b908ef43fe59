/**
 * A checked configuration made by hand, for tests that build graphs of components of their own.
 *
 * @module
 */

import type { ComponentConfig, GatewayConfig, PipelineConfig } from "../../pipeline/config/gateway_config.ts";
import { telemetrySchema } from "../../pipeline/config/service_telemetry.ts";
import type { Place } from "../../pipeline/config/tree/node.ts";
import { isSignal } from "../../pipeline/otlp/signals.ts";

const NOWHERE: Place = { file: "test.yaml", line: 1, column: 1 };

export interface ConfigSketch {
  /** Of components whose config is another than that of a former sketch: any text. */
  readonly fingerprints?: Readonly<Record<string, string>>;
  /** Ids; the type is what stands before the slash, the config is the id itself. */
  readonly receivers?: readonly string[];
  readonly processors?: readonly string[];
  readonly exporters?: readonly string[];
  readonly connectors?: readonly string[];
  readonly extensions?: readonly string[];
  /** By pipeline id: ids from receivers over processors to exporters. */
  readonly pipelines?: Readonly<
    Record<string, readonly [receivers: readonly string[], processors: readonly string[], exporters: readonly string[]]>
  >;
}

export function sketchConfig(sketch: ConfigSketch): GatewayConfig {
  const { pipelines = {}, extensions = [], fingerprints = {} } = sketch;
  const components = (ids: readonly string[] = []): ReadonlyMap<string, ComponentConfig> =>
    new Map(ids.map((id) => [id, componentOf(id, fingerprints[id] ?? "")]));
  return {
    receivers: components(sketch.receivers),
    processors: components(sketch.processors),
    exporters: components(sketch.exporters),
    connectors: components(sketch.connectors),
    extensions: components(extensions),
    serviceExtensions: extensions,
    pipelines: new Map(
      Object.entries(pipelines).map(([id, parts]) => [id, pipelineOf(id, parts)]),
    ),
    telemetry: telemetrySchema.parse({}),
    settings: new Map(),
    warnings: [],
    tree: { kind: "map", entries: new Map(), place: NOWHERE },
  };
}

function componentOf(id: string, fingerprint: string): ComponentConfig {
  return { id, type: typeOf(id), config: id, fingerprint, used: true, warned: false, place: NOWHERE };
}

function pipelineOf(
  id: string,
  [receivers, processors, exporters]: readonly [readonly string[], readonly string[], readonly string[]],
): PipelineConfig {
  const signal = typeOf(id);
  if (!isSignal(signal)) throw new TypeError(`Cannot make the pipeline ${id}: wanted a signal before the slash`);
  return { id, signal, receivers, processors, exporters, place: NOWHERE };
}

function typeOf(id: string): string {
  return id.split("/")[0] ?? id;
}
