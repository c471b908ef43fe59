/**
 * The results file of the benchmarks, docs/figures.json: what was measured, of which commit, on which machine.
 *
 * It is merged and never replaced: what a run did not renew keeps its row, and each row tells the commit that it is of.
 *
 * @module
 */

import { z } from "zod";

export const RESULTS = new URL("../../../docs/figures.json", import.meta.url);

const environmentSchema = z.strictObject({
  /** When it was measured, year, month and day. */
  date: z.iso.date(),
  cores: z.int().positive(),
  cpu: z.string(),
  kernel: z.string(),
  deno: z.string(),
  collector: z.string(),
});

const figure = z.number().nonnegative();

/** A middle and its bounds over `n` runs. */
const spreadSchema = z.strictObject({ n: z.int().positive(), median: figure, low: figure, high: figure });

const requestSchema = z.strictObject({
  /** As `tests/peers/measure` calls it. */
  scenario: z.string(),
  variant: z.enum(["plain", "base"]),
  gateway: z.enum(["sluice", "collector"]),
  commit: z.string(),
  /** What is set of `tests/peers/measure`. */
  method: z.string(),
  /** CPU time a request at full load. */
  cpuUs: spreadSchema,
  /** Resident set at its highest, median. null: not known. */
  rssPeakMb: figure.nullable(),
  /** At a rate that leaves room; null where none was measured. */
  latency: z.strictObject({ p99Ms: spreadSchema, requestsPerSecond: figure, cores: figure }).nullable(),
  /** What the rest of the machine used meanwhile, cores, median. null: not known. */
  otherCores: figure.nullable(),
});

const partSchema = z.strictObject({
  /** In tests/bench. */
  file: z.string(),
  group: z.string().nullable(),
  name: z.string(),
  commit: z.string(),
  /** Measurements; null: not known. `deno bench` tells no median. */
  n: z.int().positive().nullable(),
  bestNs: figure,
  meanNs: figure.nullable(),
  p99Ns: figure.nullable(),
});

const tableSchema = z.strictObject({
  commit: z.string(),
  /** What printed it; null: put together by hand from several programs. */
  command: z.string().nullable(),
  head: z.array(z.string()).nullable(),
  rows: z.array(z.array(z.string())),
});

const failureSchema = z.strictObject({ what: z.string(), commit: z.string(), why: z.string() });

const resultsSchema = z.strictObject({
  /** By commit. */
  environments: z.record(z.string(), environmentSchema),
  requests: z.array(requestSchema),
  parts: z.array(partSchema),
  /** What a program of tests/bench printed, by its name. */
  tables: z.record(z.string(), tableSchema),
  /** What the last run could not measure. */
  failures: z.array(failureSchema),
});

export type Environment = z.infer<typeof environmentSchema>;
export type Spread = z.infer<typeof spreadSchema>;
export type RequestRow = z.infer<typeof requestSchema>;
export type PartRow = z.infer<typeof partSchema>;
export type Table = z.infer<typeof tableSchema>;
export type Results = z.infer<typeof resultsSchema>;
export type Gateway = RequestRow["gateway"];
export type Variant = RequestRow["variant"];

export const NO_RESULTS: Results = { environments: {}, requests: [], parts: [], tables: {}, failures: [] };

/** @throws {z.ZodError} It is not a results file, or a row's commit is not among the environments. */
export function parseResults(text: string): Results {
  const results = resultsSchema.parse(JSON.parse(text));
  for (const commit of commitsOf(results)) {
    if (!(commit in results.environments)) {
      throw new TypeError(`Cannot read the figures: a row is of ${commit}, wanted that among the environments`);
    }
  }
  return results;
}

/** As it is kept: rows of one line each with their keys in the schema's order, so that a change is seen as one. */
export function printResults(results: Results): string {
  const { environments, requests, parts, tables, failures } = resultsSchema.parse(results);
  const list = (rows: readonly unknown[]) =>
    rows.length === 0 ? "[]" : `[\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(",\n")}\n  ]`;
  const record = (rows: Readonly<Record<string, unknown>>) => {
    const lines = Object.entries(rows).map(([key, row]) => `    ${JSON.stringify(key)}: ${JSON.stringify(row)}`);
    return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n  }`;
  };
  return [
    "{",
    `  "environments": ${record(environments)},`,
    `  "requests": ${list(requests)},`,
    `  "parts": ${list(parts)},`,
    `  "tables": ${record(tables)},`,
    `  "failures": ${list(failures)}`,
    "}\n",
  ].join("\n");
}

/** `old` with what `fresh` renews; the parts of a file of benchmarks are renewed together. */
export function mergeResults(old: Results, fresh: Results): Results {
  const keyOf = ({ scenario, variant, gateway }: RequestRow) => `${scenario} ${variant} ${gateway}`;
  const requests = new Map([...old.requests, ...fresh.requests].map((row) => [keyOf(row), row]));
  const files = new Set(fresh.parts.map(({ file }) => file));
  const merged = {
    environments: { ...old.environments, ...fresh.environments },
    requests: [...requests.values()],
    parts: [...old.parts.filter(({ file }) => !files.has(file)), ...fresh.parts],
    tables: { ...old.tables, ...fresh.tables },
    failures: fresh.failures,
  };
  const commits = commitsOf(merged);
  const known = Object.entries(merged.environments).filter(([commit]) => commits.has(commit));
  return { ...merged, environments: Object.fromEntries(known) };
}

function commitsOf({ requests, parts, tables, failures }: Results): ReadonlySet<string> {
  return new Set([...requests, ...parts, ...Object.values(tables), ...failures].map(({ commit }) => commit));
}

/** To four digits: what a measurement is worth. */
export const rounded = (value: number): number => Number(value.toPrecision(4));

/** @throws {RangeError} There are no values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [low] = sorted;
  const high = sorted.at(-1);
  if (low === undefined || high === undefined) {
    throw new RangeError("Cannot summarise runs: there are none, wanted one or more");
  }
  const half = sorted.length >> 1;
  const middle = sorted[half] ?? high;
  const median = sorted.length % 2 === 1 ? middle : ((sorted[half - 1] ?? low) + middle) / 2;
  return { n: sorted.length, median: rounded(median), low: rounded(low), high: rounded(high) };
}
