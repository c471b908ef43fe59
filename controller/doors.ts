/**
 * What shares the port with OpAMP: the operators' API, and the doors of agents. Each is bounded by itself, so that a
 * fleet that reports or downloads at once does not keep operators out.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { PACKAGES_PATH } from "../opamp/server/fleet/package_catalog.ts";
import type { FetchHandler } from "../pipeline/contract/http.ts";
import { unreadable } from "../routes/api/answer_headers.ts";
import { MAX_CONTROLLER_BODY_BYTES } from "../routes/controller/endpoints/shared.ts";
import { nodeApp } from "../routes/node_app.ts";
import { MAX_METRICS_BYTES, METRICS_PATH, type MetricsDoor } from "./metrics_door.ts";
import type { ControllerTelemetry } from "./telemetry.ts";

export interface Doors {
  readonly telemetry: ControllerTelemetry;
  readonly api: FetchHandler;
  /** Absent: agents are not offered it. */
  readonly metrics: MetricsDoor | undefined;
  readonly packages: FetchHandler;
}

/** Stands for whatever name it is called by: nothing depends on it. */
const ORIGIN = "http://controller";

/** A listener for requests that are not for OpAMP. */
export function serveDoors(
  { telemetry, api, metrics, packages }: Doors,
): (request: IncomingMessage, response: ServerResponse) => void {
  const door = (fetch: FetchHandler, maxBodyBytes: number) =>
    nodeApp({ fetch, origin: ORIGIN, maxBodyBytes, unreadable });
  const serveApi = door(telemetry.countRequests(api), MAX_CONTROLLER_BODY_BYTES);
  const serveMetrics = metrics &&
    door(telemetry.countAnswers("sluice_controller_reports", (request) => metrics.receive(request)), MAX_METRICS_BYTES);
  const servePackages = door(telemetry.countAnswers("sluice_controller_package_downloads", packages), 0);
  return (request, response) => {
    const { url = "" } = request;
    const serve = url.startsWith(PACKAGES_PATH)
      ? servePackages
      : url === METRICS_PATH
      ? serveMetrics ?? serveApi
      : serveApi;
    serve(request, response);
  };
}
