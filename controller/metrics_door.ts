/**
 * Where agents send their own metrics: they are offered the address, and what comes tells rollouts how they fare.
 *
 * @module
 */

import { AgentCapabilities, hasBits } from "../opamp/protocol/capabilities.ts";
import type { Fleet } from "../opamp/server/fleet/fleet.ts";
import type { Rollouts } from "../opamp/rollouts/mod.ts";
import { GatewayError, toGatewayError } from "../pipeline/core/errors.ts";
import { describeError, type Logger } from "../pipeline/core/log.ts";
import { decompress } from "../pipeline/wire/compression.ts";
import type { AgentSecret } from "./agent_secret.ts";
import { readAgentReports } from "./own_metrics.ts";

/** One request of an agent, after decompression, bytes. */
export const MAX_METRICS_BYTES = 4 * 1024 * 1024;
export const METRICS_PATH = "/v1/metrics";

export interface MetricsDoorParts {
  readonly fleet: Fleet;
  readonly rollouts: Rollouts;
  readonly logger: Logger;
  readonly secret: AgentSecret;
  /** Where agents reach the controller, without a path. */
  readonly publicUrl: string;
}

export class MetricsDoor {
  readonly #parts: MetricsDoorParts;
  /** Agents that have been offered it by this process. */
  readonly #offered = new Set<string>();

  constructor(parts: MetricsDoorParts) {
    this.#parts = parts;
  }

  /** Offers it to those of these agents that report own metrics and were not offered it. */
  offer(uids: Iterable<string>): void {
    const { fleet, secret: { token }, publicUrl, logger } = this.#parts;
    const fresh = [...uids].filter((uid) => this.#wants(uid));
    if (fresh.length === 0) return;
    try {
      fleet.setConnection(fresh, {
        ownMetrics: {
          destinationEndpoint: `${publicUrl}${METRICS_PATH}`,
          headers: { headers: [{ key: "Authorization", value: `Bearer ${token}` }] },
        },
      });
      for (const uid of fresh) this.#offered.add(uid);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      logger.warn("Agents were not offered a place for their metrics", { error: describeError(thrown) });
    }
  }

  forget(uid: string): void {
    this.#offered.delete(uid);
  }

  /** Answers a POST of an ExportMetricsServiceRequest. */
  async receive(request: Request): Promise<Response> {
    if (request.method !== "POST") return answer(405);
    if (!this.#parts.secret.isShownBy(request)) return answer(401);
    if (!request.headers.get("content-type")?.startsWith("application/x-protobuf")) return answer(415);
    const encoding = request.headers.get("content-encoding") ?? "";
    if (encoding !== "" && encoding !== "gzip") return answer(415);
    try {
      const body = await decompress(encoding, await request.bytes(), MAX_METRICS_BYTES);
      for (const { uid, traffic } of readAgentReports(body)) this.#parts.rollouts.onTraffic(uid, traffic);
      return answer(200);
    } catch (thrown) {
      return answer(toGatewayError(thrown).httpStatus);
    }
  }

  #wants(uid: string): boolean {
    const agent = this.#offered.has(uid) ? undefined : this.#parts.fleet.get(uid);
    return agent !== undefined && hasBits(agent.capabilities, AgentCapabilities.ReportsOwnMetrics);
  }
}

/** An empty ExportMetricsServiceResponse, or an empty Status. */
function answer(status: number): Response {
  return new Response(null, { status, headers: { "content-type": "application/x-protobuf" } });
}
