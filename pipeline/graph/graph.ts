/**
 * Components that run together: started downstream first, stopped upstream first. A graph is an object of its own, so
 * that a new one can be built and started beside the one that runs.
 *
 * Source: collector reference 2.5 (start order, and stop in reverse).
 *
 * @module
 */

import type { Adopt, Lifecycle } from "../contract/consumer.ts";
import { type Clock, sleep } from "../core/clock.ts";
import { GatewayError } from "../core/errors.ts";
import { describeError, type Logger } from "../core/log/logger.ts";

/** One instance of a component. */
export interface Component {
  /** For a person: `exporter otlp_http/eu (traces)`. */
  readonly name: string;
  readonly lifecycle: Lifecycle;
}

/** How long one component may take to start, milliseconds. */
const START_TIMEOUT_MS = 60_000;
/** How long a start that failed waits for what had started to stop, milliseconds. */
const ROLLBACK_DEADLINE_MS = 5_000;
/** How long a component may take past the deadline of its shutdown before it is left behind, milliseconds. */
const SHUTDOWN_GRACE_MS = 1_000;

/** Components could not be created or started; each failure names its component. */
export class GraphError extends GatewayError {
  readonly code = "unavailable";
  readonly retryable = false;
  readonly failures: readonly string[];

  constructor(what: string, failures: readonly string[], cause?: unknown) {
    super(`Cannot ${what}: ${failures.join("; ")}`, { cause });
    this.failures = failures;
  }
}

/** Of a wait that nobody needs any more: without a reason each would make an error with a stack. */
const OVER = "over";

const NONE: ReadonlySet<Component> = new Set();
const NO_HEIRS: Heirs = new Map();

/** What takes over data that components hold, by their names. */
export type Heirs = ReadonlyMap<string, Adopt>;

type State = "built" | "starting" | "ready" | "stopping" | "stopped";

/** Starts and stops components stage by stage; those of one stage at once. */
export class Graph {
  readonly #stages: readonly (readonly Component[])[];
  readonly #logger: Logger;
  readonly #clock: Clock;
  #state: State = "built";

  /** @param stages Downstream first. */
  constructor(stages: readonly (readonly Component[])[], logger: Logger, clock: Clock) {
    this.#stages = stages;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Whether everything has started and nothing is being stopped. */
  get ready(): boolean {
    return this.#state === "ready";
  }

  /** All components, in the order of their start. */
  get components(): readonly Component[] {
    return this.#stages.flat();
  }

  /**
   * Starts everything, or nothing: what had started when a component failed is shut down again.
   *
   * @param running Components that run already, taken over from another graph.
   * @throws {GraphError} With every component of the stage that failed.
   */
  async start(running: ReadonlySet<Component> = NONE): Promise<void> {
    this.#enter("starting", ["built"]);
    const started: Component[][] = [];
    for (const all of this.#stages) {
      const stage = all.filter((component) => !running.has(component));
      const results = await Promise.allSettled(stage.map((component) => this.#startOne(component)));
      started.push(stage.filter((_, at) => results[at]?.status === "fulfilled"));
      const failures = failuresOfAll(
        results.flatMap((result, at) =>
          result.status === "rejected" ? [{ name: stage[at]?.name ?? "", thrown: result.reason }] : []
        ),
      );
      if (failures.length > 0) {
        await this.#stop(started, AbortSignal.timeout(ROLLBACK_DEADLINE_MS), NO_HEIRS);
        this.#state = "stopped";
        throw new GraphError("start", failures);
      }
    }
    this.#state = "ready";
  }

  /**
   * Stops receivers, then drains what lies downstream of them.
   *
   * @param deadline When it fires, what is not delivered is given up.
   * @param kept Components that another graph goes on with.
   * @param heirs Components that replace those of the same name.
   * @returns Whether everything was drained: no component failed or ran into the deadline.
   */
  async shutdown(
    deadline: AbortSignal,
    kept: ReadonlySet<Component> = NONE,
    heirs: Heirs = NO_HEIRS,
  ): Promise<boolean> {
    if (this.#state === "built") this.#state = "stopped";
    if (this.#state === "stopped") return true;
    this.#enter("stopping", ["ready"]);
    const stages = this.#stages.map((stage) => stage.filter((component) => !kept.has(component)));
    const drained = await this.#stop(stages, deadline, heirs);
    this.#state = "stopped";
    return drained && !deadline.aborted;
  }

  #enter(state: State, from: readonly State[]): void {
    if (!from.includes(this.#state)) {
      throw new TypeError(`Cannot go to "${state}": the graph is "${this.#state}", wanted "${from.join('" or "')}"`);
    }
    this.#state = state;
  }

  async #startOne({ lifecycle }: Component): Promise<void> {
    if (lifecycle.start === undefined) return;
    const done = new AbortController();
    const late = sleep(this.#clock, START_TIMEOUT_MS, done.signal).then((passed) => {
      if (passed) throw new Error(`has not started within ${START_TIMEOUT_MS} ms`);
    });
    try {
      await Promise.race([lifecycle.start(), late]);
    } finally {
      done.abort(OVER);
    }
  }

  async #stop(stages: readonly (readonly Component[])[], deadline: AbortSignal, heirs: Heirs): Promise<boolean> {
    let drained = true;
    for (const stage of stages.toReversed()) {
      const results = await Promise.all(stage.map((component) => this.#stopOne(component, deadline, heirs)));
      drained &&= results.every((done) => done);
    }
    return drained;
  }

  async #stopOne({ name, lifecycle }: Component, deadline: AbortSignal, heirs: Heirs): Promise<boolean> {
    if (lifecycle.shutdown === undefined) return true;
    const done = new AbortController();
    try {
      const stopped = lifecycle.shutdown(deadline, heirs.get(name)).then(() => true);
      const inTime = await Promise.race([stopped, this.#patience(deadline, done.signal)]);
      if (!inTime) {
        this.#logger.error("A component did not stop by the deadline and is left behind", { component: name });
      }
      return inTime;
    } catch (thrown) {
      this.#logger.error("A component failed to stop", { component: name, error: describeError(thrown) });
      return false;
    } finally {
      done.abort(OVER);
    }
  }

  /** false when the deadline and the grace after it have passed; never settles when `done` fires before the deadline. */
  #patience(deadline: AbortSignal, done: AbortSignal): Promise<false> {
    return new Promise((resolve) => {
      const onDeadline = () => void sleep(this.#clock, SHUTDOWN_GRACE_MS, done).then(() => resolve(false));
      if (deadline.aborted) onDeadline();
      else deadline.addEventListener("abort", onDeadline, { once: true, signal: done });
    });
  }
}

/** The failures of a part that has parts of its own stand for themselves. */
export function failuresOf(name: string, thrown: unknown): readonly string[] {
  return thrown instanceof GraphError ? thrown.failures : [`${name}: ${describeError(thrown)}`];
}

/** As `failuresOf`; what several components say is told once, with all their names. */
function failuresOfAll(failed: readonly { readonly name: string; readonly thrown: unknown }[]): readonly string[] {
  const namesByReason = new Map<string, string[]>();
  for (const { name, thrown } of failed) {
    const isNested = thrown instanceof GraphError;
    for (const reason of isNested ? thrown.failures : [describeError(thrown)]) {
      const names = namesByReason.get(reason) ?? [];
      namesByReason.set(reason, isNested ? names : [...names, name]);
    }
  }
  return Array.from(namesByReason, ([reason, names]) => names.length === 0 ? reason : `${names.join(", ")}: ${reason}`);
}
