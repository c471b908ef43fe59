/**
 * Whether pipelines and components fit together: every id is configured, every component takes the signal it is given,
 * connectors join pipelines without going round.
 *
 * Source: collector reference 2.5.
 *
 * @module
 */

import { withArticle } from "../../core/text.ts";
import { type CatalogEntry, COMPONENT_SECTIONS, type ComponentSection } from "../gateway_config.ts";
import { errorAt, type Problem } from "../problem.ts";
import type { PipelineDraft, Reference, ServiceDraft } from "../service.ts";
import { MAX_SUGGESTED, suggestion } from "../suggest.ts";
import type { NodePath, Place } from "../tree/node.ts";

/** A component that is configured; `entry` is undefined when its type is unknown, which is reported elsewhere. */
export interface Configured {
  readonly id: string;
  readonly keyPlace: Place;
  readonly path: NodePath;
  readonly entry: CatalogEntry | undefined;
}

export type ConfiguredSections = Readonly<Record<ComponentSection, ReadonlyMap<string, Configured>>>;

/** Everything that is wrong between pipelines and components, or the first hundred problems of it. */
export function connectionProblems(service: ServiceDraft, configured: ConfiguredSections): Problem[] {
  return problemsBetween(service, configured).take(MAX_SUGGESTED).toArray();
}

function* problemsBetween(service: ServiceDraft, configured: ConfiguredSections): Generator<Problem> {
  const uses = usesOf(service.pipelines);
  for (const pipeline of service.pipelines) yield* pipelineProblems(pipeline, configured);
  for (const extension of service.extensions) yield* missing(extension, ["extensions"], configured);
  yield* sharedIdProblems(configured);
  for (const connector of configured.connectors.values()) yield* connectorProblems(connector, uses);
  yield* cycleProblems(service.pipelines, configured, uses);
}

/** The places of a pipeline, and the sections in which their ids are looked up. */
const SLOTS = {
  receivers: ["receivers", "connectors"],
  processors: ["processors"],
  exporters: ["exporters", "connectors"],
} as const satisfies Record<string, readonly ComponentSection[]>;

function* pipelineProblems(pipeline: PipelineDraft, configured: ConfiguredSections): Generator<Problem> {
  for (const slot of Object.keys(SLOTS) as (keyof typeof SLOTS)[]) {
    for (const reference of pipeline[slot]) {
      yield* missing(reference, SLOTS[slot], configured);
      yield* signalProblems(pipeline, reference, configured[slot].get(reference.id), COMPONENT_SECTIONS[slot]);
    }
  }
}

function missing(
  { id, place, path }: Reference,
  sections: readonly ComponentSection[],
  configured: ConfiguredSections,
): Problem[] {
  if (sections.some((section) => configured[section].has(id))) return [];
  const known = sections.flatMap((section) => [...configured[section].keys()]);
  return [errorAt(place, path, notConfigured(id, known))];
}

/** The message for an id that none of the `known` is. */
export function notConfigured(id: string, known: readonly string[]): string {
  return `is ${JSON.stringify(id)}, which is not configured, ${suggestion(id, known)}`;
}

function signalProblems(
  { signal }: PipelineDraft,
  { id, place, path }: Reference,
  component: Configured | undefined,
  kind: string,
): Problem[] {
  const signals = component?.entry?.signals;
  if (signals === undefined || signals.includes(signal)) return [];
  return [
    errorAt(
      place,
      path,
      `is ${JSON.stringify(id)}, ${withArticle(kind)} that takes ${signals.join(", ")}, wanted one for ${signal}`,
    ),
  ];
}

function sharedIdProblems({ connectors, receivers, exporters }: ConfiguredSections): Problem[] {
  return Object.entries({ receiver: receivers, exporter: exporters }).flatMap(([kind, others]) =>
    [...connectors.values()].filter(({ id }) => others.has(id)).map(({ keyPlace, path }) =>
      errorAt(keyPlace, path, `has the id of a configured ${kind}, wanted another`)
    )
  );
}

interface ConnectorUse {
  /** Pipelines that end in it. */
  readonly from: PipelineDraft[];
  /** Pipelines that start with it. */
  readonly to: PipelineDraft[];
}

/** By the id of what they name. */
type Uses = ReadonlyMap<string, ConnectorUse>;

const UNUSED: ConnectorUse = { from: [], to: [] };

function usesOf(pipelines: readonly PipelineDraft[]): Uses {
  const uses = new Map<string, ConnectorUse>();
  const useOf = ({ id }: Reference): ConnectorUse => {
    const use = uses.get(id) ?? { from: [], to: [] };
    uses.set(id, use);
    return use;
  };
  for (const pipeline of pipelines) {
    for (const reference of pipeline.exporters) useOf(reference).from.push(pipeline);
    for (const reference of pipeline.receivers) useOf(reference).to.push(pipeline);
  }
  return uses;
}

function routes(entry: CatalogEntry | undefined, from: PipelineDraft, to: PipelineDraft): boolean {
  return entry?.routes?.some((route) => route.from === from.signal && route.to === to.signal) ?? false;
}

const names = (pipelines: readonly PipelineDraft[]) => pipelines.map(({ id }) => id).join(", ");

function connectorProblems({ id, keyPlace, path, entry }: Configured, uses: Uses): Problem[] {
  const { from, to } = uses.get(id) ?? UNUSED;
  if (from.length === 0 && to.length === 0) return [];
  if (to.length === 0) {
    const message = `is an exporter of ${names(from)} and a receiver of none, wanted a pipeline that starts with it`;
    return [errorAt(keyPlace, path, message)];
  }
  if (from.length === 0) {
    const message = `is a receiver of ${names(to)} and an exporter of none, wanted a pipeline that ends in it`;
    return [errorAt(keyPlace, path, message)];
  }
  if (entry === undefined) return [];
  return [
    ...from.filter((source) => !to.some((target) => routes(entry, source, target))).map((source) =>
      errorAt(keyPlace, path, `cannot make ${source.signal} of ${source.id} into what ${names(to)} takes`)
    ),
    ...to.filter((target) => !from.some((source) => routes(entry, source, target))).map((target) =>
      errorAt(keyPlace, path, `cannot make ${target.signal} for ${target.id} of what ${names(from)} gives`)
    ),
  ];
}

/** A step along a connector: `pipeline` ends in `connector`, and `next` starts with it. */
interface Step {
  readonly connector: string;
  readonly next: PipelineDraft;
}

/** One problem for each way back that a walk from every pipeline finds. */
function cycleProblems(
  pipelines: readonly PipelineDraft[],
  { connectors }: ConfiguredSections,
  uses: Uses,
): Problem[] {
  const problems: Problem[] = [];
  const done = new Set<PipelineDraft>();
  const trail: PipelineDraft[] = [];
  const via: string[] = [];

  const stepsFrom = (pipeline: PipelineDraft): Step[] =>
    pipeline.exporters.filter(({ id }) => connectors.has(id)).flatMap(({ id }) => {
      const entry = connectors.get(id)?.entry;
      return (uses.get(id) ?? UNUSED).to
        .filter((next) => routes(entry, pipeline, next))
        .map((next) => ({ connector: id, next }));
    });

  const walk = (pipeline: PipelineDraft): void => {
    const start = trail.indexOf(pipeline);
    if (start >= 0) return void problems.push(cycleProblem(trail.slice(start), via.slice(start)));
    if (done.has(pipeline)) return;
    trail.push(pipeline);
    for (const { connector, next } of stepsFrom(pipeline)) {
      via.push(connector);
      walk(next);
      via.pop();
    }
    trail.pop();
    done.add(pipeline);
  };

  pipelines.forEach(walk);
  return problems;
}

/** @param via The connector behind each pipeline of the trail; the last leads back to the first. */
function cycleProblem(trail: readonly PipelineDraft[], via: readonly string[]): Problem {
  const [first] = trail;
  if (first === undefined) throw new TypeError("Cannot name a cycle: it has no pipeline, wanted one or more");
  const round = trail.map(({ id }, index) => `${id} -> ${via[index] ?? ""}`).join(" -> ");
  return errorAt(first.place, first.path, `is in a cycle: ${round} -> ${first.id}`);
}
