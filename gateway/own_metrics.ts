/**
 * The pages that Prometheus scrapes, as `service::telemetry` has them.
 *
 * @module
 */

import { httpServerShape } from "../pipeline/config/http_server.ts";
import { section } from "../pipeline/config/schema.ts";
import type { TelemetryConfig } from "../pipeline/config/service_telemetry.ts";
import type { Lifecycle } from "../pipeline/contract/consumer.ts";
import type { FetchHandler, HttpServer, ServeHttp } from "../pipeline/contract/http.ts";
import type { SeriesValue } from "../pipeline/core/telemetry_store.ts";
import type { Attributes } from "../pipeline/core/telemetry.ts";
import type { Component } from "../pipeline/graph/graph.ts";
import { createMetricsApp } from "../routes/metrics.ts";

/** One page for each Prometheus reader; none at level `none`. */
export function ownMetricsPages(
  { metrics: { level, readers } }: TelemetryConfig,
  collect: () => readonly SeriesValue[],
  serveHttp: ServeHttp,
): Component[] {
  if (level === "none") return [];
  const { fetch } = createMetricsApp(collect);
  return readers.flatMap(({ pull }) => pull?.exporter.prometheus ?? []).map(({ host, port }) => {
    const endpoint = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    return { name: `own metrics on ${endpoint}`, lifecycle: serverOf(endpoint, fetch, serveHttp) };
  });
}

/** The resource that the metrics describe: the built-in attributes, over them those configured; null takes one away. */
export function resourceOf({ resource }: TelemetryConfig, version: string): Attributes {
  const attributes = {
    "service.name": "sluice",
    "service.version": version,
    "service.instance.id": crypto.randomUUID(),
    ...resource,
  };
  return Object.fromEntries(Object.entries(attributes).filter((pair): pair is [string, string] => pair[1] !== null));
}

function serverOf(endpoint: string, fetch: FetchHandler, serveHttp: ServeHttp): Lifecycle {
  const config = section(httpServerShape(endpoint)).parse({});
  let server: HttpServer | undefined;
  return {
    start: async () => {
      server = await serveHttp(config, { fetch });
    },
    shutdown: async (deadline) => await server?.shutdown(deadline),
  };
}
