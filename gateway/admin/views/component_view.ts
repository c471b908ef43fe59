/**
 * Components with their configuration, counters and last errors.
 *
 * @module
 */

import {
  COMPONENT_SECTIONS,
  type ComponentConfig,
  type ComponentSection,
  type GatewayConfig,
} from "../../../pipeline/config/gateway_config.ts";
import type { ComponentView, CounterView } from "../../../routes/admin/schemas.ts";
import type { Reading } from "../rates.ts";
import { MAX_ERRORS } from "../recent_errors.ts";
import type { RecentError } from "../thread_messages.ts";

export interface ComponentFacts {
  readonly config: GatewayConfig;
  readonly reading: Reading;
  /** The masked section of a component. */
  readonly textOf: (section: ComponentSection, id: string) => string;
  /** Of all threads, by `exporter:otlp_http/eu`. */
  readonly errors: ReadonlyMap<string, readonly RecentError[]>;
}

export function componentViews(facts: ComponentFacts): readonly ComponentView[] {
  const sections = Object.keys(COMPONENT_SECTIONS) as ComponentSection[];
  return sections.flatMap((section) => [...facts.config[section].values()].map((each) => view(section, each, facts)));
}

function view(section: ComponentSection, component: ComponentConfig, facts: ComponentFacts): ComponentView {
  const kind = COMPONENT_SECTIONS[section];
  const { id, type, used, place: { file, line, column } } = component;
  const errors = facts.errors.get(`${kind}:${id}`) ?? [];
  return {
    id: `${kind}:${id}`,
    kind,
    component: id,
    type,
    state: used ? "running" : "unused",
    place: line === 0 ? file : `${file}:${line}:${column}`,
    pipelines: pipelinesOf(id, facts.config),
    config: facts.textOf(section, id),
    counters: countersOf(kind, id, facts.reading),
    last_errors: errors.toSorted((a, b) => b.atMs - a.atMs).slice(0, MAX_ERRORS)
      .map(({ atMs, level, message }) => ({ at_ms: atMs, level, message })),
  };
}

function pipelinesOf(id: string, { pipelines }: GatewayConfig): string[] {
  return [...pipelines.values()]
    .filter(({ receivers, processors, exporters }) => [...receivers, ...processors, ...exporters].includes(id))
    .map((pipeline) => pipeline.id);
}

/** Series name their component by its kind. */
function countersOf(kind: string, id: string, reading: Reading): CounterView[] {
  return reading.series
    .filter((one) => one.kind !== "histogram" && (one.attributes[kind] === id || one.attributes["component"] === id))
    .map(({ name, attributes, values, kind: form }) => ({
      name,
      attributes: { ...attributes },
      value: values[0] ?? 0,
      per_second: form === "counter" ? reading.perSecond(name, attributes) ?? null : null,
    }));
}
