/**
 * Pipelines, or extensions, that are changed while they run: the next ones are built and started beside them, take over
 * what is the same in both, and get the traffic in one step. Then what nobody needs any more is drained.
 *
 * @module
 */

import type { GatewayConfig } from "../config/gateway_config.ts";
import type { Assembly } from "./build.ts";
import type { Instances } from "./instances.ts";
import type { Adopt } from "../contract/consumer.ts";
import type { Component, Graph, Heirs } from "./graph.ts";

/** Builds what a configuration asks for, in slices where it takes long; it takes over what it can of `before`. */
export type Build = (config: GatewayConfig, before: Instances) => Assembly | Promise<Assembly>;

/** What a change does to the components; their names. */
export interface GraphChange {
  /** The same before and after. */
  readonly kept: readonly string[];
  /** Made anew under the same name: its own settings have changed, or a component that it passes data to has. */
  readonly replaced: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export const NO_CHANGE: GraphChange = { kept: [], replaced: [], added: [], removed: [] };

/** The next graph: it has started, and has no traffic. Exactly one of its two methods is called. */
export interface NextGraph {
  readonly change: GraphChange;
  /**
   * Gives it the traffic. No request is in two graphs, none in neither.
   *
   * @returns Drains the graph before it; false when something was given up at the deadline.
   */
  flip(): (deadline: AbortSignal) => Promise<boolean>;
  /** Stops what is new in it; the graph that runs is as before. */
  discard(deadline: AbortSignal): Promise<void>;
}

const NOTHING: Instances = new Map();

export class LiveGraph {
  readonly #build: Build;
  #current: Assembly | undefined;

  constructor(build: Build) {
    this.#build = build;
  }

  /** Whether everything has started and nothing is being stopped. */
  get ready(): boolean {
    return this.#current?.graph.ready ?? false;
  }

  /** What runs, by name. */
  get instances(): Instances {
    return this.#current?.instances ?? NOTHING;
  }

  /**
   * Builds and starts a graph beside the one that runs.
   *
   * @throws {GraphError} A component could not be created or started: nothing has changed.
   */
  async prepare(config: GatewayConfig): Promise<NextGraph> {
    const before = this.#current;
    const next = await this.#build(config, before?.instances ?? NOTHING);
    const running = new Set(before?.graph.components);
    await next.graph.start(running);
    const own = new Set(next.graph.components);
    return {
      change: changeOf(
        names(next.graph, (component) => running.has(component)),
        names(next.graph, (component) => !running.has(component)),
        before === undefined ? [] : names(before.graph, (component) => !own.has(component)),
      ),
      flip: () => {
        next.flip();
        this.#current = next;
        return (deadline) => before?.graph.shutdown(deadline, own, heirsIn(next.graph)) ?? Promise.resolve(true);
      },
      discard: async (deadline) => void await next.graph.shutdown(deadline, running),
    };
  }

  /** Stops receiving, then drains. @returns Whether everything was delivered. */
  shutdown(deadline: AbortSignal): Promise<boolean> {
    return this.#current?.graph.shutdown(deadline) ?? Promise.resolve(true);
  }
}

function heirsIn(graph: Graph): Heirs {
  return new Map(
    graph.components.flatMap(({ name, lifecycle }): [string, Adopt][] =>
      lifecycle.adopt === undefined ? [] : [[name, (payload) => lifecycle.adopt?.(payload) ?? false]]
    ),
  );
}

/** What goes and comes by one name is replaced. */
function changeOf(kept: readonly string[], coming: readonly string[], going: readonly string[]): GraphChange {
  const [come, gone] = [new Set(coming), new Set(going)];
  return {
    kept,
    replaced: coming.filter((name) => gone.has(name)),
    added: coming.filter((name) => !gone.has(name)),
    removed: going.filter((name) => !come.has(name)),
  };
}

function names(graph: Graph, wanted: (component: Component) => boolean): readonly string[] {
  return graph.components.filter(wanted).map(({ name }) => name);
}
