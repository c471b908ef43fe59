/**
 * A real OpenTelemetry Collector (Go), as sender or as upstream.
 *
 * @module
 */

import { freePort } from "./gateway_process.ts";
import { missingForPeers, type PeerProcess, startPeer } from "./peers.ts";

/** What a machine lacks for `startCollector`. */
export const missingForCollector = missingForPeers;

/** A running collector with an otlp receiver over HTTP. */
export interface Collector extends PeerProcess {
  /** Base URL of its receiver. */
  readonly url: string;
}

/** What a collector does with what it receives. */
export interface CollectorOptions {
  /** YAML of its exporters, two spaces deep: `  file:\n    path: x`. */
  readonly exporters: string;
  /** The ids that every pipeline exports to. */
  readonly exporterIds: readonly string[];
}

/** Starts a collector with a configuration of its own, whose otlp receiver listens on `port`. */
export async function startCollectorWith(config: string, port: number): Promise<Collector> {
  const peer = await startPeer("otelcol", ["--config", `yaml:${config}`], port);
  return { ...peer, url: `http://127.0.0.1:${port}` };
}

/** Starts a collector with one pipeline a signal: otlp over HTTP to the exporters. */
export async function startCollector({ exporters, exporterIds }: CollectorOptions): Promise<Collector> {
  const port = freePort();
  const pipelines = ["traces", "metrics", "logs"].map((signal) =>
    `    ${signal}: { receivers: [otlp], exporters: [${exporterIds.join(", ")}] }`
  );
  const config = [
    "receivers:",
    `  otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } }`,
    "exporters:",
    exporters,
    "service:",
    "  pipelines:",
    ...pipelines,
    "  telemetry: { metrics: { level: none } }",
  ].join("\n");
  return await startCollectorWith(config, port);
}
