/** Metrics by name: those of the sources are in the table, those of the table in the sources, those of the docs in the table. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { METRICS } from "../../pipeline/core/telemetry/table.ts";
import { PROGRAM_FOLDERS, sourcesBelow } from "../support/sources.ts";

/** A name as a text of its own, maybe with something behind it that is known at run time only. */
const NAME = /["`]((?:otelcol|sluice)_[a-z0-9_]+)(\$\{)?/g;
/** Where the table itself stands. */
const TABLES = ["pipeline/core/telemetry/table.ts", "pipeline/core/telemetry/controller_metrics.ts"];
/** Texts that look like a metric: other things are called so too. */
const OTHERS = ["sluice_agent_"];

/** The collector's, of which a page says that they are not here. */
const THEIRS = [
  "otelcol_process_runtime_total_alloc_bytes",
  "otelcol_kafka_exporter_messages",
  "otelcol_kafka_exporter_latency",
];

/** Whether a metric is what a text of the sources gives. */
const isMade = (metric: string, text: string, goesOn: boolean) => goesOn ? metric.startsWith(text) : metric === text;

Deno.test("metrics of the sources and of the table are the same", async () => {
  const names = METRICS.map(({ name }) => name);
  const made = new Set<string>();
  const unlisted: string[] = [];
  for await (const { path, code } of sourcesBelow(...PROGRAM_FOLDERS)) {
    if (TABLES.includes(path)) continue;
    for (const [, text = "", more] of code.matchAll(NAME)) {
      const found = names.filter((name) => isMade(name, text, more !== undefined));
      for (const name of found) made.add(name);
      if (found.length === 0 && !OTHERS.includes(text)) unlisted.push(`${path}: ${text}`);
    }
  }
  deepStrictEqual(unlisted, [], "metrics that docs/metrics.md does not have");
  deepStrictEqual(names.filter((name) => !made.has(name) && name !== "target_info"), [], "metrics that nothing counts");
});

Deno.test("every metric that a page names is in the table", async () => {
  const names = METRICS.map(({ name }) => name);
  const unknown: string[] = [];
  let found = 0;
  for await (const { name: file } of Deno.readDir(new URL("../../docs/", import.meta.url))) {
    if (!file.endsWith(".md") || file === "metrics.md") continue;
    const text = await Deno.readTextFile(new URL(`../../docs/${file}`, import.meta.url));
    for (const [, name = "", star] of text.matchAll(/\b((?:otelcol|sluice)_[a-z0-9_]+)(\*)?/g)) {
      found++;
      const isKnown = names.some((each) =>
        isMade(each, name, star !== undefined || name.endsWith("_")) || isSeriesOf(each, name)
      );
      if (!isKnown && !THEIRS.includes(name)) unknown.push(`${file}: ${name}`);
    }
  }
  ok(found > 30, `${found} names in the pages`);
  deepStrictEqual(unknown, []);
  deepStrictEqual(THEIRS.filter((name) => names.includes(name)), [], "metrics that are here after all");
});

/** A histogram's series have a word behind its name. */
function isSeriesOf(metric: string, name: string): boolean {
  return ["_bucket", "_count", "_sum"].some((word) => name === `${metric}${word}`);
}
