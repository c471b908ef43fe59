/**
 * The gateway's own metrics for Prometheus: the text format and the app that serves it.
 *
 * Names are the collector's as scraped by default: without `_total` and without units (collector reference, section 9).
 * Source: Prometheus exposition formats, "Text-based format", version 0.0.4.
 *
 * @module
 */

import { Hono } from "hono";
import type { SeriesKind, SeriesValue } from "../pipeline/core/telemetry/store.ts";
import { metricRow } from "../pipeline/core/telemetry/table.ts";
import type { Attributes } from "../pipeline/core/telemetry/meter.ts";
import { checkHost, ForbiddenError } from "./api/guard.ts";

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

export interface MetricsPageOptions {
  /** On every series. */
  readonly constantLabels?: Attributes;
  /**
   * Whether it listens on this machine alone, which is known when it listens. Then another host's name is answered 403, as
   * by the admin API.
   */
  readonly loopback?: () => boolean;
}

/** The metrics page. `GET` and `HEAD` of `/metrics`; all else is 404. */
export function createMetricsApp(
  collect: () => readonly SeriesValue[],
  { constantLabels = {}, loopback = () => false }: MetricsPageOptions = {},
): Hono {
  const app = new Hono();
  app.use("/metrics", async (c, next) => {
    checkHost(c.req.raw, { loopback: loopback() });
    await next();
  });
  app.onError((thrown, c) => {
    if (thrown instanceof ForbiddenError) return c.text(`${thrown.message}\n`, 403);
    throw thrown;
  });
  const page = new PrometheusPage(constantLabels);
  app.get("/metrics", (c) => c.body(page.textOf(collect()), 200, { "content-type": CONTENT_TYPE }));
  return app;
}

/** Series as Prometheus text. It writes the same ones again and again: all of a line but its number is made once. */
export class PrometheusPage {
  readonly #constantLabels: string;
  /** What stands in front of each number, by the attributes, which are an object for each series. */
  readonly #lines = new WeakMap<Attributes, readonly string[]>();

  constructor(constantLabels: Attributes) {
    this.#constantLabels = renderLabels(constantLabels);
  }

  /** Those of one name must stand together. */
  textOf(series: readonly SeriesValue[]): string {
    const parts: string[] = [];
    let lastName = "";
    for (const one of series) {
      if (one.name !== lastName) parts.push(headOf(lastName = one.name, one.kind));
      const lines = this.#linesOf(one);
      let count = 0;
      for (let at = 0; at < one.values.length; at++) {
        const value = one.values[at]!;
        const isBucket = at < one.values.length - 1;
        parts.push(lines[at]!, number(one.kind === "histogram" && isBucket ? count += value : value));
      }
      if (one.kind === "histogram") parts.push(lines[one.values.length]!, number(count));
    }
    if (parts.length > 0) parts.push("\n");
    return parts.join("").slice(1);
  }

  #linesOf({ name, kind, attributes, bounds }: SeriesValue): readonly string[] {
    const known = this.#lines.get(attributes);
    if (known !== undefined) return known;
    const labels = joined(this.#constantLabels, renderLabels(attributes));
    const metric = metricName(name);
    const lines = kind === "histogram"
      ? [
        ...[...bounds, Infinity].map((bound) => lineHead(`${metric}_bucket`, joined(labels, `le="${number(bound)}"`))),
        lineHead(`${metric}_sum`, labels),
        lineHead(`${metric}_count`, labels),
      ]
      : [lineHead(metric, labels)];
    this.#lines.set(attributes, lines);
    return lines;
  }
}

/** Begins with the end of the line before it. */
function lineHead(name: string, labels: string): string {
  return labels === "" ? `\n${name} ` : `\n${name}{${labels}} `;
}

function headOf(name: string, kind: SeriesKind): string {
  const metric = metricName(name);
  return `\n# HELP ${metric} ${escapeHelp(helpOf(name))}\n# TYPE ${metric} ${kind}`;
}

function renderLabels(attributes: Attributes): string {
  return Object.entries(attributes).map(renderLabel).join(",");
}

function joined(labels: string, more: string): string {
  return labels === "" || more === "" ? labels + more : `${labels},${more}`;
}

function number(value: number): string {
  if (value === 0) return "0";
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function renderLabel([name, value]: readonly [string, string]): string {
  const escaped = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `${name.replace(/[^a-zA-Z0-9_]/g, "_").replace(/^(?=\d)/, "_")}="${escaped}"`;
}

function metricName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_:]/g, "_").replace(/^(?=\d)/, "_");
}

function helpOf(name: string): string {
  return metricRow(name)?.help ?? `The metric ${name}.`;
}

function escapeHelp(help: string): string {
  return help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
