/**
 * What a rollout is to do: stages, gates and budgets as data, with defaults, every problem told at once.
 *
 * @module
 */

import { counted } from "../../../pipeline/core/text.ts";
import type { ConfigVersionRef } from "../agents.ts";
import { InvalidRequestError, type Problem } from "../errors.ts";
import { DEFAULT_LIMITS, type GateLimits } from "./gate.ts";

/** So many agents: a share of those that are there, or a number. */
export type Amount =
  | {
    /** Above 0 up to 1; rounded up, so that a share is at least one agent. */
    readonly share: number;
  }
  | {
    /** From 1. */
    readonly count: number;
  };

/** One stage: how far it reaches, how long it is watched, what it tolerates. */
export interface StageSpec {
  /** Of the agents that the rollout changes and that are connected, earlier stages included. */
  readonly reach: Amount;
  /** How long the agents are watched after the last has answered, milliseconds. */
  readonly soakMs: number;
  readonly limits: GateLimits;
}

/** A rollout with every default filled in. */
export interface RolloutSpec {
  /** For people. */
  readonly name: string;
  /** Canonical. */
  readonly selector: string;
  readonly config: ConfigVersionRef;
  /** Against assignments and other rollouts; the higher wins. Default 0. */
  readonly priority: number;
  /** The last reaches everyone. */
  readonly stages: readonly StageSpec[];
  /** How many agents may be applying at the same time. Default a tenth of those that the rollout changes. */
  readonly maxApplying: Amount;
  /** How many at first. Default 2. */
  readonly initialApplying: number;
  /**
   * How many more each APPLIED allows, up to `maxApplying`. Default 0.25.
   *
   * The more of a fleet fail, the sooner one does, and the fewer are applying then: however many would, when the first
   * has failed this many others do on average, and k or more with a chance of (growth / (1 + growth)) ** k.
   */
  readonly applyingGrowth: number;
  /** From the offer to APPLIED or FAILED, milliseconds. Default 5 min. */
  readonly applyTimeoutMs: number;
  /** How long an agent may be away before it counts as disconnected, milliseconds. Default 2 min. */
  readonly awayGraceMs: number;
  /** How long an agent may be unhealthy before it counts as that, milliseconds. Default 30 s. */
  readonly unhealthyGraceMs: number;
  /** What to do when another rollout has some of the same agents. Default "refuse". */
  readonly onConflict: "refuse" | "queue";
}

/** Limits as they are asked for. */
export type LimitsRequest = { readonly [Key in keyof GateLimits]?: GateLimits[Key] | undefined };

/** A stage as it is asked for. */
export interface StageRequest {
  readonly share?: number | undefined;
  readonly count?: number | undefined;
  readonly soakMs?: number | undefined;
  readonly limits?: LimitsRequest | undefined;
}

/** A rollout as it is asked for. What is left out gets its default. */
export interface RolloutRequest {
  readonly name?: string | undefined;
  readonly selector: string;
  readonly config: {
    readonly name: string;
    /** Default the newest. */
    readonly version?: number | undefined;
  };
  readonly priority?: number | undefined;
  readonly stages?: readonly StageRequest[] | undefined;
  /** For every stage that does not say otherwise. */
  readonly limits?: LimitsRequest | undefined;
  readonly maxApplying?: Amount | undefined;
  readonly initialApplying?: number | undefined;
  readonly applyingGrowth?: number | undefined;
  readonly applyTimeoutMs?: number | undefined;
  readonly awayGraceMs?: number | undefined;
  readonly unhealthyGraceMs?: number | undefined;
  readonly onConflict?: "refuse" | "queue" | undefined;
  /** Rollouts of the same seed meet the agents in the same order. Default one of its own. */
  readonly seed?: string | undefined;
}

export const MAX_STAGES = 32;
const MAX_NAME_LENGTH = 128;
const DAY_MS = 24 * 60 * 60_000;
const MAX_AGENTS = 10_000_000;
const MAX_PRIORITY = 1_000_000;

/**
 * One agent, watched for 1 min: what is bad for everyone harms one. 2 %, 5 min: of 20,000 agents 400, among which a
 * version that is bad for 1 % meets one that it is bad for in 98 of 100 rollouts. 10 %, 10 min; all, 5 min.
 */
export const DEFAULT_STAGES: readonly StageRequest[] = [
  { count: 1, soakMs: 60_000 },
  { share: 0.02, soakMs: 5 * 60_000, limits: { disconnected: 0.002 } },
  { share: 0.1, soakMs: 10 * 60_000, limits: { disconnected: 0.002 } },
  { share: 1, soakMs: 5 * 60_000 },
];

/**
 * Fills in what a request leaves out.
 *
 * @param selector Canonical.
 * @param config The version that the request names.
 * @throws {InvalidRequestError} With every problem.
 */
export function readRequest(request: RolloutRequest, selector: string, config: ConfigVersionRef): RolloutSpec {
  const problems: Problem[] = [];
  const check = new Check(problems);
  const spec: RolloutSpec = {
    name: check.name(request.name ?? `${config.name} ${config.version}`),
    selector,
    config,
    priority: check.whole("priority", request.priority ?? 0, -MAX_PRIORITY, MAX_PRIORITY),
    stages: readStages(request, check),
    maxApplying: check.amount("maxApplying", request.maxApplying ?? { share: 0.1 }),
    initialApplying: check.whole("initialApplying", request.initialApplying ?? 2, 1, MAX_AGENTS),
    applyingGrowth: check.between("applyingGrowth", request.applyingGrowth ?? 0.25, 0, 1),
    applyTimeoutMs: check.whole("applyTimeoutMs", request.applyTimeoutMs ?? 5 * 60_000, 1_000, DAY_MS),
    awayGraceMs: check.whole("awayGraceMs", request.awayGraceMs ?? 2 * 60_000, 0, DAY_MS),
    unhealthyGraceMs: check.whole("unhealthyGraceMs", request.unhealthyGraceMs ?? 30_000, 0, DAY_MS),
    onConflict: request.onConflict ?? "refuse",
  };
  if ((request.seed?.length ?? 0) > MAX_NAME_LENGTH) {
    check.problem("seed", `wanted at most ${MAX_NAME_LENGTH} characters`);
  }
  if (problems.length > 0) throw new InvalidRequestError("start the rollout", problems);
  return spec;
}

/** How many that is of `total`, at least one unless there is none. */
export function amountOf(amount: Amount, total: number): number {
  // A share such as 0.07 of 100 is 7.000000000000001: what is a hair above a whole number is that number.
  const wanted = "share" in amount ? Math.ceil(amount.share * total - 1e-9) : amount.count;
  return Math.min(Math.max(wanted, 1), total);
}

/** "10 %" or "5 agents". */
export function amountText(amount: Amount): string {
  return "share" in amount ? `${Number((amount.share * 100).toFixed(4))} %` : counted(amount.count, "agents");
}

function readStages({ stages: asked, limits }: RolloutRequest, check: Check): StageSpec[] {
  // What is asked for all stages goes before what a default stage says of itself.
  const stages = asked ??
    DEFAULT_STAGES.map((stage) => ({ ...stage, limits: { ...stage.limits, ...defined(limits) } }));
  if (stages.length === 0 || stages.length > MAX_STAGES) {
    check.problem("stages", `there are ${stages.length}, wanted 1 to ${MAX_STAGES}`);
  }
  const read = stages.slice(0, MAX_STAGES).map((stage, index) => readStage(stage, limits, `stages[${index}]`, check));
  checkGrowth(read.map(({ reach }) => reach), check);
  return read;
}

function readStage(stage: StageRequest, shared: LimitsRequest | undefined, path: string, check: Check) {
  const { share, count, soakMs = 0 } = stage;
  if ((share === undefined) === (count === undefined)) check.problem(path, "wanted either a share or a count");
  return {
    reach: check.amount(path, count === undefined ? { share: share ?? 1 } : { count }),
    soakMs: check.whole(`${path}.soakMs`, soakMs, 0, 30 * DAY_MS),
    limits: readLimits({ ...DEFAULT_LIMITS, ...defined(shared), ...defined(stage.limits) }, `${path}.limits`, check),
  };
}

function readLimits(limits: GateLimits, path: string, check: Check): GateLimits {
  for (const key of ["failed", "stuck", "silent", "unhealthy", "disconnected", "errorRate"] as const) {
    check.between(`${path}.${key}`, limits[key], 0, 1);
  }
  check.whole(`${path}.minAgents`, limits.minAgents, 1, MAX_AGENTS);
  check.whole(`${path}.minItems`, limits.minItems, 0, Number.MAX_SAFE_INTEGER);
  return limits;
}

/** A later stage holds the earlier: of the same kind each reaches further, and the last reaches all. */
function checkGrowth(reaches: readonly Amount[], check: Check): void {
  reaches.forEach((reach, index) => {
    const before = reaches[index - 1];
    if (before === undefined) return;
    const shrinks = "share" in reach ? "share" in before && reach.share <= before.share : "count" in before &&
      reach.count <= before.count;
    if (shrinks) check.problem(`stages[${index}]`, "it reaches no further than the stage before, wanted more agents");
  });
  const last = reaches.at(-1);
  if (last !== undefined && !("share" in last && last.share === 1)) {
    check.problem(`stages[${reaches.length - 1}]`, "the last stage does not reach everyone, wanted share 1");
  }
}

function defined(limits: LimitsRequest = {}): Partial<GateLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined));
}

/** Collects problems; each method hands back what it was given. */
class Check {
  readonly #problems: Problem[];

  constructor(problems: Problem[]) {
    this.#problems = problems;
  }

  problem(path: string, message: string): void {
    this.#problems.push({ path, message });
  }

  name(name: string): string {
    if (name.length === 0 || name.length > MAX_NAME_LENGTH) {
      this.problem("name", `it has ${name.length} characters, wanted 1 to ${MAX_NAME_LENGTH}`);
    }
    return name;
  }

  between(path: string, value: number, least: number, most: number): number {
    // Not "value < least || value > most": NaN is neither.
    if (!(value >= least && value <= most)) this.problem(path, `it is ${value}, wanted ${least} to ${most}`);
    return value;
  }

  whole(path: string, value: number, least: number, most: number): number {
    if (!Number.isInteger(value)) this.problem(path, `it is ${value}, wanted a whole number`);
    else this.between(path, value, least, most);
    return value;
  }

  amount(path: string, amount: Amount): Amount {
    if ("count" in amount) this.whole(`${path}.count`, amount.count, 1, MAX_AGENTS);
    else if (!(amount.share > 0 && amount.share <= 1)) {
      this.problem(`${path}.share`, `it is ${amount.share}, wanted more than 0 and at most 1`);
    }
    return amount;
  }
}
