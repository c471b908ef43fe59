/**
 * The controller's API as a Hono app.
 *
 * @module
 */

import type { Hono } from "hono";
import type { SeriesValue } from "../../pipeline/core/telemetry/store.ts";
import { checkToken, type GuardOptions, UnauthenticatedError } from "../api/guard.ts";
import { type Audit, createApi, peerOf } from "../api/app.ts";
import { HttpProblem, problemAnswer } from "../api/problem_answer.ts";
import { type Json, openApiDocument } from "../api/openapi.ts";
import { CONTROLLER_ENDPOINTS } from "./endpoints.ts";
import { createControllerHandlers } from "./handlers.ts";
import type { ControllerParts } from "./handlers/parts.ts";
import { createMetricsApp } from "../metrics.ts";

const TAGS = {
  fleet: "Agents: who they are, how they are, what they have and why.",
  configurations: "Named, versioned, never changed; and which agents are to have which.",
  rollouts: "How a version gets to a fleet in stages, and what was decided on the way.",
  packages: "Packages for agents: what there is, who is to have it, and how far it is.",
  access: "Tokens of agents, and who asked for what.",
};

const NO_PAGE = "Cannot show a page: there is none here; " +
  "/api/v1/ is for operators (/api/v1/openapi.json describes it; `sluice controller` with a word asks it), " +
  "/metrics for Prometheus, /v1/opamp for agents, and /v1/metrics and /packages/ for what they are offered";

/**
 * An app whose `fetch` serves the API below /api/v1/, and /metrics for who may read it.
 *
 * @param collect The controller's own metrics.
 */
export function createControllerApp(
  parts: ControllerParts,
  audit: Audit,
  guard: GuardOptions,
  collect: () => readonly SeriesValue[],
): Hono {
  const app = createApi({
    ...guard,
    endpoints: CONTROLLER_ENDPOINTS,
    handlers: createControllerHandlers(parts),
    audit,
    document: controllerDocument(parts.version),
  });
  app.use("/metrics", async (c, next) => {
    try {
      checkToken(c.req.raw, "read", guard);
    } catch (thrown) {
      if (thrown instanceof UnauthenticatedError) audit.denied(peerOf(c));
      throw thrown;
    }
    await next();
  });
  app.get("/", () => problemAnswer(new HttpProblem(404, NO_PAGE)));
  return app.route("/", createMetricsApp(collect));
}

/** The OpenAPI document. @param version Of the controller. */
export function controllerDocument(version: string): Json {
  return openApiDocument(CONTROLLER_ENDPOINTS, {
    title: "Sluice controller API",
    description: "A fleet of agents, their configurations, and rollouts. Failures are application/problem+json.",
    version,
    tags: TAGS,
    token: "An operator's, made by `sluice admin token`; its scope is read or write.",
  });
}
