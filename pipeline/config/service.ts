/**
 * The `service` section as it is written: pipelines and extensions by the ids that they name, not yet looked up.
 *
 * Source: collector reference 2.5.
 *
 * @module
 */

import { isSignal, type Signal, SIGNAL_NAMES } from "../otlp/signals.ts";
import { checkSection } from "./check_section.ts";
import { parseComponentId, WANTED_ID, wrongCharacter } from "./component_id.ts";
import { errorAt, type Problem, warningAt } from "./problem.ts";
import { type TelemetryConfig, telemetrySchema, telemetryWarnings } from "./service_telemetry.ts";
import { MAX_SUGGESTED, suggestion } from "./suggest.ts";
import {
  childNode,
  type ConfigNode,
  emptyMap,
  formatPath,
  isNull,
  type MapNode,
  nodeKind,
  type NodePath,
  type Place,
} from "./tree/node.ts";

/** An id where it is named. */
export interface Reference {
  readonly id: string;
  readonly place: Place;
  readonly path: NodePath;
}

/** A pipeline as written. */
export interface PipelineDraft {
  readonly id: string;
  readonly signal: Signal;
  readonly place: Place;
  readonly path: NodePath;
  readonly receivers: readonly Reference[];
  readonly processors: readonly Reference[];
  readonly exporters: readonly Reference[];
}

export interface ServiceDraft {
  readonly pipelines: readonly PipelineDraft[];
  readonly extensions: readonly Reference[];
  /** undefined when it has an error. */
  readonly telemetry: TelemetryConfig | undefined;
}

/** Pipelines in one configuration. Those past it are not looked at. */
const MAX_PIPELINES = 4_096;

const SERVICE_KEYS = ["extensions", "pipelines", "telemetry"];
const PIPELINE_KEYS = ["receivers", "processors", "exporters"];

/** Reads `service`; what is wrong goes to `problems`. */
export function readService(tree: MapNode, problems: Problem[]): ServiceDraft {
  const service = readMap(tree, "service", [], problems);
  reportUnknownKeys(service, SERVICE_KEYS, ["service"], problems);
  const pipelines = readMap(service, "pipelines", ["service"], problems);
  if (pipelines.entries.size === 0 && !hasProblemBelow(problems, ["service"])) {
    problems.push(errorAt(pipelines.place, ["service", "pipelines"], "has no pipeline, wanted at least one"));
  }
  if (pipelines.entries.size > MAX_PIPELINES) {
    const message = `has ${pipelines.entries.size} pipelines, wanted ${MAX_PIPELINES} at the most`;
    problems.push(errorAt(pipelines.place, ["service", "pipelines"], message));
  }
  const drafts = [...pipelines.entries].slice(0, MAX_PIPELINES);
  const broken = brokenLists(problems);
  return {
    pipelines: drafts.flatMap(([id, { keyPlace, node }]) => readPipeline(id, keyPlace, node, broken, problems) ?? []),
    extensions: withoutRepeats(readReferences(service, "extensions", ["service"], problems), problems),
    telemetry: readTelemetry(service, problems),
  };
}

function hasProblemBelow(problems: readonly Problem[], path: NodePath): boolean {
  const prefix = formatPath(path);
  return problems.some((problem) => problem.severity === "error" && problem.path.startsWith(prefix));
}

/** The lists of pipelines in which something could not be expanded, by their paths. */
function brokenLists(problems: readonly Problem[]): ReadonlySet<string> {
  const errors = problems.filter(({ severity, path }) => severity === "error" && path.startsWith("service::pipelines"));
  return new Set(errors.map(({ path }) => path.split("::").slice(0, 4).join("::")));
}

/** The map at `key`; nothing, or something else (a problem), is an empty one. */
export function readMap(parent: MapNode, key: string, above: NodePath, problems: Problem[]): MapNode {
  const node = childNode(parent, key);
  if (node?.kind === "map") return node;
  if (node !== undefined && !isNull(node)) {
    problems.push(errorAt(node.place, [...above, key], `is ${nodeKind(node)}, wanted a map`));
  }
  return emptyMap(node?.place ?? parent.place);
}

/** The first of them one by one, and how many more there are. */
export function reportUnknownKeys(map: MapNode, known: readonly string[], path: NodePath, problems: Problem[]): void {
  const unknown = [...map.entries].filter(([key]) => !known.includes(key));
  for (const [key, { keyPlace }] of unknown.slice(0, MAX_SUGGESTED)) {
    problems.push(errorAt(keyPlace, [...path, key], `is an unknown key, ${suggestion(key, known)}`));
  }
  const next = unknown[MAX_SUGGESTED]?.[1].keyPlace;
  if (next !== undefined) problems.push(errorAt(next, path, `has ${unknown.length - MAX_SUGGESTED} more unknown keys`));
}

/** @param broken Paths of lists of which it is known that something is wrong in them. */
function readPipeline(
  id: string,
  place: Place,
  node: ConfigNode,
  broken: ReadonlySet<string>,
  problems: Problem[],
): PipelineDraft | undefined {
  const path = ["service", "pipelines", id];
  const signal = readSignal(id, place, path, problems);
  if (node.kind !== "map" && !isNull(node)) {
    problems.push(errorAt(node.place, path, `is ${nodeKind(node)}, wanted a map`));
    return undefined;
  }
  const keys = node.kind === "map" ? node : emptyMap(place);
  reportUnknownKeys(keys, PIPELINE_KEYS, path, problems);
  const since = problems.length;
  const receivers = withoutRepeats(readReferences(keys, "receivers", path, problems), problems);
  const processors = readReferences(keys, "processors", path, problems);
  const exporters = withoutRepeats(readReferences(keys, "exporters", path, problems), problems);
  const own = problems.slice(since);
  for (const [key, list] of Object.entries({ receivers, exporters })) {
    const at = [...path, key];
    if (list.length > 0 || broken.has(formatPath(at)) || hasProblemBelow(own, at)) continue;
    problems.push(errorAt(place, at, "names none, wanted at least one"));
  }
  reportRepeats(processors, problems);
  return signal === undefined ? undefined : { id, signal, place, path, receivers, processors, exporters };
}

function readSignal(id: string, place: Place, path: NodePath, problems: Problem[]): Signal | undefined {
  const type = parseComponentId(id)?.type;
  if (type !== undefined && isSignal(type)) return type;
  const wanted = `wanted one of ${SIGNAL_NAMES.join(", ")}, or signal/name`;
  problems.push(errorAt(place, path, `is no id of a pipeline, ${wanted}`));
  return undefined;
}

/** A list of ids; one bare id is a list of one, ids with commas are split, as the collector does. */
function readReferences(parent: MapNode, key: string, above: NodePath, problems: Problem[]): Reference[] {
  const node = childNode(parent, key);
  const path = [...above, key];
  if (node === undefined || isNull(node)) return [];
  if (node.kind === "scalar" && typeof node.value === "string") {
    return node.value.split(",").flatMap((id) => readReference(id.trim(), node.place, path, problems) ?? []);
  }
  if (node.kind === "list") {
    return node.items.flatMap((item, index) => readItem(item, [...path, index], problems) ?? []);
  }
  problems.push(errorAt(node.place, path, `is ${nodeKind(node)}, wanted a list of ids`));
  return [];
}

function readItem(item: ConfigNode, path: NodePath, problems: Problem[]): Reference | undefined {
  if (item.kind === "scalar" && item.broken === true) return undefined;
  if (item.kind === "scalar" && typeof item.value === "string") {
    return readReference(item.value, item.place, path, problems);
  }
  problems.push(errorAt(item.place, path, `is ${nodeKind(item)}, wanted an id`));
  return undefined;
}

function readReference(id: string, place: Place, path: NodePath, problems: Problem[]): Reference | undefined {
  if (parseComponentId(id) !== undefined) return { id, place, path };
  problems.push(errorAt(place, path, `is ${JSON.stringify(id.slice(0, 80))}${wrongCharacter(id)}, ${WANTED_ID}`));
  return undefined;
}

function repeatsOf(references: readonly Reference[]): readonly Reference[] {
  const seen = new Set<string>();
  return references.filter(({ id }) => seen.has(id) || !seen.add(id));
}

function reportRepeats(references: readonly Reference[], problems: Problem[]): void {
  for (const { id, place, path } of repeatsOf(references)) {
    problems.push(errorAt(place, path, `is ${JSON.stringify(id)} a second time, wanted each processor once`));
  }
}

/** Naming a receiver, exporter or extension twice does nothing, in the collector too. */
function withoutRepeats(references: readonly Reference[], problems: Problem[]): readonly Reference[] {
  const repeats = new Set(repeatsOf(references));
  for (const { id, place, path } of repeats) {
    problems.push(warningAt(place, path, `is ${JSON.stringify(id)} a second time, which does nothing`));
  }
  return references.filter((reference) => !repeats.has(reference));
}

function readTelemetry(service: MapNode, problems: Problem[]): TelemetryConfig | undefined {
  const path = ["service", "telemetry"];
  const node = childNode(service, "telemetry") ?? emptyMap(service.place);
  const { config, judged, problems: own } = checkSection(node, telemetrySchema, path);
  problems.push(...own);
  for (const { path: below, message } of judged === undefined ? [] : telemetryWarnings(judged.config)) {
    const located = judged?.locate(below.split("::"));
    if (located !== undefined) problems.push(warningAt(located.node.place, located.path, message));
  }
  return config;
}
