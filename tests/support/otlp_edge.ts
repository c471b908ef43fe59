/**
 * The `otlp` receiver behind a real server, with a pipeline that a test controls.
 *
 * @module
 */

import { Scalar } from "../../pipeline/config/schema.ts";
import type { HttpServerConfig } from "../../pipeline/config/network/http_server.ts";
import type { ReceiverDeps } from "../../pipeline/contract/component.ts";
import { type Consumer, QUEUED } from "../../pipeline/contract/consumer.ts";
import type { HttpApp, HttpServer, OtlpHandler, ServeHttp } from "../../pipeline/contract/http.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { createMemoryBudget, type MemoryBudget } from "../../pipeline/core/memory.ts";
import type { Meter } from "../../pipeline/core/telemetry/meter.ts";
import type { Payload } from "../../pipeline/otlp/payload.ts";
import type { Signal } from "../../pipeline/otlp/signals.ts";
import { otlpReceiverFactory } from "../../pipeline/receivers/otlp.ts";
import { FakeClock } from "./fake_clock.ts";

/** Settings of `protocols::http`, as plain values. */
export type HttpSettings = Readonly<Record<string, unknown>>;

/** How a test opens the receiver on a server. */
export type Serve = (config: HttpServerConfig, otlp: OtlpHandler) => Promise<HttpServer>;

/** A receiver that is open. */
export interface Edge {
  readonly port: number;
  /** What reached the pipeline. */
  readonly payloads: readonly Payload[];
  /** What the pipeline answers; a test replaces it. */
  pipeline: Consumer["consume"];
  /** Asked before a body is read; a test replaces it. */
  admit: NonNullable<Consumer["admit"]>;
  readonly memory: MemoryBudget;
  /** Sums by metric name. */
  readonly counts: ReadonlyMap<string, number>;
  readonly server: HttpServer;
  close(): Promise<void>;
}

/** Opens the receiver for `signals` with `serve`. */
export async function openEdge(
  serve: Serve,
  settings: HttpSettings = {},
  signals: readonly Signal[] = ["traces", "metrics", "logs", "profiles"],
  asked: Pick<ReceiverDeps, "tenants" | "authenticators"> = {},
): Promise<Edge> {
  const payloads: Payload[] = [];
  const counts = new Map<string, number>();
  const memory = createMemoryBudget();
  let server: HttpServer | undefined;
  const serveHttp: ServeHttp = async (config, app) => server = await serve(config, otlpOf(app));
  const config = otlpReceiverFactory.schema.parse(
    asYaml({ protocols: { http: { endpoint: "127.0.0.1:0", ...settings } } }),
  );
  const edge = {
    pipeline: () => Promise.resolve(QUEUED), // a test looks at them later
    admit: () => {},
  } as Pick<Edge, "pipeline" | "admit">;
  const consumer: Consumer = {
    admit: (bodyBytes) => edge.admit(bodyBytes),
    consume: (payload, abort) => {
      payloads.push(payload);
      return edge.pipeline(payload, abort);
    },
  };
  const receiver = otlpReceiverFactory.create(config, {
    id: "otlp",
    logger: silentLogger,
    meter: countingMeter(counts),
    clock: new FakeClock(),
    random: () => 0.5,
    memory,
    serveHttp,
    ...asked,
  }, new Map(signals.map((signal) => [signal, consumer])));
  await receiver.start?.();
  if (server === undefined) throw new Error("the receiver opened no server");
  const close = async () => await receiver.shutdown?.(AbortSignal.timeout(2_000));
  return Object.assign(edge, { port: server.address.port, payloads, counts, memory, server, close });
}

function otlpOf(app: HttpApp): OtlpHandler {
  if (!("otlp" in app)) throw new TypeError("Cannot serve: not an OTLP app");
  return app.otlp;
}

/** A plain value as the YAML reader hands it to a schema. */
export function asYaml(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean") return new Scalar(value, String(value));
  if (Array.isArray(value)) return value.map(asYaml);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, asYaml(part)]));
}

function countingMeter(counts: Map<string, number>): Meter {
  const add = (name: string, amount: number) => void counts.set(name, (counts.get(name) ?? 0) + amount);
  return {
    counter: (name) => ({ add: (amount) => add(name, amount) }),
    gauge: () => ({ set: () => {}, add: () => {} }),
    histogram: () => ({ record: () => {} }),
  };
}
