/**
 * What a run of the benchmarks has measured until now, a line for each measurement, so that a run that was ended goes on
 * where it was; and the rows of figures that come of it.
 *
 * @module
 */

import { z } from "zod";
import { type Environment, type RequestRow, type Results, spreadOf } from "./results.ts";
import type { RequestUnit, Timing, Unit } from "./plan.ts";

const headSchema = z.strictObject({
  commit: z.string(),
  warmup: z.string(),
  duration: z.string(),
});

/** One run of `tests/peers/measure`. */
const requestFiguresSchema = z.strictObject({
  cpuUs: z.number(),
  rssPeakMb: z.number(),
  otherCores: z.number(),
  latency: z.strictObject({ p99Ms: z.number(), requestsPerSecond: z.number(), cores: z.number() }).nullable(),
});

const benchFiguresSchema = z.strictObject({
  group: z.string().nullable(),
  name: z.string(),
  n: z.number(),
  bestNs: z.number(),
  meanNs: z.number(),
  p99Ns: z.number(),
});

const printedSchema = z.strictObject({
  command: z.string(),
  head: z.array(z.string()).nullable(),
  rows: z.array(z.array(z.string())),
});

const measuredSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("request"), figures: requestFiguresSchema }),
  z.strictObject({ kind: z.literal("bench"), figures: z.array(benchFiguresSchema) }),
  z.strictObject({ kind: z.literal("program"), figures: printedSchema }),
]);

const recordSchema = z.strictObject({ key: z.string(), seconds: z.number(), measured: measuredSchema });

export type JournalHead = z.infer<typeof headSchema>;
export type RequestFigures = z.infer<typeof requestFiguresSchema>;
export type BenchFigures = z.infer<typeof benchFiguresSchema>;
export type Printed = z.infer<typeof printedSchema>;
export type Measured = z.infer<typeof measuredSchema>;
export type JournalRecord = z.infer<typeof recordSchema>;

/** The records of one state of the code, in memory and in a file. */
export class Journal {
  readonly head: JournalHead;
  readonly #path: string;
  readonly #records: JournalRecord[];

  private constructor(path: string, head: JournalHead, records: readonly JournalRecord[]) {
    this.#path = path;
    this.head = head;
    this.#records = [...records];
  }

  /** A new one, in place of what is there. */
  static async create(path: string, head: JournalHead): Promise<Journal> {
    await Deno.writeTextFile(path, `${JSON.stringify(head)}\n`);
    return new Journal(path, head, []);
  }

  /**
   * The one that is there. A last line that was torn is dropped.
   *
   * @throws {TypeError} It is of another state of the code, or of other times of measuring.
   */
  static async resume(path: string, head: JournalHead): Promise<Journal> {
    const text = await Deno.readTextFile(path);
    const [first = "", ...lines] = text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((line) => line !== "");
    const found = headSchema.parse(JSON.parse(first));
    if (JSON.stringify(found) !== JSON.stringify(head)) {
      throw new TypeError(
        `Cannot go on with the run: it is of ${JSON.stringify(found)}, wanted ${JSON.stringify(head)}; begin anew`,
      );
    }
    const records = lines.map((line) => recordSchema.parse(JSON.parse(line)));
    await Deno.writeTextFile(path, `${[first, ...lines].join("\n")}\n`);
    return new Journal(path, head, records);
  }

  async append(record: JournalRecord): Promise<void> {
    this.#records.push(record);
    await Deno.writeTextFile(this.#path, `${JSON.stringify(record)}\n`, { append: true });
  }

  /** How often a unit was measured. */
  count(key: string): number {
    return this.#records.filter((record) => record.key === key).length;
  }

  get records(): readonly JournalRecord[] {
    return this.#records;
  }
}

/** Why a unit was not measured. */
export interface Failure {
  readonly what: string;
  readonly why: string;
}

/** What a journal comes to, to be merged into the results. */
export function resultsOf(
  { head, records }: Pick<Journal, "head" | "records">,
  units: readonly Unit[],
  environment: Environment,
  failures: readonly Failure[],
): Results {
  const { commit } = head;
  const measuredOf = (key: string) => records.filter((record) => record.key === key).map(({ measured }) => measured);
  const results: Results = {
    environments: { [commit]: environment },
    requests: [],
    parts: [],
    tables: {},
    failures: failures.map((failure) => ({ ...failure, commit })),
  };
  for (const unit of units) {
    const measured = measuredOf(unit.key);
    if (unit.kind === "request") {
      const runs = measured.flatMap((each) => each.kind === "request" ? [each.figures] : []);
      if (runs.length > 0) results.requests.push({ ...requestRow(unit, runs, head), commit });
    } else if (unit.kind === "bench") {
      const benches = measured.flatMap((each) => each.kind === "bench" ? each.figures : []);
      results.parts.push(...benches.map((bench) => ({ file: unit.file, ...bench, commit })));
    } else {
      const last = measured.flatMap((each) => each.kind === "program" ? [each.figures] : []).at(-1);
      if (last !== undefined) results.tables[unit.program.name] = { ...last, commit };
    }
  }
  return results;
}

function requestRow(unit: RequestUnit, runs: readonly RequestFigures[], timing: Timing): Omit<RequestRow, "commit"> {
  const latencies = runs.flatMap(({ latency }) => latency === null ? [] : [latency]);
  const median = (values: readonly number[]) => spreadOf(values).median;
  return {
    scenario: unit.scenario.name,
    variant: unit.variant,
    gateway: unit.gateway,
    method: `WARMUP=${timing.warmup} DURATION=${timing.duration}${unit.isRated ? "" : " RATE=off"}`,
    cpuUs: spreadOf(runs.map(({ cpuUs }) => cpuUs)),
    rssPeakMb: median(runs.map(({ rssPeakMb }) => rssPeakMb)),
    latency: latencies.length === 0 ? null : {
      p99Ms: spreadOf(latencies.map(({ p99Ms }) => p99Ms)),
      requestsPerSecond: median(latencies.map(({ requestsPerSecond }) => requestsPerSecond)),
      cores: median(latencies.map(({ cores }) => cores)),
    },
    otherCores: median(runs.map(({ otherCores }) => otherCores)),
  };
}
