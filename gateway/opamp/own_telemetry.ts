/**
 * Where a server wants the gateway's own metrics, spans and log records: one more destination beside those that are
 * configured, as a source that goes over the configuration.
 *
 * Source: opamp-spec "Own Telemetry Reporting"; opamp-reference 8.5: OTLP over HTTP, metrics every 10 s.
 *
 * @module
 */

import type { OwnSignal } from "../../opamp/client/offers/connection_offers.ts";
import type { TelemetryConnectionSettings } from "../../opamp/protocol/messages.ts";
import type { ConfigSource } from "../../pipeline/config/source.ts";
import { childNode, type ConfigNode, type MapNode } from "../../pipeline/config/tree/node.ts";
import { printYaml } from "../../pipeline/config/tree/print.ts";

/** What own telemetry takes of an offer. */
export interface TelemetryDestination {
  /** A full URL. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The destination; or why it is refused. */
export type ReadDestination =
  | { readonly destination: TelemetryDestination | undefined; readonly problem?: undefined }
  | { readonly destination?: undefined; readonly problem: string };

/** No endpoint takes the destination away. */
export function readDestination(settings: TelemetryConnectionSettings): ReadDestination {
  const { destinationEndpoint: endpoint = "", headers, certificate, tls, proxy } = settings;
  if (endpoint === "") return { destination: undefined };
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    return { problem: "destination_endpoint is no http or https URL" };
  }
  const unsupported = Object.entries({ certificate, tls: tls && Object.keys(tls).length > 0, proxy })
    .filter(([, value]) => value !== undefined && value !== false).map(([name]) => name);
  if (unsupported.length > 0) {
    return { problem: `it has ${unsupported.join(" and ")}: own telemetry knows the runtime's certificates alone` };
  }
  const pairs = (headers?.headers ?? []).map(({ key = "", value = "" }) => [key, value] as const);
  return { destination: { endpoint, headers: Object.fromEntries(pairs) } };
}

/** Metrics are sent that often, milliseconds. */
const METRICS_INTERVAL_MS = 10_000;

/** Where the destinations of a signal stand below `service::telemetry`, and what one of them looks like. */
const DESTINATIONS = {
  metrics: {
    list: "readers",
    make: (otlp: object) => ({ periodic: { interval: METRICS_INTERVAL_MS, exporter: { otlp } } }),
  },
  traces: { list: "processors", make: (otlp: object) => ({ batch: { exporter: { otlp } } }) },
  logs: { list: "processors", make: (otlp: object) => ({ batch: { exporter: { otlp } } }) },
} as const satisfies Record<OwnSignal, { readonly list: string; readonly make: (otlp: object) => object }>;

/**
 * The sources that add the destinations to what is configured.
 *
 * @param tree Of all other sources, nothing in it expanded: what is there stays.
 */
export function telemetrySources(
  destinations: ReadonlyMap<OwnSignal, TelemetryDestination>,
  tree: MapNode,
): readonly ConfigSource[] {
  return [...destinations].flatMap(([signal, { endpoint, headers }]) => {
    const { list, make } = DESTINATIONS[signal];
    const section = childNode(childNode(childNode(tree, "service"), "telemetry"), signal);
    const otlp = {
      endpoint: literal(endpoint),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, literal(value)]),
      ),
    };
    const isOff = isNone(childNode(section, "level"));
    const items = isOff ? "" : itemsOf(childNode(section, list), signal); // what was off stays off
    const path = ["service", "telemetry", signal];
    return [
      { kind: "set", path: [...path, list], text: `${items}- ${JSON.stringify(make(otlp))}\n` } as const,
      ...(isOff ? [{ kind: "set", path: [...path, "level"], text: "normal" } as const] : []),
    ];
  });
}

/** Offered text is taken as it stands. */
function literal(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** The default of `readers` counts when there are none. */
function itemsOf(configured: ConfigNode | undefined, signal: OwnSignal): string {
  if (configured?.kind === "list") return configured.items.length === 0 ? "" : printYaml(configured);
  return signal === "metrics" ? "- {pull: {exporter: {prometheus: {}}}}\n" : "";
}

function isNone(level: ConfigNode | undefined): boolean {
  return level?.kind === "scalar" && level.text.toLowerCase() === "none";
}
