/**
 * What the agents of a rollout show of the version: the figures that a gate judges, and the numbers that are told with
 * every decision.
 *
 * @module
 */

import type { GateFigures, Traffic } from "./gate.ts";
import type { Member } from "./member.ts";
import { addTraffic, type Members } from "./members.ts";

const NOTHING: Traffic = { items: 0, errors: 0 };

export class Evidence {
  readonly #members: Members;
  #changed = { ...NOTHING };
  #control = { ...NOTHING };

  constructor(members: Members) {
    this.#members = members;
  }

  /** A stage begins: what agents handle is counted anew. */
  restart(): void {
    this.#changed = { ...NOTHING };
    this.#control = { ...NOTHING };
  }

  /** Takes in what an agent has handled since it was last asked. */
  addTraffic(member: Readonly<Member> | undefined, traffic: Traffic): void {
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
