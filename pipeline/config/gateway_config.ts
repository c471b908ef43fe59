/**
 * What a configuration is before it is checked (`ResolvedConfig`), after (`GatewayConfig`), and what the check needs
 * to know of the components (`ComponentCatalog`).
 *
 * ```ts
 * const resolved = await loadConfig(sources, environment); // source.ts
 * const config = parseConfig(resolved, catalog); // parse.ts: on the control thread, which posts it to the workers
 * ```
 *
 * @module
 */

import type { Signal } from "../otlp/signals.ts";
import type { Problem } from "./problem.ts";
import type { ConfigSchema } from "./schema.ts";
import type { TelemetryConfig } from "./service_telemetry.ts";
import type { ConfigNode, MapNode, Place } from "./tree/node.ts";

/** The sections that hold components, and what one is called in a message. */
export const COMPONENT_SECTIONS = {
  receivers: "receiver",
  processors: "processor",
  exporters: "exporter",
  connectors: "connector",
  extensions: "extension",
} as const;

export type ComponentSection = keyof typeof COMPONENT_SECTIONS;

/** What the check needs of a component's factory. */
export interface CatalogEntry {
  readonly type: string;
  readonly aliases?: readonly string[];
  readonly summary?: string;
  readonly schema: ConfigSchema<unknown>;
  /** Receivers, processors, exporters: which signals they take. */
  readonly signals?: readonly Signal[];
  /** Connectors: which signal may become which. */
  readonly routes?: readonly { readonly from: Signal; readonly to: Signal }[];
  warnings?(config: unknown): readonly { readonly path: string; readonly message: string }[];
  senderWait?(config: unknown): SenderWait;
  /** Connectors: pipelines that a config names, each with its place below the component. */
  pipelineNames?(config: unknown): readonly { readonly path: readonly (string | number)[]; readonly id: string }[];
}

/** How long a component keeps a sender waiting that sends little. */
export interface SenderWait {
  /** Until a batch goes that does not fill, milliseconds. */
  readonly waitMs: number;
  /** Whether the sender has its answer before that: it waits neither here nor for what comes behind. */
  readonly isAnswered: boolean;
}

/** A top-level key that is neither a section of components nor `service`, and what reads it. */
export interface SettingsEntry {
  readonly key: string;
  readonly summary: string;
  readonly schema: ConfigSchema<unknown>;
  /**
   * What is wrong with it that its schema does not tell.
   *
   * @param config As the schema read it. @param node As it is written. @param pipelines Ids of all pipelines.
   */
  problems?(config: unknown, node: ConfigNode, pipelines: readonly string[]): readonly Problem[];
}

/** The components that exist, by section, and the other top-level keys: what the registry lists. */
export interface ComponentCatalog extends Readonly<Record<ComponentSection, readonly CatalogEntry[]>> {
  readonly settings?: readonly SettingsEntry[];
}

/** One tree made of all sources, expanded. */
export interface ResolvedConfig {
  readonly tree: MapNode;
  /** What went wrong on the way; `parseConfig` throws if there is an error among them. */
  readonly problems: readonly Problem[];
  /** Whether every source could be read. If not, the rest of the check would only mislead. */
  readonly complete: boolean;
}

/** A configured component. Plain data: `structuredClone` and `postMessage` take it, and what schemas make. */
export interface ComponentConfig {
  /** As written: `otlphttp/eu`. */
  readonly id: string;
  /** The factory's type, also when an alias was written: `otlp_http`. */
  readonly type: string;
  /** What the factory's schema made of the section. */
  readonly config: unknown;
  /** Text of the resolved section: two components of one id and type with the same text are the same. */
  readonly fingerprint: string;
  /** Whether a pipeline, or `service::extensions`, names it. Others are checked and not made. */
  readonly used: boolean;
  /** Whether its check warned of anything. */
  readonly warned: boolean;
  readonly place: Place;
}

/** A configured pipeline; every id in it is configured. */
export interface PipelineConfig {
  /** As written: `traces/eu`. */
  readonly id: string;
  readonly signal: Signal;
  /** Ids of receivers, and of connectors that end in this pipeline. */
  readonly receivers: readonly string[];
  /** Ids of processors, in order. */
  readonly processors: readonly string[];
  /** Ids of exporters, and of connectors that start from this pipeline. */
  readonly exporters: readonly string[];
  readonly place: Place;
}

/** A top-level key of a `SettingsEntry`, where it is given. */
export interface SettingsConfig {
  /** What its schema made of it. */
  readonly config: unknown;
  /** As of a component. */
  readonly fingerprint: string;
  readonly node: ConfigNode;
}

/** A configuration that can run. */
export interface GatewayConfig {
  readonly receivers: ReadonlyMap<string, ComponentConfig>;
  readonly processors: ReadonlyMap<string, ComponentConfig>;
  readonly exporters: ReadonlyMap<string, ComponentConfig>;
  readonly connectors: ReadonlyMap<string, ComponentConfig>;
  readonly extensions: ReadonlyMap<string, ComponentConfig>;
  /** Ids of the extensions to start, in order. */
  readonly serviceExtensions: readonly string[];
  readonly pipelines: ReadonlyMap<string, PipelineConfig>;
  readonly telemetry: TelemetryConfig;
  /** By key; those that are not given are not in it. */
  readonly settings: ReadonlyMap<string, SettingsConfig>;
  readonly warnings: readonly Problem[];
  readonly tree: MapNode;
}
