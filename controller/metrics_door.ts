/**
 * Where agents send their own metrics: they are offered the address, and what comes tells rollouts how they fare.
 *
 * @module
 */

import { AgentCapabilities, hasBits } from "../opamp/protocol/capabilities.ts";
import type { Fleet } from "../opamp/server/fleet/fleet.ts";
import type { FleetPort, Rollouts } from "../opamp/rollouts/mod.ts";
import { GatewayError, toGatewayError } from "../pipeline/core/errors.ts";
import type { Clock } from "../pipeline/core/clock.ts";
import { describeError, type Logger } from "../pipeline/core/log/logger.ts";
import { Repeated } from "../pipeline/core/log/repeated.ts";
import type { Counter, Meter } from "../pipeline/core/telemetry/meter.ts";
import { decompress } from "../pipeline/wire/compression.ts";
import { AgentNames, MAX_ID_CHARS } from "./agent_names.ts";
import type { AgentSecret } from "./agent_secret.ts";
import { type AgentReport, INSTANCE_ID, readAgentReports } from "./own_metrics.ts";

/** One request of an agent, after decompression, bytes. */
export const MAX_METRICS_BYTES = 4 * 1024 * 1024;
export const METRICS_PATH = "/v1/metrics";

export interface MetricsDoorParts {
  readonly fleet: Fleet;
  readonly port: FleetPort;
  readonly rollouts: Rollouts;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly meter: Meter;
  readonly logger: Logger;
  readonly secret: AgentSecret;
  /** Where agents reach the controller, without a path. */
  readonly publicUrl: string;
}

export class MetricsDoor {
  readonly #parts: MetricsDoorParts;
  /** Agents that have been offered it by this process. */
  readonly #offered = new Set<string>();
  readonly #names = new AgentNames();
  readonly #strangers = new Repeated();
  readonly #taken: Counter;
  readonly #passedOver: Counter;

  constructor(parts: MetricsDoorParts) {
    this.#parts = parts;
    const counterOf = (outcome: string) => parts.meter.counter("sluice_controller_agent_reports", { outcome });
    this.#taken = counterOf("taken");
    this.#passedOver = counterOf("unknown_agent");
  }

  /** Knows these agents by their descriptions, and offers it to those that report own metrics and were not offered it. */
  follow(uids: Iterable<string>): void {
    const reporting = [...uids].filter((uid) => this.#reports(uid));
    for (const uid of reporting) this.#names.note(uid, this.#parts.port.get(uid)?.attribute(INSTANCE_ID));
    this.#offer(reporting.filter((uid) => !this.#offered.has(uid)));
  }

  #offer(fresh: readonly string[]): void {
    const { fleet, secret: { token }, publicUrl, logger } = this.#parts;
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
    this.#names.forget(uid);
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
      for (const report of readAgentReports(body)) this.#take(report);
      return answer(200);
    } catch (thrown) {
      return answer(toGatewayError(thrown).httpStatus);
    }
  }

  #take({ instanceId, traffic }: AgentReport): void {
    const { fleet, rollouts } = this.#parts;
    const uid = this.#names.uidOf(instanceId, (uid) => fleet.get(uid) !== undefined);
    if (uid === undefined) return this.#passOver(instanceId);
    this.#taken.add(1);
    rollouts.onReport(uid, traffic);
  }

  #passOver(instanceId: string): void {
    const { clock, logger } = this.#parts;
    this.#passedOver.add(1);
    const times = this.#strangers.note(clock.monotonicMs());
    if (times === undefined) return;
    logger.warn("Own metrics are of no agent that is known: no rollout is judged by them", {
      [INSTANCE_ID]: instanceId.slice(0, MAX_ID_CHARS),
      times,
    });
  }

  #reports(uid: string): boolean {
    const agent = this.#parts.fleet.get(uid);
    return agent !== undefined && hasBits(agent.capabilities, AgentCapabilities.ReportsOwnMetrics);
  }
}

/** An empty ExportMetricsServiceResponse, or an empty Status. */
function answer(status: number): Response {
  return new Response(null, { status, headers: { "content-type": "application/x-protobuf" } });
}
