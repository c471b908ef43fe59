/**
 * The pages that Prometheus scrapes, as `service::telemetry` has them.
 *
 * @module
 */

import { formatEndpoint, httpServerShape } from "../../pipeline/config/network/http_server.ts";
import { section } from "../../pipeline/config/schema.ts";
import type { TelemetryConfig } from "../../pipeline/config/service_telemetry.ts";
import type { Lifecycle } from "../../pipeline/contract/consumer.ts";
import type { FetchHandler, HttpServer, ServeHttp } from "../../pipeline/contract/http.ts";
import type { SeriesValue } from "../../pipeline/core/telemetry/store.ts";
import { isShownAt, type MetricLevel } from "../../pipeline/core/telemetry/table.ts";
import type { Attributes } from "../../pipeline/core/telemetry/meter.ts";
import type { PartDraft } from "../../pipeline/graph/build.ts";
import { isLoopback } from "../../routes/bind_address.ts";
import { createMetricsApp } from "../../routes/metrics.ts";

/** One page for each Prometheus reader; none at level `none`. */
export function ownMetricsPages(
  { metrics: { level, readers } }: TelemetryConfig,
  resource: Attributes,
  collect: () => readonly SeriesValue[],
  serveHttp: ServeHttp,
): PartDraft[] {
  if (level === "none") return [];
  return readers.flatMap(({ pull }) => pull?.exporter.prometheus ?? []).map((reader) => {
    const { host, port, with_resource_constant_labels: chosen } = reader;
    const endpoint = formatEndpoint(host, port);
    const constantLabels = chooseLabels(resource, chosen);
    return {
      name: `own metrics on ${endpoint}`,
      fingerprint: JSON.stringify([endpoint, constantLabels, level]),
      make: () =>
        serverOf(
          endpoint,
          serveHttp,
          (loopback) => createMetricsApp(shownAt(level, collect), { constantLabels, loopback }).fetch,
        ),
    };
  });
}

/** What `level` shows of all series. */
export function shownAt(level: MetricLevel, collect: () => readonly SeriesValue[]): () => readonly SeriesValue[] {
  return () => collect().filter(({ name }) => isShownAt(name, level));
}

/**
 * The resource that own telemetry describes: the built-in attributes, over them those configured; null takes one away.
 *
 * @param instanceId Of the process. Default: a new one.
 */
export function resourceOf(
  { resource }: TelemetryConfig,
  version: string,
  instanceId: string = crypto.randomUUID(),
): Attributes {
  const attributes = {
    "service.name": "sluice",
    "service.version": version,
    "service.instance.id": instanceId,
    ...resource,
  };
  return Object.fromEntries(Object.entries(attributes).filter((pair): pair is [string, string] => pair[1] !== null));
}

/** Attributes that `with_resource_constant_labels` puts on every series: `{included, excluded}`, names with `*`. */
function chooseLabels(resource: Attributes, chosen: unknown): Attributes {
  const [included, excluded] = [patterns(chosen, "included"), patterns(chosen, "excluded")];
  return Object.fromEntries(
    Object.entries(resource).filter(([name]) => fits(name, included) && !fits(name, excluded)),
  );
}

function patterns(chosen: unknown, key: string): readonly string[] {
  const list: unknown = chosen instanceof Object ? Reflect.get(chosen, key) : undefined;
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

/** A `*` stands for any text; only the first and the last character can be one. */
function fits(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const text = pattern.replace(/^\*|\*$/g, "");
    if (pattern.length > 1 && pattern.startsWith("*") && pattern.endsWith("*")) return name.includes(text);
    if (pattern.endsWith("*")) return name.startsWith(text);
    return pattern.startsWith("*") ? name.endsWith(text) : name === text;
  });
}

/** @param open Makes what is served, and may ask whether this machine alone reaches it: on a platform's server others do. */
function serverOf(
  endpoint: string,
  serveHttp: ServeHttp,
  open: (isLocal: () => boolean) => FetchHandler,
): Lifecycle {
  const config = section(httpServerShape(endpoint)).parse({});
  let server: HttpServer | undefined;
  const fetch = open(() => server !== undefined && isLoopback(server.address.hostname));
  return {
    start: async () => {
      server = await serveHttp(config, { fetch });
    },
    shutdown: async (deadline) => await server?.shutdown(deadline),
  };
}
