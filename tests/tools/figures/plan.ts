/**
 * What there is to measure, and in which order: requests in rounds, so that both gateways and all scenarios have the same
 * weather, and what measures itself once.
 *
 * @module
 */

import type { Gateway, Variant } from "./results.ts";

export interface Scenario {
  readonly name: string;
  /** Of `tests/peers/measure`; absent: the name. */
  readonly measures?: string;
  /** More arguments of ours; the collector has no such thing and is left out. */
  readonly args?: readonly string[];
  /** In the tables. */
  readonly label: string;
  readonly variants: readonly Variant[];
  /** Latencies are measured as well, of `plain`. */
  readonly isRated?: boolean;
}

/** The rows of the tables, in their order. A variant that is missing tells nothing that another row does not. */
export const SCENARIOS: readonly Scenario[] = [
  { name: "p1", label: "1 span", variants: ["plain", "base"] },
  { name: "p1c512", label: "1 span, 512 connections", variants: ["plain"] },
  { name: "p100", label: "100 spans, 44 kB", variants: ["plain", "base"], isRated: true },
  { name: "p1000", label: "1,000 spans, 445 kB", variants: ["plain", "base"] },
  { name: "gzip-in", label: "100 spans, gzip in, none out", variants: ["plain"] },
  { name: "gzip", label: "100 spans, gzip in and out", variants: ["plain", "base"] },
  { name: "zstd", label: "100 spans, zstd in and out", variants: ["plain", "base"] },
  { name: "json", label: "100 spans, JSON in, protobuf out", variants: ["plain"] },
  { name: "kafka-all", label: "100 spans to Kafka, acks all", variants: ["base"] },
  { name: "kafka-all-zstd", label: "100 spans to Kafka, acks all, zstd", variants: ["base"] },
  {
    name: "kafka-all-kafkajs",
    label: "the same uncompressed, `producer.client: kafkajs`",
    variants: ["base"],
    measures: "kafka-all",
    args: ["--set", "exporters.kafka.producer.client=kafkajs"],
  },
  { name: "route", label: "`routing` by resource, 100 resources of 10 spans", variants: ["plain"] },
  { name: "route-span", label: "`routing` by span, 1,000 spans", variants: ["plain"] },
  { name: "filter", label: "`filter` by an int attribute, 100 spans", variants: ["plain"] },
  { name: "transform", label: "`transform`: set and delete_key, 100 spans", variants: ["plain"] },
  { name: "transform20", label: "`transform`: 20 statements, 100 spans", variants: ["plain"] },
  { name: "hash", label: "`attributes`: one hashed, 100 spans", variants: ["plain"] },
];

/** A program of tests/bench that prints its own figures. */
export interface Program {
  /** Its file, without `.ts`. */
  readonly name: string;
  readonly args: readonly string[];
  /** For a short look whether it runs. */
  readonly quickArgs: readonly string[];
  /** `table`: Markdown; `lines`: columns with two blanks between them; `json`: an object a line. */
  readonly prints: "table" | "lines" | "json";
  /** Runs with V8's flags of a gateway; those that start one have it with them anyway. */
  readonly hasGatewayFlags?: boolean;
  readonly estimateSeconds: number;
}

/** The cheap ones first: who has little time gets most of them. */
export const PROGRAMS: readonly Program[] = [
  { name: "tenants_cost", args: [], quickArgs: ["20"], prints: "lines", hasGatewayFlags: true, estimateSeconds: 25 },
  { name: "ottl_conditions", args: [], quickArgs: ["2"], prints: "table", hasGatewayFlags: true, estimateSeconds: 30 },
  { name: "tenants_share", args: [], quickArgs: ["2", "p1"], prints: "lines", estimateSeconds: 65 },
  { name: "tenants_start", args: ["100000"], quickArgs: ["1000"], prints: "lines", estimateSeconds: 30 },
  { name: "fleet_simulation", args: [], quickArgs: [], prints: "table", estimateSeconds: 30 },
  {
    name: "live_config",
    args: ["20", "10", "2", "500", "200"],
    quickArgs: ["3", "5", "1", "50", "100"],
    prints: "json",
    estimateSeconds: 35,
  },
  { name: "resident_set", args: [], quickArgs: ["2"], prints: "lines", estimateSeconds: 40 },
  { name: "tenants_boot", args: [], quickArgs: ["1000", "1"], prints: "lines", estimateSeconds: 60 },
  { name: "cpu_profile", args: [], quickArgs: ["p100", "1", "1"], prints: "table", estimateSeconds: 75 },
  { name: "tenants_refusal", args: [], quickArgs: ["1"], prints: "lines", estimateSeconds: 60 },
  { name: "fairness", args: ["2"], quickArgs: ["1"], prints: "lines", estimateSeconds: 70 },
  { name: "tenants_windows", args: [], quickArgs: ["11"], prints: "lines", estimateSeconds: 90 },
  { name: "rollout_damage", args: ["100"], quickArgs: ["2"], prints: "table", estimateSeconds: 100 },
  { name: "tenants_quiet", args: [], quickArgs: ["1"], prints: "lines", estimateSeconds: 110 },
  { name: "opamp_extension", args: [], quickArgs: ["1", "1"], prints: "table", estimateSeconds: 230 },
  { name: "own_telemetry_load", args: [], quickArgs: ["p100", "1", "1", "1"], prints: "json", estimateSeconds: 260 },
  { name: "opamp_servers", args: [], quickArgs: ["1", "200", "50"], prints: "table", estimateSeconds: 400 },
  {
    name: "controller_simulation",
    args: [],
    quickArgs: ["200", "50", "--only=one"],
    prints: "table",
    estimateSeconds: 330,
  },
];

/** In tests/bench, what others use or what wants something to be pointed at. */
export const HELPERS: readonly string[] = [
  "large_bodies.ts",
  "opamp_server.ts",
  "ottl_conditions_worker.ts",
  "profile.ts",
  "tenants_support.ts",
];

/** How long the generator sends before and while it measures, as `tests/peers/measure` wants it. */
export interface Timing {
  readonly warmup: string;
  readonly duration: string;
}

/** V8 compiles for some seconds: after one second all figures of ours are higher by a fifth. */
export const TIMING: Timing = { warmup: "4s", duration: "2500ms" };
/** To see that all of it runs: nothing for a table. */
export const QUICK_TIMING: Timing = { warmup: "500ms", duration: "500ms" };

export interface RequestUnit {
  readonly kind: "request";
  readonly key: string;
  readonly scenario: Scenario;
  readonly variant: Variant;
  readonly gateway: Gateway;
  readonly isRated: boolean;
  readonly estimateSeconds: number;
}

export interface BenchUnit {
  readonly kind: "bench";
  readonly key: string;
  /** In tests/bench. */
  readonly file: string;
  readonly estimateSeconds: number;
}

export interface ProgramUnit {
  readonly kind: "program";
  readonly key: string;
  readonly program: Program;
  readonly estimateSeconds: number;
}

export type OnceUnit = BenchUnit | ProgramUnit;
export type Unit = RequestUnit | OnceUnit;

/** Starts, stops, and a look whether the machine is quiet. */
const AROUND_SECONDS = 4;
const BENCH_SECONDS = 25;

/** @param round The gateway that is first is the other one in each round. */
export function requestUnits(scenarios: readonly Scenario[], timing: Timing, round: number): readonly RequestUnit[] {
  const gateways: readonly Gateway[] = round % 2 === 0 ? ["sluice", "collector"] : ["collector", "sluice"];
  const phaseSeconds = secondsOf(timing.warmup) + secondsOf(timing.duration);
  return scenarios.flatMap((scenario) =>
    scenario.variants.flatMap((variant) =>
      gateways.filter((gateway) => gateway === "sluice" || scenario.args === undefined).map((gateway): RequestUnit => {
        const isRated = scenario.isRated === true && variant === "plain";
        return {
          kind: "request",
          key: `${scenario.name}:${variant}:${gateway}`,
          ...{ scenario, variant, gateway, isRated },
          estimateSeconds: AROUND_SECONDS + (isRated ? 2 : 1) * phaseSeconds,
        };
      })
    )
  );
}

export function onceUnits(benches: readonly string[], programs: readonly Program[]): readonly OnceUnit[] {
  return [
    ...benches.map((file) => ({ kind: "bench" as const, key: `bench:${file}`, file, estimateSeconds: BENCH_SECONDS })),
    ...programs.map((program) => ({
      kind: "program" as const,
      key: `program:${program.name}`,
      program,
      estimateSeconds: program.estimateSeconds,
    })),
  ];
}

/** `200ms`, `4s`, `25m`, `1h` in seconds. @throws {RangeError} Anything else. */
export function secondsOf(duration: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(duration) ?? [];
  const seconds = { ms: 0.001, s: 1, m: 60, h: 3_600 }[unit ?? ""];
  if (seconds === undefined) throw new RangeError(`Cannot read "${duration}": wanted a duration like 200ms, 4s or 25m`);
  return Number(number) * seconds;
}

/** Of a budget, for requests where there are parts and programs too; what either leaves is the other's. */
const REQUESTS_SHARE = 0.65;

/** How much time there is, and how much what is left of the work takes. Time is told by the caller, seconds. */
export class Budget {
  readonly #seconds: number;
  #estimated = 0;
  #taken = 0;

  /** @param seconds Of the whole run; Infinity for no bound. */
  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  /** A unit of work is done, or was given up. */
  spent(estimateSeconds: number, tookSeconds: number): void {
    this.#estimated += estimateSeconds;
    this.#taken += tookSeconds;
  }

  /** What so much work takes here, by what work took until now. */
  expected(estimateSeconds: number): number {
    return this.#estimated === 0 ? estimateSeconds : estimateSeconds * this.#taken / this.#estimated;
  }

  fits(estimateSeconds: number): boolean {
    return this.#taken + this.expected(estimateSeconds) <= this.#seconds;
  }

  /** Whether another round of requests leaves their part to parts and programs. */
  fitsRequests(estimateSeconds: number, isAlone: boolean): boolean {
    const share = isAlone ? 1 : REQUESTS_SHARE;
    return this.#taken + this.expected(estimateSeconds) <= share * this.#seconds;
  }
}

export const estimateOf = (units: readonly Unit[]): number =>
  units.reduce((sum, { estimateSeconds }) => sum + estimateSeconds, 0);
