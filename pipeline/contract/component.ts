/**
 * What a component is: a type name, a config schema, and a function that makes it. `pipeline/graph/registry.ts` lists
 * them; `pipeline/graph/build.ts` makes instances as the collector does (section 2.5 of its reference): one receiver
 * an id, one exporter an (id, signal), one processor an (id, pipeline), one connector an (id, from, to).
 *
 * @module
 */

import type { SenderWait } from "../config/gateway_config.ts";
import type { ConfigSchema } from "../config/schema.ts";
import type { Clock, Random } from "../core/clock.ts";
import type { Logger } from "../core/log/logger.ts";
import type { MemoryBudget } from "../core/memory.ts";
import type { Meter } from "../core/telemetry/meter.ts";
import type { Tracer } from "../core/telemetry/trace.ts";
import type { Signal } from "../otlp/signals.ts";
import type { Authenticator, FindAuthenticator } from "./authenticator.ts";
import type { Consumer, Lifecycle } from "./consumer.ts";
import type { ServeHttp } from "./http.ts";
import type { TenantGate } from "./tenants.ts";
import type { UsageMeter } from "./usage.ts";

/** What the gateway hands to a component. */
export interface ComponentDeps {
  /** The id as configured: `otlphttp/eu`. */
  readonly id: string;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes held by all data workers together. */
  readonly memory: MemoryBudget;
  /** Traces of the gateway's own work. Absent: there are none. */
  readonly tracer?: Tracer;
  /** What tenants use is told to it. Absent: nobody asks. */
  readonly usage?: UsageMeter;
}

/** Common to all factories. */
export interface Factory<Config> {
  /** The collector's type name. */
  readonly type: string;
  /** Older names that a config may use for it. */
  readonly aliases?: readonly string[];
  /** One sentence for `components` and the docs. */
  readonly summary: string;
  readonly schema: ConfigSchema<Config>;
  /** Things in a config that load but do not act, told once at start. Places are config paths below the component. */
  warnings?(config: Config): readonly { readonly path: string; readonly message: string }[];
  /** How long a sender may wait here for its answer. Absent: it does not. */
  senderWait?(config: Config): SenderWait;
}

export interface ProcessorFactory<Config> extends Factory<Config> {
  readonly signals: readonly Signal[];
  create(config: Config, deps: ComponentDeps & { readonly signal: Signal }, next: Consumer): Consumer & Lifecycle;
}

export interface ExporterFactory<Config> extends Factory<Config> {
  readonly signals: readonly Signal[];
  /** @param deps `authenticators`: absent, there are none. */
  create(
    config: Config,
    deps: ComponentDeps & { readonly signal: Signal; readonly authenticators?: FindAuthenticator },
  ): Consumer & Lifecycle;
}

export interface ConnectorFactory<Config> extends Factory<Config> {
  /** Which signal may become which. */
  readonly routes: readonly { readonly from: Signal; readonly to: Signal }[];
  /** Pipelines that a config names, each with its place below the component: they must begin with the connector. */
  pipelineNames?(config: Config): readonly { readonly path: readonly (string | number)[]; readonly id: string }[];
  /** @param pipelines The pipelines that it feeds, by pipeline id. */
  create(
    config: Config,
    deps: ComponentDeps & { readonly from: Signal; readonly to: Signal },
    pipelines: ReadonlyMap<string, Consumer>,
  ): Consumer & Lifecycle;
}

/** What a receiver is handed besides. */
export interface ReceiverDeps {
  readonly serveHttp: ServeHttp;
  /** Who may send what. Absent: no tenants are configured. */
  readonly tenants?: TenantGate;
  /** Absent: there are none. */
  readonly authenticators?: FindAuthenticator;
}

export interface ReceiverFactory<Config> extends Factory<Config> {
  readonly signals: readonly Signal[];
  /** @param next The head of the pipelines of each signal that name this receiver. */
  create(
    config: Config,
    deps: ComponentDeps & ReceiverDeps,
    next: ReadonlyMap<Signal, Consumer>,
  ): Lifecycle;
}

export interface ExtensionFactory<Config> extends Factory<Config> {
  create(
    config: Config,
    deps: ComponentDeps & { readonly serveHttp: ServeHttp; readonly isReady: () => boolean },
  ): Lifecycle;
  /** One a thread, for the receivers and exporters that name it: it starts before them. Absent: it does not authenticate. */
  createAuthenticator?(config: Config, deps: ComponentDeps): Authenticator;
}
