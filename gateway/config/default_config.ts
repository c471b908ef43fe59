/**
 * What the gateway does when it is given no configuration: takes OTLP/HTTP on this machine, tells a line about each
 * request, and keeps the data in a file.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";

/** Taken by `loadConfig` as any other; `--set` changes it. */
export const DEFAULT_CONFIG = `\
receivers:
  otlp:
    protocols:
      http:
        endpoint: localhost:4318
exporters:
  debug:
  file:
    path: ./data/otlp.jsonl
    create_directory: true
    rotation:
      max_megabytes: 100
      max_backups: 5
extensions:
  health_check:
service:
  extensions: [health_check]
  pipelines:
    traces: {receivers: [otlp], exporters: [debug, file]}
    metrics: {receivers: [otlp], exporters: [debug, file]}
    logs: {receivers: [otlp], exporters: [debug, file]}
    profiles: {receivers: [otlp], exporters: [debug, file]}
`;

/** The same for a place without files, where the platform serves HTTP: data is told and dropped. */
export const DEFAULT_FETCH_CONFIG = `\
receivers:
  otlp:
    protocols:
      http:
exporters:
  debug:
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [otlp], exporters: [debug]}
    metrics: {receivers: [otlp], exporters: [debug]}
    logs: {receivers: [otlp], exporters: [debug]}
    profiles: {receivers: [otlp], exporters: [debug]}
`;

/** What a person who has just started it wants to know: where it listens, where the data goes, what to try. */
export function welcome({ receivers, exporters, extensions, telemetry }: GatewayConfig): string {
  const otlp = textAt(receivers.get("otlp")?.config, "protocols", "http", "endpoint");
  const metrics = telemetry.metrics.level === "none" ? [] : telemetry.metrics.readers.flatMap(({ pull }) => {
    const reader = pull?.exporter.prometheus;
    return reader === undefined ? [] : [`  own metrics     http://${reader.host}:${reader.port}/metrics`];
  });
  return [
    "",
    "Sluice runs with its built-in configuration; give it your own with --config FILE.",
    "",
    `  takes OTLP at   http://${otlp}/v1/traces, /v1/metrics, /v1/logs (protobuf or JSON)`,
    `  keeps it in     ${textAt(exporters.get("file")?.config, "path")}, and tells a line about each request here`,
    `  health          http://${textAt(extensions.get("health_check")?.config, "endpoint")}/`,
    ...metrics,
    "",
    "Try it:",
    `  curl -i http://${otlp}/v1/logs -H 'content-type: application/json' \\`,
    `    -d '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}'`,
    "",
  ].join("\n");
}

/** A text inside a component's configuration, whose type only the component knows. */
function textAt(value: unknown, ...keys: readonly string[]): string {
  const found = keys.reduce((at: unknown, key) => at instanceof Object ? Reflect.get(at, key) : undefined, value);
  return typeof found === "string" ? found : "(not configured)";
}
