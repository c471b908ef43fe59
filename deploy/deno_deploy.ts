/**
 * Sluice on Deno Deploy: the entry point of a project there, `deploy/deno_deploy.ts`.
 *
 * One thread, no files, the platform's HTTP server and scaling. The configuration is YAML in SLUICE_CONFIG; without it
 * everything is sent on to UPSTREAM_ENDPOINT. Needs `--allow-net` and `--allow-env`, nothing else.
 *
 * @module
 */

import { createFetchGateway } from "../gateway/fetch_gateway.ts";

/** Each request is exported before it is answered: an isolate may be frozen as soon as it has answered. */
const FORWARD_CONFIG = `\
receivers:
  otlp:
    protocols:
      http:
exporters:
  otlp_http:
    endpoint: \${env:UPSTREAM_ENDPOINT}
    sending_queue: {enabled: false}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [otlp], exporters: [otlp_http]}
    metrics: {receivers: [otlp], exporters: [otlp_http]}
    logs: {receivers: [otlp], exporters: [otlp_http]}
`;

const env = (name: string) => Deno.env.get(name);
const gateway = await createFetchGateway({ configText: env("SLUICE_CONFIG") ?? FORWARD_CONFIG, env });

// The platform chooses the port itself; PORT is for trying it out.
Deno.serve({ port: Number(env("PORT") ?? 8000) }, gateway.fetch);
