/**
 * The `health_check` extension: 200 when the gateway is ready, 503 while it starts and drains.
 *
 * Source: collector reference, section 8; the collector's healthcheckextension for the body and its words. A path of "/"
 * answers every path, as Go's mux does.
 *
 * @module
 */

import type { z } from "zod";
import { httpServerShape } from "../config/network/http_server.ts";
import { bool, durationMs, int, optionalSection, requiredText, section, text } from "../config/schema.ts";
import { tlsWarnings } from "../config/network/tls.ts";
import type { ExtensionFactory } from "../contract/component.ts";
import type { FetchHandler, HttpServer } from "../contract/http.ts";
import type { Clock } from "../core/clock.ts";

const healthCheckSchema = section({
  ...httpServerShape("localhost:13133"),
  path: requiredText().default("/"),
  response_body: optionalSection({ healthy: text().default(""), unhealthy: text().default("") }),
  check_collector_pipeline: optionalSection({
    enabled: bool().default(false),
    interval: durationMs().default(300_000),
    exporter_failure_threshold: int({ min: 0 }).default(5),
  }),
});

export type HealthCheckConfig = z.output<typeof healthCheckSchema>;

export const healthCheckFactory: ExtensionFactory<HealthCheckConfig> = {
  type: "health_check",
  summary: "Answers 200 when the gateway is ready, 503 while it starts or drains.",
  schema: healthCheckSchema,
  warnings: ({ check_collector_pipeline: check, tls }) => [
    ...(check?.enabled === true
      ? [{ path: "check_collector_pipeline", message: "is ignored, as by the collector: readiness alone is told" }]
      : []),
    ...(tls === undefined ? [] : tlsWarnings("tls", tls)),
  ],
  create(config, { clock, logger, isReady, serveHttp }) {
    let server: HttpServer | undefined;
    return {
      async start() {
        server = await serveHttp(config, { fetch: createHealthHandler(config, isReady, clock) });
        logger.info("Health check is served", { address: server.address.hostname, port: server.address.port });
      },
      async shutdown(deadline) {
        await server?.shutdown(deadline);
      },
    };
  },
};

/** What `health_check` answers; the time that it is made is told as `upSince`. */
function createHealthHandler(
  { path, response_body: bodies }: Pick<HealthCheckConfig, "path" | "response_body">,
  isReady: () => boolean,
  clock: Clock,
): FetchHandler {
  const startedMs = clock.nowMs();
  return (request) => {
    if (path !== "/" && new URL(request.url).pathname !== path) return new Response("Not Found", { status: 404 });
    const ready = isReady();
    const status = ready ? 200 : 503;
    const text = ready ? bodies?.healthy : bodies?.unhealthy;
    return text
      ? new Response(text, { status })
      : Response.json(healthBody(ready, startedMs, clock.nowMs()), { status });
  };
}

/** Go's zero time stands for "not up". */
function healthBody(ready: boolean, startedMs: number, nowMs: number) {
  if (!ready) return { status: "Server not available", upSince: "0001-01-01T00:00:00Z", uptime: "" };
  return {
    status: "Server available",
    upSince: new Date(startedMs).toISOString(),
    uptime: goDuration(Math.max(0, nowMs - startedMs)),
  };
}

/** Milliseconds as Go's time.Duration prints them: `1h2m3.5s`. */
function goDuration(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = (ms % 60_000) / 1_000;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
