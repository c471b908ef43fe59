/**
 * Tables of the results for README and docs: one place that decides how figures are written.
 *
 * @module
 */

import { SCENARIOS } from "./plan.ts";
import type { Environment, Gateway, PartRow, RequestRow, Results, Spread, Table, Variant } from "./results.ts";

/** Columns of the tables of requests, and what a reader calls them. */
const COLUMNS: readonly { readonly gateway: Gateway; readonly variant: Variant; readonly label: string }[] = [
  { gateway: "sluice", variant: "plain", label: "Sluice, plain" },
  { gateway: "sluice", variant: "base", label: "Sluice, batched" },
  { gateway: "collector", variant: "plain", label: "Collector, plain" },
  { gateway: "collector", variant: "base", label: "Collector, batched" },
];

/** Of `deno bench`, what a reader of README wants to know; `name` is how the benchmark's name begins. */
const PARTS: readonly {
  readonly label: string;
  readonly file: string;
  readonly group: string;
  readonly name: string;
}[] = [
  {
    label: "validate and count 1 span",
    file: "validate_bench.ts",
    group: "traces",
    name: "readPayload() of 1 spans, sdk",
  },
  {
    label: "validate and count 100 spans",
    file: "validate_bench.ts",
    group: "traces",
    name: "readPayload() of 100 spans, sdk",
  },
  {
    label: "validate and count 1,000 spans",
    file: "validate_bench.ts",
    group: "traces",
    name: "readPayload() of 1000 spans, sdk",
  },
  {
    label: "JSON to wire bytes, 100 spans",
    file: "json_bench.ts",
    group: "traces, 100 items to protobuf",
    name: "readJsonPayload()",
  },
  {
    label: "the same by `JSON.parse` and protobufjs",
    file: "json_bench.ts",
    group: "traces, 100 items to protobuf",
    name: "JSON.parse()",
  },
  {
    label: "wire bytes to JSON, 100 spans",
    file: "json_bench.ts",
    group: "traces, 100 items to JSON",
    name: "requestToJson()",
  },
  {
    label: "the same by protobufjs and `JSON.stringify`",
    file: "json_bench.ts",
    group: "traces, 100 items to JSON",
    name: "protobufjs",
  },
];

/** `[a, b]` of one row as Markdown. */
function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** 1,234; below 10 with a decimal. */
export function numberText(value: number): string {
  const digits = value < 10 ? 1 : 0;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** `98 (86-101)`. */
export function spreadText({ median, low, high }: Spread): string {
  const [middle, ...bounds] = [median, low, high].map(numberText);
  return bounds.every((bound) => bound === middle) ? `${middle}` : `${middle} (${bounds.join("-")})`;
}

/**
 * The better of the collector's variants by the better of ours.
 *
 * @returns undefined where one of them was not measured at all.
 */
export function ratioOf(rows: readonly RequestRow[]): number | undefined {
  const best = (wanted: Gateway) =>
    Math.min(...rows.filter(({ gateway }) => gateway === wanted).map(({ cpuUs }) => cpuUs.median));
  const ratio = best("collector") / best("sluice");
  return Number.isFinite(ratio) && ratio > 0 ? ratio : undefined;
}

/** Between `<!-- bench -->` and `<!-- /bench -->`. */
export function readmeFigures(results: Results): string {
  return [
    "CPU time a request, us: median of interleaved runs, lowest and highest in brackets; one worker on one core; only runs in which all",
    "that was acknowledged has arrived. The ratio is of the better of the collector's variants to the better of ours. A machine's own",
    "speed moves by half and more from run to run where others use it too, so take the ratios for as much.",
    "",
    cpuTable(results),
    "",
    ...methodLines(results, results.requests),
    "",
    "Resident set at its highest in the same runs, MB, medians:",
    "",
    memoryTable(results),
    "",
    "Latency from when a request was due to its answer, at 60 % of what a core could do by the CPU time above; median of the runs,",
    "lowest and highest in brackets:",
    "",
    latencyTable(results),
    "",
    "Resident set at rest, and with large bodies:",
    "",
    programTable(results, "resident_set"),
    "",
    "Parts, on one core, by `deno bench`:",
    "",
    partsTable(results),
    "",
    "Conditions of OTTL on a span of ten attributes, beside the collector's engine by turns of 20 ms on one core, ns: medians, the best",
    "tenth in brackets. Ours looks into the bytes anew each time; the engine has the span decoded, which is not counted:",
    "",
    programTable(results, "ottl_conditions"),
  ].join("\n");
}

function cpuTable({ requests }: Results): string {
  const rows = scenarioRows(requests, ({ cpuUs }) => spreadText(cpuUs), (rows) => [
    ratioOf(rows)?.toFixed(1) ?? "",
    rangeText(rows.map(({ cpuUs }) => cpuUs.n)),
    commitsText(rows),
  ]);
  return markdownTable(["Requests", ...COLUMNS.map(({ label }) => label), "Ratio", "Runs", "Commit"], rows);
}

function memoryTable({ requests }: Results): string {
  const known = requests.filter(({ rssPeakMb }) => rssPeakMb !== null);
  const rows = scenarioRows(known, ({ rssPeakMb }) => numberText(rssPeakMb ?? 0), (rows) => [commitsText(rows)]);
  return markdownTable(["Requests", ...COLUMNS.map(({ label }) => label), "Commit"], rows);
}

/** A row for each scenario that has any, with a cell for each column. */
function scenarioRows(
  requests: readonly RequestRow[],
  cellOf: (row: RequestRow) => string,
  closing: (rows: readonly RequestRow[]) => readonly string[],
): readonly (readonly string[])[] {
  return SCENARIOS.flatMap(({ name, label }) => {
    const rows = requests.filter(({ scenario }) => scenario === name);
    const cells = COLUMNS.map(({ gateway, variant }) => {
      const row = rows.find((row) => row.gateway === gateway && row.variant === variant);
      return row === undefined ? "" : cellOf(row);
    });
    return rows.length === 0 ? [] : [[label, ...cells, ...closing(rows)]];
  });
}

function latencyTable({ requests }: Results): string {
  const rows = requests.flatMap(({ scenario, gateway, variant, latency, commit }) => {
    if (latency === null) return [];
    const label = SCENARIOS.find(({ name }) => name === scenario)?.label ?? scenario;
    const column = COLUMNS.find((each) => each.gateway === gateway && each.variant === variant)?.label ?? gateway;
    const { p99Ms, requestsPerSecond, cores } = latency;
    const rate = numberText(requestsPerSecond);
    return [[label, column, rate, cores.toFixed(2), spreadText(p99Ms), String(p99Ms.n), `\`${commit}\``]];
  });
  return markdownTable(["Requests", "", "Requests a second", "Cores", "p99, ms", "Runs", "Commit"], rows);
}

function partsTable({ parts }: Results): string {
  const us = (ns: number | null) => ns === null ? "" : numberText(ns / 1_000);
  const rows = PARTS.flatMap(({ label, file, group, name }) => {
    const part = parts.find((row: PartRow) => row.file === file && row.group === group && row.name.startsWith(name));
    return part === undefined ? [] : [[label, us(part.bestNs), us(part.meanNs), `\`${part.commit}\``]];
  });
  return markdownTable(["Part", "Best, us", "Mean, us", "Commit"], rows);
}

/** How rows were measured: a line for each machine and method, with its commits. */
function methodLines({ environments }: Results, rows: readonly RequestRow[]): readonly string[] {
  const commits = new Map<string, Set<string>>();
  for (const { commit, method } of rows) {
    const how = `\`${method} tests/peers/measure\` on ${machineText(environments[commit])}`;
    commits.set(how, (commits.get(how) ?? new Set()).add(commitText(environments, commit)));
  }
  return [...commits].map(([how, of]) => `- ${how}: ${[...of].join(", ")}.`);
}

function commitText(environments: Results["environments"], commit: string): string {
  return `\`${commit}\` (${environments[commit]?.date ?? "no date"})`;
}

function machineText(environment: Environment | undefined): string {
  if (environment === undefined) {
    throw new TypeError("Cannot tell where figures are from: their commit has no environment");
  }
  const { cores, cpu, kernel, deno, collector } = environment;
  return `${cores} cores (${cpu}), Linux ${kernel}, Deno ${deno}, collector ${collector}`;
}

function rangeText(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? String(most) : `${least}-${most}`;
}

function commitsText(rows: readonly { readonly commit: string }[]): string {
  return [...new Set(rows.map(({ commit }) => `\`${commit}\``))].join(" ");
}

/** What one program printed, and what printed it. */
export function programTable({ tables, environments }: Results, name: string): string {
  const table = known(tables, name);
  const width = Math.max(...table.rows.map((row) => row.length));
  const head = table.head ?? ["What", "Measured", ...Array.from({ length: width - 2 }, () => "")];
  return [markdownTable(head, table.rows), "", methodOf(table, environments)].join("\n");
}

/** Figures of one program, of which those are shown that begin so; or of one benchmark. */
export type Source =
  | { readonly program: string; readonly shows: readonly (readonly [begin: string, wanted: string])[] }
  | { readonly file: string; readonly name: string; readonly label: string };

/** What several sources have measured, a row for each figure. */
export function costsTable(results: Results, sources: readonly Source[]): string {
  const { environments } = results;
  const found = sources.map((source) =>
    "program" in source ? programCosts(results, source) : partCosts(results, source)
  );
  const commits = new Map<string, Set<string>>();
  for (const { commit } of found) {
    const machine = machineText(environments[commit]);
    commits.set(machine, (commits.get(machine) ?? new Set()).add(commitText(environments, commit)));
  }
  return [
    markdownTable(["What", "Wanted", "Measured", "By", "Commit"], found.flatMap(({ rows }) => rows)),
    "",
    "By the programs of `tests/bench` as `deno task figures` runs them.",
    ...[...commits].map(([machine, of]) => `On ${machine}: ${[...of].join(", ")}.`),
  ].join("\n");
}

interface Costs {
  readonly commit: string;
  readonly rows: readonly (readonly string[])[];
}

function programCosts({ tables }: Results, { program, shows }: Extract<Source, { program: string }>): Costs {
  const { rows, commit } = known(tables, program);
  const cells = rows.flatMap(([what = "", ...figures]) => {
    const shown = shows.find(([begin]) => what.startsWith(begin));
    return shown === undefined ? [] : [[what, shown[1], figures.join(", "), `\`${program}.ts\``, `\`${commit}\``]];
  });
  return { commit, rows: cells };
}

/** @throws {TypeError} It was never measured. */
function partCosts({ parts }: Results, { file, name, label }: Extract<Source, { file: string }>): Costs {
  const part = parts.find((row) => row.file === file && row.name.startsWith(name));
  if (part === undefined) throw new TypeError(`Cannot write ${name}: it was never measured, wanted a run of ${file}`);
  const { bestNs, meanNs, commit } = part;
  const mean = meanNs === null ? "" : `, mean ${numberText(meanNs / 1_000)} us`;
  const measured = `best ${numberText(bestNs / 1_000)} us${mean}`;
  return { commit, rows: [[label, "", measured, `\`${file}\``, `\`${commit}\``]] };
}

function known(tables: Results["tables"], name: string): Table {
  const table = tables[name];
  if (table === undefined) {
    throw new TypeError(`Cannot write the table ${name}: it was never measured, wanted a run of it`);
  }
  return table;
}

function methodOf({ command, commit }: Table, environments: Results["environments"]): string {
  const what = command === null ? "Measured as told above," : `Printed by \`${command}\``;
  return `${what} of ${commitText(environments, commit)}, on ${machineText(environments[commit])}.`;
}
