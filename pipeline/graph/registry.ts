/**
 * The components that exist, one a line. Nothing registers itself: what is not listed here is not in the gateway.
 *
 * A component's module is loaded when a configuration names it: together they are a third of the gateway's memory at
 * rest, and a larger live heap makes each collection of garbage dearer.
 *
 * @module
 */

import {
  COMPONENT_SECTIONS,
  type ComponentCatalog,
  type ComponentSection,
  type GatewayConfig,
  type SettingsEntry,
} from "../config/gateway_config.ts";
import { parseComponentId } from "../config/component_id.ts";
import type { MapNode } from "../config/tree/node.ts";
import type {
  ConnectorFactory,
  ExporterFactory,
  ExtensionFactory,
  Factory,
  ProcessorFactory,
  ReceiverFactory,
} from "../contract/component.ts";

/** Factories by section; a `ComponentCatalog` for `parseConfig`. */
export interface Registry extends ComponentCatalog {
  readonly receivers: readonly ReceiverFactory<unknown>[];
  readonly processors: readonly ProcessorFactory<unknown>[];
  readonly exporters: readonly ExporterFactory<unknown>[];
  readonly connectors: readonly ConnectorFactory<unknown>[];
  readonly extensions: readonly ExtensionFactory<unknown>[];
  readonly settings: readonly SettingsEntry[];
}

/** A component by the names that a configuration may use for it. */
class Listed<Made extends Factory<unknown>> {
  factory: Made | undefined;
  readonly names: readonly string[];
  readonly #load: () => Promise<Made>;

  constructor(names: string, load: () => Promise<Made>) {
    this.names = names.split(" ");
    this.#load = load;
  }

  async load(): Promise<void> {
    const factory = await this.#load();
    const names = [factory.type, ...factory.aliases ?? []];
    if (names.join(" ") !== this.names.join(" ")) {
      throw new TypeError(
        `Cannot list the component ${factory.type}: it has the names ${names}, and the list ${this.names}`,
      );
    }
    this.factory = factory;
  }
}

const receiver = Listed<ReceiverFactory<unknown>>;
const processor = Listed<ProcessorFactory<unknown>>;
const exporter = Listed<ExporterFactory<unknown>>;
const connector = Listed<ConnectorFactory<unknown>>;
const extension = Listed<ExtensionFactory<unknown>>;

/** The type first, then its aliases. */
const COMPONENTS = {
  receivers: [
    new receiver("otlp", async () => (await import("../receivers/otlp.ts")).otlpReceiverFactory),
  ],
  processors: [
    new processor("memory_limiter", async () => (await import("../processors/memory_limiter.ts")).memoryLimiterFactory),
    new processor("batch", async () => (await import("../processors/batch.ts")).batchProcessorFactory),
    new processor(
      "probabilistic_sampler",
      async () =>
        (await import("../processors/probabilistic_sampler/probabilistic_sampler.ts")).probabilisticSamplerFactory,
    ),
    new processor("attributes", async () => (await import("../processors/attributes.ts")).attributesFactory),
    new processor("resource", async () => (await import("../processors/resource.ts")).resourceFactory),
    new processor("redaction", async () => (await import("../processors/redaction.ts")).redactionFactory),
    new processor("filter", async () => (await import("../processors/filter.ts")).filterFactory),
    new processor("transform", async () => (await import("../processors/transform.ts")).transformFactory),
  ],
  exporters: [
    new exporter(
      "otlp_http otlphttp",
      async () => (await import("../exporters/otlp_http/otlp_http.ts")).otlpHttpExporterFactory,
    ),
    new exporter("kafka", async () => (await import("../exporters/kafka/kafka.ts")).kafkaExporterFactory),
    new exporter("file", async () => (await import("../exporters/file.ts")).fileFactory),
    new exporter("debug", async () => (await import("../exporters/debug.ts")).debugFactory),
    new exporter("nop", async () => (await import("../exporters/nop.ts")).nopFactory),
  ],
  connectors: [
    new connector("forward", async () => (await import("../connectors/forward.ts")).forwardConnectorFactory),
    new connector("routing", async () => (await import("../connectors/routing.ts")).routingConnectorFactory),
    new connector("count", async () => (await import("../connectors/count.ts")).countConnectorFactory),
  ],
  extensions: [
    new extension("health_check", async () => (await import("../extensions/health_check.ts")).healthCheckFactory),
    new extension(
      "bearertokenauth",
      async () => (await import("../extensions/bearertokenauth.ts")).bearerTokenAuthFactory,
    ),
    new extension("basicauth", async () => (await import("../extensions/basicauth.ts")).basicAuthFactory),
    new extension("opamp", async () => (await import("../extensions/opamp.ts")).opampFactory),
  ],
};

/** Top-level keys beside those of components: loaded together, when a configuration has any that is not one of them. */
const SETTINGS = {
  entries: [] as readonly SettingsEntry[],
  load: async () => {
    SETTINGS.entries = (await import("../tenants/catalog.ts")).TENANT_SETTINGS;
  },
};

const SECTION_NAMES = Object.keys(COMPONENT_SECTIONS) as ComponentSection[];

/** What is loaded in this thread, in the order of the list. */
export const REGISTRY: Registry = {
  get receivers() {
    return loadedOf(COMPONENTS.receivers);
  },
  get processors() {
    return loadedOf(COMPONENTS.processors);
  },
  get exporters() {
    return loadedOf(COMPONENTS.exporters);
  },
  get connectors() {
    return loadedOf(COMPONENTS.connectors);
  },
  get extensions() {
    return loadedOf(COMPONENTS.extensions);
  },
  get settings() {
    return SETTINGS.entries;
  },
};

/** The types of all components by section, whether they are loaded or not; none is loaded for it. */
export function componentTypes(): ReadonlyMap<ComponentSection, readonly string[]> {
  return new Map(SECTION_NAMES.map((section) => {
    const list: readonly Listed<Factory<unknown>>[] = COMPONENTS[section];
    return [section, list.flatMap(({ names: [type] }) => type ?? [])];
  }));
}

function loadedOf<Made extends Factory<unknown>>(list: readonly Listed<Made>[]): readonly Made[] {
  return list.flatMap(({ factory }) => factory === undefined ? [] : [factory]);
}

/**
 * Loads the components that a configuration names, before anything asks `REGISTRY` about it. Where it names one that
 * does not exist all are loaded, since the answer says which do.
 *
 * @param tree Of a resolved configuration. Absent: all are loaded.
 */
export async function loadComponents(tree?: MapNode): Promise<void> {
  const named = tree === undefined ? undefined : componentsIn(tree);
  const settings = tree === undefined || hasSettings(tree) ? [SETTINGS] : [];
  await Promise.all([...named ?? allComponents(), ...settings].map((listed) => listed.load()));
}

/** As `loadComponents`, of a configuration that was checked: everything that it names exists. */
export async function loadComponentsOf(config: GatewayConfig): Promise<void> {
  const named = SECTION_NAMES.flatMap((section) => {
    const list: readonly Listed<Factory<unknown>>[] = COMPONENTS[section];
    const types = new Set([...config[section].values()].map(({ type }) => type));
    return list.filter(({ names: [type = ""] }) => types.has(type));
  });
  await Promise.all(named.map((listed) => listed.load()));
}

function hasSettings(tree: MapNode): boolean {
  return [...tree.entries.keys()].some((key) => key !== "service" && !Object.hasOwn(COMPONENT_SECTIONS, key));
}

function allComponents(): Listed<Factory<unknown>>[] {
  return SECTION_NAMES.flatMap((section): readonly Listed<Factory<unknown>>[] => COMPONENTS[section]);
}

/** @returns undefined when one of them does not exist. */
function componentsIn(tree: MapNode): readonly Listed<Factory<unknown>>[] | undefined {
  const found = new Set<Listed<Factory<unknown>>>();
  for (const section of SECTION_NAMES) {
    const node = tree.entries.get(section)?.node;
    if (node?.kind !== "map") continue;
    const list: readonly Listed<Factory<unknown>>[] = COMPONENTS[section];
    for (const id of node.entries.keys()) {
      const type = parseComponentId(id)?.type ?? "";
      const listed = list.find(({ names }) => names.includes(type));
      if (listed === undefined) return undefined;
      found.add(listed);
    }
  }
  return [...found];
}

/**
 * The factory of a type or one of its aliases.
 *
 * @throws {TypeError} It is not among them; a checked configuration names none such.
 */
export function factoryOf<Made extends Factory<unknown>>(factories: readonly Made[], type: string): Made {
  const factory = factories.find((one) => one.type === type || one.aliases?.includes(type));
  if (factory === undefined) throw new TypeError(`Cannot find the component type ${JSON.stringify(type)}`);
  return factory;
}
