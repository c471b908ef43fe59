/**
 * The gateway's health as a tree: the whole, its pipelines, and the components of each.
 *
 * A component is unhealthy while its last error is less than a minute old, an exporter also while it delivers nothing of
 * what it tries; whatever has an unhealthy part is unhealthy.
 * Names and words are those of the collector's `opamp` extension.
 *
 * @module
 */

import type { ComponentHealth } from "../../opamp/protocol/messages.ts";
import type { GatewayConfig, PipelineConfig } from "../../pipeline/config/gateway_config.ts";
import { counted } from "../../pipeline/core/text.ts";
import type { RecentError } from "../admin/thread_messages.ts";

/** How long after an error a component counts as unhealthy, milliseconds. */
export const UNHEALTHY_MS = 60_000;

const OK = "StatusOK";
const RECOVERABLE = "StatusRecoverableError";

export interface HealthFacts {
  readonly config: GatewayConfig;
  readonly isReady: boolean;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** Of all threads, by `exporter:otlp_http/eu`. */
  readonly errors: ReadonlyMap<string, readonly RecentError[]>;
  /** Items that failed since the last that was delivered, by the same names; of exporters that deliver nothing. */
  readonly failing: ReadonlyMap<string, number>;
}

/** The health now, without times of status. */
export function gatewayHealth(facts: HealthFacts): ComponentHealth {
  const { config, isReady, startedAtMs } = facts;
  const parts = new Map<string, ComponentHealth>(
    [...config.pipelines.values()].map((pipeline) => [`pipeline:${pipeline.id}`, pipelineHealth(pipeline, facts)]),
  );
  if (config.serviceExtensions.length > 0) {
    parts.set("extensions", whole(componentsOf(config.serviceExtensions, "extension", facts), facts));
  }
  const health = whole(parts, facts);
  if (isReady) return health;
  const lastError = "the gateway takes no data now";
  return { ...health, healthy: false, status: "StatusStarting", lastError, startTimeUnixNano: nanos(startedAtMs) };
}

function pipelineHealth({ receivers, processors, exporters }: PipelineConfig, facts: HealthFacts): ComponentHealth {
  const { config } = facts;
  const kindOf = (id: string, otherwise: string) => config.connectors.has(id) ? "connector" : otherwise;
  return whole(
    new Map([
      ...receivers.flatMap((id) => [...componentsOf([id], kindOf(id, "receiver"), facts)]),
      ...componentsOf(processors, "processor", facts),
      ...exporters.flatMap((id) => [...componentsOf([id], kindOf(id, "exporter"), facts)]),
    ]),
    facts,
  );
}

function componentsOf(ids: readonly string[], kind: string, facts: HealthFacts): ReadonlyMap<string, ComponentHealth> {
  return new Map(ids.map((id) => [`${kind}:${id}`, componentHealth(`${kind}:${id}`, facts)]));
}

function componentHealth(name: string, facts: HealthFacts): ComponentHealth {
  const startTimeUnixNano = nanos(facts.startedAtMs);
  const lastError = errorOf(name, facts);
  if (lastError === undefined) return { healthy: true, status: OK, startTimeUnixNano };
  return { healthy: false, status: RECOVERABLE, startTimeUnixNano, lastError };
}

/** Undefined: there is none that counts. */
function errorOf(name: string, { errors, failing, nowMs }: HealthFacts): string | undefined {
  const lines = (errors.get(name) ?? []).toSorted((a, b) => b.atMs - a.atMs);
  const failed = failing.get(name);
  if (failed !== undefined) {
    const [last] = lines;
    return `nothing is delivered, ${counted(failed, "items")} failed${last === undefined ? "" : `: ${last.message}`}`;
  }
  const error = lines.find(({ level }) => level === "error");
  return error !== undefined && nowMs - error.atMs < UNHEALTHY_MS ? error.message : undefined;
}

/** What its parts come to. */
function whole(parts: ReadonlyMap<string, ComponentHealth>, { startedAtMs }: HealthFacts): ComponentHealth {
  const bad = [...parts].find(([, { healthy }]) => !healthy);
  return {
    healthy: bad === undefined,
    status: bad === undefined ? OK : RECOVERABLE,
    startTimeUnixNano: nanos(startedAtMs),
    ...(bad === undefined ? {} : { lastError: `${bad[0]}: ${bad[1].lastError}` }),
    componentHealthMap: parts,
  };
}

interface Since {
  readonly status: string | undefined;
  readonly at: bigint;
}

/** Knows since when each part has its status. */
export class StatusTimes {
  /** By the names from the whole down. */
  #since = new Map<string, Since>();

  /** `health` with those times. */
  stamp(health: ComponentHealth, nowMs: number): ComponentHealth {
    const since = new Map<string, Since>();
    const stamped = this.#stamp(health, "", nanos(nowMs), since);
    this.#since = since; // of what is gone nothing is kept
    return stamped;
  }

  #stamp(health: ComponentHealth, path: string, now: bigint, since: Map<string, Since>): ComponentHealth {
    const { status, componentHealthMap: parts } = health;
    const before = this.#since.get(path);
    const own = before?.status === status && before !== undefined ? before : { status, at: now };
    since.set(path, own);
    const timed = { ...health, statusTimeUnixNano: own.at };
    if (parts === undefined) return timed;
    const below = Array.from(
      parts,
      ([name, part]) => [name, this.#stamp(part, `${path}/${name}`, now, since)] as const,
    );
    return { ...timed, componentHealthMap: new Map(below) };
  }
}

function nanos(epochMs: number): bigint {
  return BigInt(Math.round(epochMs)) * 1_000_000n;
}
