/**
 * What the control thread runs, in the order of its start: what serves the others comes first.
 *
 * @module
 */

import type { Attributes } from "../pipeline/core/telemetry/meter.ts";
import type { SeriesValue, ThreadMeter } from "../pipeline/core/telemetry/store.ts";
import type { Tracer } from "../pipeline/core/telemetry/trace.ts";
import { buildExtensions, buildParts, buildPipelines, type GraphDeps } from "../pipeline/graph/build.ts";
import type { Build } from "../pipeline/graph/live_graph.ts";
import type { OwnLog } from "./telemetry/logging.ts";
import { ownMetricsPages } from "./telemetry/own_metrics.ts";
import { ownTelemetry } from "./telemetry/own_telemetry.ts";
import { createProcessMetrics } from "./telemetry/process_metrics.ts";
import type { ControlTenants } from "./tenants/control_tenants.ts";

export interface ControlParts {
  readonly deps: GraphDeps;
  /** What own metrics, spans and log records say they come from. */
  readonly resource: Attributes;
  readonly tracer: Tracer;
  readonly log: OwnLog;
  readonly tenants: ControlTenants;
  readonly meter: ThreadMeter;
  /** The own metrics of all threads. */
  readonly collect: () => readonly SeriesValue[];
  readonly isReady: () => boolean;
}

/** Own telemetry and its pages, extensions, tenants; the pipelines too when there are no workers. */
export function controlBuilds(
  { deps, resource, tracer, log, tenants, meter, ...parts }: ControlParts,
): readonly Build[] {
  const updateProcessMetrics = createProcessMetrics(meter, deps.clock, resource);
  const collect = () => {
    updateProcessMetrics();
    return parts.collect();
  };
  const pages: Build = ({ telemetry }, before) =>
    buildParts(ownMetricsPages(telemetry, resource, collect, deps.serveHttp), deps, before);
  const own = { ...deps, resource, tracer, tee: log.tee, collect };
  const telemetry: Build = (config, before) => buildParts(ownTelemetry(config.telemetry, own), deps, before);
  const extensions: Build = (config, before) => buildExtensions(config, deps, parts.isReady, before);
  const pipelines: Build = (config, before) => buildPipelines(config, deps, before);
  return [telemetry, pages, extensions, ...tenants.builds, ...tenants.own === undefined ? [] : [pipelines]];
}
