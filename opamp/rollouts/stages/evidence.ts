/**
 * What the agents of a rollout show of the version: the figures that a gate judges, and the numbers that are told with
 * every decision.
 *
 * @module
 */

import { counted } from "../../../pipeline/core/text.ts";
import { type GateFigures, type GateLimits, isEnough, percent, type Traffic } from "./gate.ts";
import type { Member } from "./member.ts";
import { addTraffic, type Members } from "./members.ts";

const NOTHING: Traffic = { items: 0, errors: 0 };

export class Evidence {
  readonly #members: Members;
  #changed = { ...NOTHING };
  #control = { ...NOTHING };
  /** That agents with the version have sent. */
  #reports = 0;

  constructor(members: Members) {
    this.#members = members;
  }

  /** A stage begins: what agents handle is counted anew. */
  restart(): void {
    this.#changed = { ...NOTHING };
    this.#control = { ...NOTHING };
    this.#reports = 0;
  }

  /**
   * Takes in a report of an agent's own metrics.
   *
   * @param traffic What it has handled since the last; undefined: it does not say, or there is no last one.
   */
  addReport(member: Readonly<Member> | undefined, traffic: Traffic | undefined): void {
    if (member?.phase === "applied") this.#reports++;
    if (traffic === undefined) return;
    if (member?.phase === "applied") addTraffic(this.#changed, traffic, 1);
    else if (member?.phase === "waiting" && member.changes) addTraffic(this.#control, traffic, 1);
  }

  /**
   * What the gate looks at now.
   *
   * @param agents That the stage is to reach.
   * @param strict Agents within a grace count as what they may become.
   */
  figures(agents: number, strict = false): GateFigures {
    const { counts, before } = this.#members;
    return {
      agents,
      failed: counts.failed,
      stuck: counts.stuck,
      silent: counts.silent,
      unhealthy: counts.unhealthy + (strict ? counts.undecidedUnhealthy : 0),
      disconnected: counts.disconnected + (strict ? counts.undecidedAway : 0),
      control: {
        agents: counts.control,
        unhealthy: counts.controlUnhealthy,
        disconnected: counts.controlDisconnected,
      },
      traffic: { changed: { ...this.#changed }, before: { ...before }, control: { ...this.#control } },
    };
  }

  /** Whether agents with the version have handled enough for their error rate to be judged. */
  isJudged(limits: GateLimits): boolean {
    return isEnough(this.#changed, limits);
  }

  /** What is known of the error rate of the agents with the version, for people: the rate, or why there is none. */
  errorRate(limits: GateLimits): string {
    const { minItems } = limits;
    const { items, errors } = this.#changed;
    if (this.isJudged(limits)) return `${percent(errors / items)} of ${counted(items, "items")}`;
    if (this.#reports > 0) return `not judged: ${counted(items, "items")} are too few, wanted ${minItems}`;
    let reporting = 0;
    for (const { reportsMetrics } of this.#members.released()) if (reportsMetrics) reporting++;
    return reporting === 0
      ? "not judged: no reports, and none of the agents is to report its own metrics"
      : `NOT JUDGED: no reports, of ${counted(reporting, "agents")} that are to report their own metrics`;
  }

  /** What a decision was made on. @param agents That the stage is to reach. */
  numbers(agents: number): Record<string, number> {
    const { released, ready, applying, applied, failed, stuck, silent, unhealthy, disconnected } = this.#members.counts;
    const { control, traffic: { changed, before, control: others } } = this.figures(agents);
    return {
      agents,
      released,
      ready,
      applying,
      applied,
      failed,
      stuck,
      silent,
      unhealthy,
      disconnected,
      control: control.agents,
      controlUnhealthy: control.unhealthy,
      controlDisconnected: control.disconnected,
      items: changed.items,
      errors: changed.errors,
      itemsBefore: before.items,
      errorsBefore: before.errors,
      itemsControl: others.items,
      errorsControl: others.errors,
    };
  }
}
