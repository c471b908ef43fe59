/**
 * The name that somebody probably meant.
 *
 * @module
 */

import type { ComponentSection } from "./gateway_config.ts";

/** Names longer than this are not compared: nobody mistypes them by a letter. */
const MAX_LENGTH = 64;
/** Known names that one is compared with: there can be as many as somebody configures. */
const MAX_COMPARED = 200;
/** Known names that are listed. */
const MAX_LISTED = 50;
/**
 * Problems of one kind that are told one by one, each with a suggestion; of the rest their number. Who has made more
 * has made the same mistake again, or means to keep the gateway busy.
 */
export const MAX_SUGGESTED = 100;

/**
 * The known name nearest to `name`, when it is near: a third of its letters, three at the most, or another case. Only
 * the first 200 known ones are looked at.
 *
 * @returns undefined when none is near.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_LENGTH) return undefined;
  const limit = Math.min(3, Math.floor(name.length / 3));
  const lower = name.toLowerCase().replaceAll("-", "_");
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of known.slice(0, MAX_COMPARED)) {
    if (Math.abs(candidate.length - lower.length) > limit) continue;
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance <= limit && distance < (best?.distance ?? Infinity)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** `did you mean "x"?`, or else what is known: the end of a sentence. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;
  if (known.length === 0) return "there are none";
  const more = known.length > MAX_LISTED ? ` and ${known.length - MAX_LISTED} more` : "";
  return `wanted one of ${known.slice(0, MAX_LISTED).toSorted().join(", ")}${more}`;
}

const IN_FRONT = "which is not here: keep a collector for it in front";
const BEHIND = "which is not here: keep a collector for it behind";
const NO_GRPC = "use otlp_http (gRPC is not there yet)";

const all = (advice: string, types: string): Readonly<Record<string, string>> =>
  Object.fromEntries(types.split(" ").map((type) => [type, advice]));

/** What to do about a component of the collector that is not here, by section: the end of a sentence. */
export const INSTEAD: Readonly<Partial<Record<ComponentSection, Readonly<Record<string, string>>>>> = {
  receivers: all(
    IN_FRONT,
    "prometheus hostmetrics filelog journald jaeger zipkin kafka k8s_cluster k8s_events k8sobjects kubeletstats " +
      "docker_stats statsd syslog tcplog udplog fluentforward httpcheck awscloudwatch windowseventlog",
  ),
  processors: {
    ...all(IN_FRONT, "k8sattributes resourcedetection"),
    ...all(
      BEHIND,
      "tail_sampling cumulativetodelta deltatocumulative groupbyattrs groupbytrace interval logdedup geoip",
    ),
    ...all("use transform", "metricstransform span"),
  },
  connectors: all(BEHIND, "spanmetrics servicegraph exceptions failover roundrobin sum signaltometrics"),
  exporters: {
    ...all(NO_GRPC, "otlp otlp_grpc"),
    ...all("use debug", "logging"),
    ...all(
      BEHIND,
      "prometheusremotewrite prometheus loadbalancing elasticsearch opensearch clickhouse loki zipkin datadog splunk_hec " +
        "googlecloud azuremonitor awsxray awss3 awsemf pulsar syslog",
    ),
  },
  extensions: {
    ...all("use `sluice admin profile`", "pprof"),
    ...all("use the admin API, `sluice top`", "zpages"),
    ...all(
      "remove it: with wait_for_result (the default) the sender keeps the data until it is delivered",
      "file_storage redis_storage db_storage",
    ),
    ...all(BEHIND, "headers_setter oauth2client sigv4auth asapclient"),
    ...all(IN_FRONT, "oidc k8s_observer host_observer docker_observer"),
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
