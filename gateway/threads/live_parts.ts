/**
 * What one thread runs of a gateway, changed as a whole: the parts of a new configuration are built and started beside
 * those that run, get the traffic together, and only then is what nobody needs any more drained.
 *
 * @module
 */

import type { GatewayConfig } from "../../pipeline/config/gateway_config.ts";
import type { Instances } from "../../pipeline/graph/build.ts";
import { type Build, type GraphChange, LiveGraph, type NextGraph } from "../../pipeline/graph/live_graph.ts";
import { Leavings } from "./leavings.ts";
import type { ListenerHub } from "./listener_hub.ts";

/** How long what was prepared in vain may take to stop, milliseconds. */
const DISCARD_DEADLINE_MS = 5_000;

export class LiveParts {
  readonly #parts: readonly LiveGraph[];
  readonly #hub: ListenerHub;
  readonly #draining = new Set<Promise<boolean>>();
  #next: NextGraph[] = [];
  readonly #leavings = new Leavings();

  /** @param builds In the order of their start. @param hub Their listeners come from it. */
  constructor(builds: readonly Build[], hub: ListenerHub) {
    this.#parts = builds.map((build) => new LiveGraph(build));
    this.#hub = hub;
  }

  /** Whether everything has started and nothing is being stopped. */
  get ready(): boolean {
    return this.#parts.every((part) => part.ready);
  }

  /** What runs, by name. */
  get instances(): Instances {
    return new Map(this.#parts.flatMap(({ instances }) => [...instances]));
  }

  /**
   * Builds and starts everything beside what runs.
   *
   * @throws {GraphError} Something could not be created or started: nothing has changed.
   */
  async prepare(config: GatewayConfig): Promise<GraphChange> {
    try {
      for (const part of this.#parts) this.#next.push(await part.prepare(config));
    } catch (thrown) {
      await this.discard();
      throw thrown;
    }
    return joinChanges(this.#next.map(({ change }) => change));
  }

  /**
   * Gives what was prepared the traffic, in one step.
   *
   * @param drainMs When what is left of the one before is given up, milliseconds from now.
   * @returns Settles when that is gone: whether everything was delivered.
   */
  flip(drainMs: number): Promise<boolean> {
    const drains = this.#next.map((next) => next.flip());
    this.#next = [];
    this.#hub.flip();
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), drainMs);
    const drained = drainAll(drains.toReversed(), deadline.signal);
    this.#draining.add(drained);
    void drained.finally(() => {
      clearTimeout(timer); // it holds what was drained
      this.#leavings.changed();
      this.#draining.delete(drained);
    });
    return drained;
  }

  /** Stops what was prepared. */
  async discard(): Promise<void> {
    const deadline = AbortSignal.timeout(DISCARD_DEADLINE_MS);
    for (const next of this.#next.splice(0).toReversed()) await next.discard(deadline);
  }

  /** Stops receiving, then drains, the last part first. @returns Whether everything was delivered. */
  async shutdown(deadline: AbortSignal): Promise<boolean> {
    await this.discard();
    const results = [];
    for (const part of this.#parts.toReversed()) results.push(await part.shutdown(deadline));
    results.push(...await Promise.all(this.#draining));
    this.#leavings.stop();
    return results.every((drained) => drained);
  }
}

async function drainAll(drains: readonly ((deadline: AbortSignal) => Promise<boolean>)[], deadline: AbortSignal) {
  let all = true;
  for (const drain of drains) all = await drain(deadline) && all;
  return all;
}

/** What several parts change, as one. */
export function joinChanges(changes: readonly GraphChange[]): GraphChange {
  return {
    kept: changes.flatMap(({ kept }) => kept),
    replaced: changes.flatMap(({ replaced }) => replaced),
    added: changes.flatMap(({ added }) => added),
    removed: changes.flatMap(({ removed }) => removed),
  };
}
