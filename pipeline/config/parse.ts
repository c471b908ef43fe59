/**
 * From a resolved tree to a configuration that can run, or every problem that it has.
 *
 * @module
 */

import { atOnce, eventLoopPause, inSlices, type Sliced } from "../core/slices.ts";
import { type CheckedSection, checkSection, type Judged, type Leaf, leaves, wholly } from "./check_section.ts";
import { parseComponentId, WANTED_ID, wrongCharacter } from "./component_id.ts";
import { type Configured, connectionProblems, notConfigured } from "./checks/connections.ts";
import {
  type CatalogEntry,
  COMPONENT_SECTIONS,
  type ComponentCatalog,
  type ComponentConfig,
  type ComponentSection,
  type GatewayConfig,
  type PipelineConfig,
  type ResolvedConfig,
  type SettingsConfig,
  type SettingsEntry,
} from "./gateway_config.ts";
import { ConfigError, errorAt, type Problem, sortProblems, warningAt } from "./problem.ts";
import {
  type PipelineDraft,
  readMap,
  readService,
  type Reference,
  reportUnknownKeys,
  type ServiceDraft,
} from "./service.ts";
import { componentSuggestion, MAX_SUGGESTED, suggestion } from "./suggest.ts";
import { metadataWarnings } from "./checks/metadata.ts";
import { waitProblems } from "./checks/waits.ts";
import { type ConfigNode, fingerprintOf, type MapNode, type NodePath } from "./tree/node.ts";

const SECTION_NAMES = Object.keys(COMPONENT_SECTIONS) as readonly ComponentSection[];
/** The keys that every configuration may have. */
const TOP_LEVEL_KEYS = [...SECTION_NAMES, "service"];

/**
 * Checks everything that can be checked without making a component.
 *
 * @throws {ConfigError} With every problem of the configuration, those of `loadConfig` among them.
 */
export function parseConfig(resolved: ResolvedConfig, catalog: ComponentCatalog): GatewayConfig {
  return atOnce(parsing(resolved, catalog, undefined));
}

/**
 * As `parseConfig`, in slices, for a thread that serves requests meanwhile.
 *
 * @param before A configuration that was checked: components that are the same in it, and are in order, are not checked
 *   again.
 */
export function parseConfigInSlices(
  resolved: ResolvedConfig,
  catalog: ComponentCatalog,
  before: GatewayConfig,
): Promise<GatewayConfig> {
  return inSlices(parsing(resolved, catalog, before), eventLoopPause());
}

function* parsing(
  resolved: ResolvedConfig,
  catalog: ComponentCatalog,
  before: GatewayConfig | undefined,
): Sliced<GatewayConfig> {
  const problems: Problem[] = [...resolved.problems];
  if (!resolved.complete) throw new ConfigError(problems, { isPartial: true });
  const { tree } = resolved;
  const { settings: entries = [] } = catalog;
  reportUnknownKeys(tree, [...TOP_LEVEL_KEYS, ...entries.map(({ key }) => key)], [], problems);
  const service = readService(tree, problems);
  const users = usersOf(service);
  const sections = mapSections((section) => readSection(section, tree, catalog[section], users, problems));
  const between = connectionProblems(service, sections);
  problems.push(...between);
  const components = mapSections(() => new Map<string, ComponentConfig>());
  let isPartial = service.telemetry === undefined || between.length === MAX_SUGGESTED;
  for (const section of SECTION_NAMES) {
    const configs = checkComponents(section, { sections, service, users, before }, problems);
    for (const config of configs) {
      if (config === undefined) isPartial = true;
      else components[section].set(config.id, config);
      yield;
    }
  }
  const settings = readSettings(entries, tree, service, problems);
  problems.push(...metadataWarnings(sections, users));
  problems.push(...waitProblems(service.pipelines, (section, id) => {
    const [entry, component] = [sections[section].get(id)?.entry, components[section].get(id)];
    return entry === undefined || component === undefined ? undefined : { entry, config: component.config };
  }));
  isPartial ||= entries.some(({ key }) => tree.entries.has(key)); // what they name is read when it is all in order
  const { telemetry } = service;
  if (telemetry === undefined || problems.some(({ severity }) => severity === "error")) {
    throw new ConfigError(problems, { isPartial });
  }
  return {
    ...components,
    serviceExtensions: service.extensions.map(({ id }) => id),
    pipelines: new Map(service.pipelines.map((draft) => [draft.id, toPipeline(draft)])),
    telemetry,
    settings,
    warnings: sortProblems(problems),
    tree,
  };
}

function mapSections<T>(make: (section: ComponentSection) => T): Record<ComponentSection, T> {
  return Object.fromEntries(SECTION_NAMES.map((section) => [section, make(section)])) as Record<ComponentSection, T>;
}

function readSettings(
  entries: readonly SettingsEntry[],
  tree: MapNode,
  { pipelines }: ServiceDraft,
  problems: Problem[],
): ReadonlyMap<string, SettingsConfig> {
  const settings = new Map<string, SettingsConfig>();
  for (const { key, schema, problems: moreProblems } of entries) {
    const node = tree.entries.get(key)?.node;
    if (node === undefined) continue;
    const { config, problems: own } = checkSection(node, schema, [key]);
    problems.push(...own);
    if (config === undefined) continue;
    problems.push(...moreProblems?.(config, node, pipelines.map(({ id }) => id)) ?? []);
    settings.set(key, { config, fingerprint: fingerprintOf(node), node });
  }
  return settings;
}

function toPipeline({ id, signal, place, receivers, processors, exporters }: PipelineDraft): PipelineConfig {
  const ids = (references: readonly { readonly id: string }[]) => references.map((reference) => reference.id);
  return { id, signal, place, receivers: ids(receivers), processors: ids(processors), exporters: ids(exporters) };
}

/** A configured component with its section. */
interface Component extends Configured {
  readonly node: ConfigNode;
  /** Every value that its schema describes; found once. */
  readonly leaves: () => readonly Leaf[];
}

/** Components in one section. Those past it are not looked at. */
const MAX_COMPONENTS = 10_000;

/** The components of one section by id, each with its factory; those without a valid id are reported and left out. */
function readSection(
  section: ComponentSection,
  tree: MapNode,
  entries: readonly CatalogEntry[],
  users: Users,
  problems: Problem[],
): ReadonlyMap<string, Component> {
  const components = new Map<string, Component>();
  const written = readMap(tree, section, [], problems);
  if (written.entries.size > MAX_COMPONENTS) {
    const message = `has ${written.entries.size} components, wanted ${MAX_COMPONENTS} at the most`;
    problems.push(errorAt(written.place, [section], message));
  }
  for (const [id, { keyPlace, node }] of written.entries.entries().take(MAX_COMPONENTS)) {
    const path = [section, id];
    const type = parseComponentId(id)?.type;
    if (type === undefined) {
      problems.push(errorAt(keyPlace, path, `is no id${wrongCharacter(id)}, ${WANTED_ID}`));
      continue;
    }
    const entry = findEntry(type, entries);
    if (entry === undefined) {
      problems.push(errorAt(keyPlace, path, unknownType(section, type, users[section].get(id) ?? [], entries)));
    }
    components.set(id, { id, keyPlace, path, entry, node, leaves: leavesOnce(node, entry, path) });
  }
  return components;
}

function leavesOnce(node: ConfigNode, entry: CatalogEntry | undefined, path: NodePath): () => readonly Leaf[] {
  let found: readonly Leaf[] | undefined;
  return () => found ??= entry === undefined ? [] : [...leaves(node, [entry.schema], path)];
}

/** The factory of that type or alias. */
export function findEntry<Entry extends CatalogEntry>(type: string, entries: readonly Entry[]): Entry | undefined {
  return entries.find((entry) => entry.type === type || entry.aliases?.includes(type));
}

function unknownType(
  section: ComponentSection,
  type: string,
  users: readonly string[],
  entries: readonly CatalogEntry[],
): string {
  const nobody = section === "extensions" ? "not in service::extensions" : "used by no pipeline";
  const use = users.length === 0 ? nobody : `used by ${users.join(", ")}`;
  const known = entries.flatMap((entry) => [entry.type, ...entry.aliases ?? []]);
  const kind = COMPONENT_SECTIONS[section];
  return `is of the unknown ${kind} type ${JSON.stringify(type)}, ${use}, ${componentSuggestion(section, type, known)}`;
}

/** Who names each component: ids of pipelines, or `service::extensions`. */
type Users = Readonly<Record<ComponentSection, ReadonlyMap<string, readonly string[]>>>;

function usersOf({ pipelines, extensions }: ServiceDraft): Users {
  const users = mapSections(() => new Map<string, string[]>());
  const add = (section: ComponentSection, { id }: Reference, user: string) => {
    const found = users[section].get(id);
    if (found === undefined) users[section].set(id, [user]);
    else if (!found.includes(user)) found.push(user);
  };
  for (const pipeline of pipelines) {
    for (const section of ["receivers", "processors", "exporters"] as const) {
      for (const reference of pipeline[section]) {
        add(section, reference, pipeline.id);
        if (section !== "processors") add("connectors", reference, pipeline.id);
      }
    }
  }
  for (const extension of extensions) add("extensions", extension, "service::extensions");
  return users;
}

type Sections = Readonly<Record<ComponentSection, ReadonlyMap<string, Component>>>;

/** What components are checked beside. */
interface Surroundings {
  readonly sections: Sections;
  readonly service: ServiceDraft;
  readonly users: Users;
  readonly before: GatewayConfig | undefined;
}

/** @returns Yields each in turn; undefined for one with an error. */
function* checkComponents(
  section: ComponentSection,
  { sections, service: { extensions, pipelines }, users, before }: Surroundings,
  problems: Problem[],
): Generator<ComponentConfig | undefined> {
  for (const component of sections[section].values()) {
    const { id, node, path, keyPlace, entry } = component;
    if (entry === undefined) continue;
    const used = users[section].has(id);
    if (!used) problems.push(warningAt(keyPlace, path, unusedMessage(section)));
    const fingerprint = fingerprintOf(node);
    const { config, problems: own, judged } = sameAs(before?.[section].get(id), entry, component, fingerprint) ??
      check(component, entry);
    problems.push(...own, ...(used ? extensionProblems(component, sections, extensions) : []));
    if (used && judged !== undefined) problems.push(...pipelineNameProblems(id, entry, judged, pipelines));
    yield config === undefined
      ? undefined
      : { id, type: entry.type, config, fingerprint, used, warned: own.length > 0, place: keyPlace };
  }
}

/** What was warned of is checked again: the warnings name places, and those may be others. */
function sameAs(
  known: ComponentConfig | undefined,
  { type }: CatalogEntry,
  { node, path }: Component,
  fingerprint: string,
): CheckedSection<unknown> | undefined {
  if (known?.type !== type || known.fingerprint !== fingerprint || known.warned) return undefined;
  return { config: known.config, problems: [], judged: wholly(known.config, node, path) };
}

function check({ node, path, leaves }: Component, entry: CatalogEntry): CheckedSection<unknown> {
  const checked = checkSection(node, entry.schema, path, leaves());
  const { judged, problems } = checked;
  return judged === undefined ? checked : { ...checked, problems: [...problems, ...factoryWarnings(entry, judged)] };
}

function unusedMessage(section: ComponentSection): string {
  return section === "extensions"
    ? "is not in service::extensions: it is checked and not started"
    : "is in no pipeline: it is checked and not started";
}

function factoryWarnings(entry: CatalogEntry, { config, locate }: Judged<unknown>): Problem[] {
  return (entry.warnings?.(config) ?? []).flatMap((warning) => {
    const located = locate(warning.path === "" ? [] : warning.path.split(/::|\./));
    return located === undefined ? [] : [warningAt(located.node.place, located.path, warning.message)];
  });
}

/** A connector that chooses among pipelines names them: each must begin with it. */
function pipelineNameProblems(
  id: string,
  entry: CatalogEntry,
  { config, locate }: Judged<unknown>,
  pipelines: readonly PipelineDraft[],
): Problem[] {
  const fed = pipelines.filter(({ receivers }) => receivers.some((receiver) => receiver.id === id));
  return (entry.pipelineNames?.(config) ?? []).flatMap(({ id: named, path }) => {
    const located = locate(path);
    if (located === undefined || fed.some((pipeline) => pipeline.id === named)) return [];
    const known = pipelines.some((pipeline) => pipeline.id === named)
      ? `which does not have ${JSON.stringify(id)} under its receivers, wanted it there`
      : `which is no pipeline, ${suggestion(named, fed.map((pipeline) => pipeline.id))}`;
    const { node } = located;
    const verb = node.kind === "scalar" && node.text !== named ? "names" : "is";
    return [errorAt(node.place, located.path, `${verb} ${JSON.stringify(named)}, ${known}`)];
  });
}

/** A component may name an extension (an authenticator, a storage): it must be configured, and started. */
function extensionProblems(
  { leaves }: Component,
  sections: Sections,
  started: readonly Reference[],
): Problem[] {
  const problems: Problem[] = [];
  for (const { node: leaf, path, meta } of leaves()) {
    if (meta.reference !== "extensions" || leaf.kind !== "scalar" || leaf.text === "") continue;
    const id = leaf.text;
    if (!sections.extensions.has(id)) {
      const message = notConfigured(id, [...sections.extensions.keys()]);
      problems.push(errorAt(leaf.place, path, message));
    } else if (!started.some((each) => each.id === id)) {
      problems.push(errorAt(leaf.place, path, `is ${JSON.stringify(id)}, wanted it in service::extensions too`));
    }
  }
  return problems;
}
