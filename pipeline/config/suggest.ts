/**
 * The name that somebody probably meant.
 *
 * @module
 */

import type { ComponentSection } from "./gateway_config.ts";

/** Names longer than this are not compared: nobody mistypes them by a letter. */
const MAX_LENGTH = 64;

/**
 * The known name nearest to `name`, when it is near: a third of its letters, three at the most, or another case.
 *
 * @returns undefined when none is near.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_LENGTH) return undefined;
  const limit = Math.min(3, Math.floor(name.length / 3));
  const lower = name.toLowerCase().replaceAll("-", "_");
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance <= limit && distance < (best?.distance ?? Infinity)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** `did you mean "x"?`, or else what is known: the end of a sentence. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;
  return known.length === 0 ? "there are none" : `wanted one of ${known.toSorted().join(", ")}`;
}

/** What to write for a component of the collector that goes by another name here, by section. */
const KEEP_A_COLLECTOR = "which is not here: keep a collector for it, in front or behind";

const INSTEAD: Readonly<Partial<Record<ComponentSection, Readonly<Record<string, string>>>>> = {
  receivers: Object.fromEntries(
    [
      "prometheus",
      "hostmetrics",
      "filelog",
      "jaeger",
      "zipkin",
      "kafka",
      "k8s_cluster",
      "kubeletstats",
      "statsd",
      "syslog",
    ]
      .map((type) => [type, KEEP_A_COLLECTOR]),
  ),
  processors: {
    k8sattributes: KEEP_A_COLLECTOR,
    resourcedetection: KEEP_A_COLLECTOR,
    tail_sampling: KEEP_A_COLLECTOR,
    cumulativetodelta: KEEP_A_COLLECTOR,
    groupbyattrs: KEEP_A_COLLECTOR,
    metricstransform: "use transform",
    span: "use transform",
  },
  connectors: { spanmetrics: KEEP_A_COLLECTOR, servicegraph: KEEP_A_COLLECTOR },
  exporters: {
    otlp: "use otlp_http (gRPC is not there yet)",
    otlp_grpc: "use otlp_http (gRPC is not there yet)",
    logging: "use debug",
    prometheusremotewrite: KEEP_A_COLLECTOR,
    prometheus: KEEP_A_COLLECTOR,
    loadbalancing: KEEP_A_COLLECTOR,
  },
};

/** As `suggestion`, for the type of a component: also tells what stands for one that is the collector's. */
export function componentSuggestion(section: ComponentSection, type: string, known: readonly string[]): string {
  return INSTEAD[section]?.[type] ?? suggestion(type, known);
}

/** Letters to insert, delete, replace or swap with their neighbour, to get from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
