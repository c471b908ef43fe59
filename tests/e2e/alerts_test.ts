/** The alerts for Prometheus name metrics and labels that there are, and are those of docs/operations.md. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { parse } from "yaml";
import { CONTROLLER_METRICS } from "../../pipeline/core/telemetry/controller_metrics.ts";
import { METRICS } from "../../pipeline/core/telemetry/table.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

const read = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
const rules: readonly Rule[] = parse(read("deploy/prometheus/alerts.yaml")).groups[0].rules;
const labelsOf = new Map([...METRICS, ...CONTROLLER_METRICS].map(({ name, attributes }) => [name, attributes]));
/** What Prometheus adds to a histogram's name, and to its labels. */
const baseOf = (name: string) => name.replace(/_bucket$/, "");
const namesIn = (text: string) => [...text.matchAll(/\b(?:otelcol|sluice)_\w+/g)].map(([name]) => baseOf(name));

Deno.test("alerts for Prometheus", async (t) => {
  strictEqual(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { alert, expr, labels, annotations } of rules) {
    await t.step(alert, () => {
      const names = namesIn(expr);
      ok(names.length > 0);
      for (const name of names) ok(labelsOf.has(name), `${name} is no metric`);
      const known = new Set(["le", ...names.flatMap((name) => labelsOf.get(name) ?? [])]);
      const used = [
        ...[...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(", ")),
        ...[...expr.matchAll(/(\w+)(?:=~?|!=)"/g)].map(([, label]) => label ?? ""),
      ].filter((label) => !/[({]/.test(label));
      for (const label of used) ok(known.has(label), `${label} is no label of ${names.join(", ")}`);
      const shown = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label);
      for (const label of shown) ok(used.includes(label), `${label} is not among what the alert is by`);
      for (const [open, close] of ["()", "[]", "{}"]) {
        strictEqual(expr.split(open!).length, expr.split(close!).length, `${open} without ${close}`);
      }
      ok(["info", "warning", "critical"].includes(labels.severity));
    });
  }
});

Deno.test("every metric of the page's alerts has an alert, and the other way round", () => {
  const [, table = ""] = /## What to alert on([\s\S]*?)\n## /.exec(read("docs/operations.md")) ?? [];
  const expressions = table.split("\n").filter((row) => row.startsWith("| ")).map((row) => row.split(" | ")[1] ?? "");
  const kinds = (names: Iterable<string>) =>
    [...new Set([...names].map((name) => name.replace(/_(?:spans|metric_points|log_records|profile_samples)$/, "")))]
      .sort();
  const dependsOnMachines = new Set(["otelcol_process_memory_rss"]);
  const ofPage = namesIn(expressions.join(" ")).filter((name) => !dependsOnMachines.has(name));
  deepStrictEqual(kinds(rules.flatMap(({ expr }) => namesIn(expr))), kinds(ofPage));
});
