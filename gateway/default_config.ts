/**
 * What the gateway does when it is given no configuration: takes OTLP/HTTP on this machine, tells a line about each
 * request, and keeps the data in a file.
 *
 * @module
 */

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

/** For a person who has just started it. */
export const WELCOME = `\
Sluice runs with its built-in configuration; give it your own with --config FILE.

  takes OTLP at   http://localhost:4318/v1/traces, /v1/metrics, /v1/logs (protobuf or JSON)
  keeps it in     ./data/otlp.jsonl, and tells a line about each request here
  health          http://localhost:13133/
  own metrics     http://localhost:8888/metrics

Try it:
  curl -i http://localhost:4318/v1/logs -H 'content-type: application/json' \\
    -d '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}'
`;
