/**
 * The configuration of `count`: for each kind of thing, metrics by name.
 *
 * Source: collector reference 7.3; the collector's countconnector v0.164.
 *
 * @module
 */

import { z } from "zod";
import { anything, requiredText, section, text } from "../../config/schema.ts";
import type { ContextName } from "../../otlp/ottl/mod.ts";
import type { Signal } from "../../otlp/signals.ts";
import { batchTimeLimit } from "../../statements/batch_run.ts";
import { legacyTexts } from "../../statements/group_config.ts";

const metricSection = (description = "") =>
  section({
    description: text().default(description),
    conditions: legacyTexts().default([]),
    attributes: z.array(section({ key: requiredText(), default_value: anything("value").optional() })).default([]),
  });

/** Metrics by name; what a section that is not written counts. */
const metrics = (name: string, description: string) =>
  z.record(z.string(), metricSection()).prefault({ [name]: { description } });

export const countSchema = () =>
  section({
    spans: metrics("trace.span.count", "The number of spans observed."),
    spanevents: metrics("trace.span.event.count", "The number of span events observed."),
    metrics: metrics("metric.count", "The number of metrics observed."),
    datapoints: metrics("metric.datapoint.count", "The number of data points observed."),
    logs: metrics("log.record.count", "The number of log records observed."),
    max_batch_duration: batchTimeLimit(),
  });

export type CountConfig = z.output<ReturnType<typeof countSchema>>;
export type CountedMetric = z.output<ReturnType<typeof metricSection>>;

export type CountedSection = Exclude<keyof CountConfig, "max_batch_duration">;

/** What is counted of each signal: a section, and the context of its things. */
export const COUNTED: Readonly<
  Partial<Record<Signal, readonly { readonly section: CountedSection; readonly context: ContextName }[]>>
> = {
  traces: [{ section: "spans", context: "span" }, { section: "spanevents", context: "spanevent" }],
  metrics: [{ section: "metrics", context: "metric" }, { section: "datapoints", context: "datapoint" }],
  logs: [{ section: "logs", context: "log" }],
};
