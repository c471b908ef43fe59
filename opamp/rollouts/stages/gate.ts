/**
 * The gate of a stage: what agents with the new configuration may look like, and whether they do.
 *
 * Shares are of the agents that the stage is to reach, so that a breach is known as soon as nothing that comes can heal
 * it. What befalls the rest of the fleet at the same time is taken off first: an outage of all is not a bad configuration.
 *
 * @module
 */

import { counted } from "../../../pipeline/core/text.ts";

/** What a stage tolerates. Shares are 0 to 1; more than the share is a breach. */
export interface GateLimits {
  /** Agents that report FAILED, or go back by themselves after APPLIED. Default 0.0001: of fewer than 10,000 none. */
  readonly failed: number;
  /** Agents that report APPLYING and no more until `applyTimeoutMs`. Default 0.01. */
  readonly stuck: number;
  /** Connected agents that say nothing about what they were offered until `applyTimeoutMs`. Default 0.01. */
  readonly silent: number;
  /**
   * Agents that were healthy before, and are not since APPLIED, beyond the share of the rest of the fleet and what chance
   * makes of it. Default 0.002.
   */
  readonly unhealthy: number;
  /** Agents that have gone since they were offered it, beyond the rest in the same way. Default 0.01. */
  readonly disconnected: number;
  /** How far the error rate may lie above its baseline: 0.01 is one percentage point. Default 0.01. */
  readonly errorRate: number;
  /** Verdicts (APPLIED or FAILED) without which a stage is not passed; of a smaller stage all. Default 1. */
  readonly minAgents: number;
  /** Items that agents must have handled since APPLIED before their error rate is judged. Default 1,000. */
  readonly minItems: number;
}

export const DEFAULT_LIMITS: GateLimits = {
  failed: 0.0001,
  stuck: 0.01,
  silent: 0.01,
  unhealthy: 0.002,
  disconnected: 0.01,
  errorRate: 0.01,
  minAgents: 1,
  minItems: 1_000,
};

/** What the rest of the fleet explains with a chance above this is no breach. */
const CHANCE = 0.05;

/** Items and how many of them went wrong. */
export interface Traffic {
  readonly items: number;
  readonly errors: number;
}

/** What a gate looks at. Counts are of agents. */
export interface GateFigures {
  /** That the stage is to reach. */
  readonly agents: number;
  readonly failed: number;
  readonly stuck: number;
  readonly silent: number;
  readonly unhealthy: number;
  readonly disconnected: number;
  /** The rest of the rollout's agents, which still have what they had. */
  readonly control: { readonly agents: number; readonly unhealthy: number; readonly disconnected: number };
  readonly traffic: {
    /** Of agents with the new configuration, since they have it and the stage began. */
    readonly changed: Traffic;
    /** Of the same agents before. */
    readonly before: Traffic;
    /** Of the rest, since the stage began. */
    readonly control: Traffic;
  };
}

/** One limit that is passed. */
export interface Breach {
  readonly limit: "failed" | "stuck" | "silent" | "unhealthy" | "disconnected" | "errorRate";
  /** Share or rate, after the baseline was taken off. */
  readonly observed: number;
  readonly allowed: number;
  /** With the numbers, for people. */
  readonly text: string;
}

/** Every limit that is passed; none: the gate is open as far as is known. */
export function judge(limits: GateLimits, figures: GateFigures): Breach[] {
  return [
    ...judgeShare("failed", "failed", limits, figures),
    ...judgeShare("stuck", "are stuck in APPLYING", limits, figures),
    ...judgeShare("silent", "have not answered", limits, figures),
    ...judgeShare("unhealthy", "became unhealthy", limits, figures),
    ...judgeShare("disconnected", "have disconnected", limits, figures),
    ...judgeErrorRate(limits, figures),
  ];
}

function judgeShare(
  limit: Exclude<Breach["limit"], "errorRate">,
  word: string,
  limits: GateLimits,
  figures: GateFigures,
) {
  const { agents, control } = figures;
  const count = figures[limit];
  if (count === 0 || agents === 0) return [];
  const others = limit === "unhealthy" || limit === "disconnected" ? control[limit] : 0;
  const baseline = control.agents === 0 ? 0 : others / control.agents;
  const observed = count / agents - baseline;
  const allowed = limits[limit];
  if (observed <= allowed || chanceOf(count, agents * baseline) > CHANCE) return [];
  const beside = others === 0 ? "" : `, of ${counted(control.agents, "other agents")} ${others} (${percent(baseline)})`;
  const text = `${count} of ${counted(agents, "agents")} ${word} (${percent(count / agents)})${beside}; ` +
    `${percent(allowed)} is allowed`;
  return [{ limit, observed, allowed, text }];
}

/**
 * The most that the chance can be of `count` agents or more where `expected` are usual.
 *
 * Source: Chernoff's bound of a Poisson distribution's upper tail.
 */
export function chanceOf(count: number, expected: number): number {
  if (count <= expected) return 1;
  return expected === 0 ? 0 : Math.exp(count - expected - count * Math.log(count / expected));
}

/** Whether so much was handled that an error rate says something. */
export function isEnough({ items }: Traffic, { minItems }: Pick<GateLimits, "minItems">): boolean {
  return items > 0 && items >= minItems;
}

/** The worse of what the agents had before and what the rest has now is the baseline; with neither it is 0. */
function judgeErrorRate(limits: GateLimits, { traffic }: GateFigures): Breach[] {
  const { changed, before, control } = traffic;
  const { errorRate: allowed } = limits;
  if (!isEnough(changed, limits)) return [];
  const rate = changed.errors / changed.items;
  const rateBefore = isEnough(before, limits) ? before.errors / before.items : 0;
  const rateControl = isEnough(control, limits) ? control.errors / control.items : 0;
  const observed = rate - Math.max(rateBefore, rateControl);
  if (observed <= allowed) return [];
  const text = `${percent(rate)} of ${counted(changed.items, "items")} went wrong, before ${percent(rateBefore)}, ` +
    `at the other agents ${percent(rateControl)}; ${percent(allowed)} more is allowed`;
  return [{ limit: "errorRate", observed, allowed, text }];
}

/** "0.5 %", at most two digits after the point. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
