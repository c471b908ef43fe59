/**
 * How long a sender may wait for its answer because batches are not full: of one batch, and of all on its way, which add
 * up when data is batched again behind a batch.
 *
 * @module
 */

import type { CatalogEntry, ComponentSection } from "../gateway_config.ts";
import { type Problem, warningAt } from "../problem.ts";
import type { PipelineDraft } from "../service.ts";
import { MAX_SUGGESTED } from "../suggest.ts";
import { formatPath } from "../tree/node.ts";

/** A sender of one request at a time sends no more than one in that long: from here on that is told. */
const LONG_WAIT_MS = 1_000;
/** Senders are told to come back after 8 s, and SDKs give up after 10: one that waits longer for a batch sends twice. */
const MAX_SENSIBLE_WAIT_MS = 5_000;

/** What a wait does to a sender, and what is wanted; undefined when batches are filled soon enough. */
export function waitConsequence(waitMs: number): string | undefined {
  if (waitMs > MAX_SENSIBLE_WAIT_MS) return `it will give up and send again, wanted at most ${MAX_SENSIBLE_WAIT_MS} ms`;
  if (waitMs < LONG_WAIT_MS) return undefined;
  return `one request after the other it sends one in that time, wanted less than ${LONG_WAIT_MS} ms`;
}

/** A component that is configured without an error. */
export interface WaitingComponent {
  readonly entry: CatalogEntry;
  readonly config: unknown;
}

export type FindComponent = (section: ComponentSection, id: string) => WaitingComponent | undefined;

/** Pipelines whose batches make a sender wait together for what none of them would alone. */
export function waitProblems(pipelines: readonly PipelineDraft[], find: FindComponent): readonly Problem[] {
  const waits = new ChainedWaits(pipelines, find);
  const fed = pipelines.filter(({ receivers }) => receivers.some(({ id }) => find("receivers", id) !== undefined));
  return fed.flatMap((pipeline) => {
    const { totalMs, steps } = waits.behind(pipeline);
    const consequence = waitConsequence(totalMs);
    // One that is as bad by itself is told where it stands.
    if (consequence === undefined || steps.some(({ waitMs }) => waitConsequence(waitMs) === consequence)) return [];
    const message = `has a sender wait ${totalMs} ms for its answer, unless batches fill before: ` +
      `${steps.map(({ name, waitMs }) => `${waitMs} ms at ${name}`).join(", ")}; ${consequence} in all, ` +
      "or wait_for_result: false";
    return [warningAt(pipeline.place, pipeline.path, message)];
  }).slice(0, MAX_SUGGESTED);
}

/** The longest way through a pipeline and those behind it. */
interface Chain {
  readonly totalMs: number;
  readonly steps: readonly { readonly name: string; readonly waitMs: number }[];
  /** Whether the sender has its answer at the end of it: what comes behind keeps nobody waiting. */
  readonly isAnswered: boolean;
}

const NO_WAIT: Chain = { totalMs: 0, steps: [], isAnswered: false };

class ChainedWaits {
  readonly #pipelines: readonly PipelineDraft[];
  readonly #find: FindComponent;
  readonly #known = new Map<PipelineDraft, Chain>();

  constructor(pipelines: readonly PipelineDraft[], find: FindComponent) {
    this.#pipelines = pipelines;
    this.#find = find;
  }

  behind(pipeline: PipelineDraft): Chain {
    const known = this.#known.get(pipeline);
    if (known !== undefined) return known;
    this.#known.set(pipeline, NO_WAIT); // a way round is told elsewhere, and ends here
    const processors = pipeline.processors.map(({ id }) => this.#at("processors", id));
    const ends = pipeline.exporters.flatMap((
      { id },
    ) => [this.#at("exporters", id), ...this.#throughConnector(id, pipeline)]);
    const longest = ends.reduce((most, each) => each.totalMs > most.totalMs ? each : most, NO_WAIT);
    const chain = [...processors, longest].reduce(join, NO_WAIT);
    this.#known.set(pipeline, chain);
    return chain;
  }

  #at(section: ComponentSection, id: string): Chain {
    const found = this.#find(section, id);
    const { waitMs = 0, isAnswered = false } = found?.entry.senderWait?.(found.config) ?? {};
    const steps = waitMs > 0 ? [{ name: formatPath([section, id]), waitMs }] : [];
    return { totalMs: waitMs, steps, isAnswered };
  }

  #throughConnector(id: string, { signal }: PipelineDraft): readonly Chain[] {
    const routes = this.#find("connectors", id)?.entry.routes ?? [];
    return this.#pipelines.filter((next) =>
      next.receivers.some((receiver) => receiver.id === id) &&
      routes.some(({ from, to }) => from === signal && to === next.signal)
    ).map((next) => this.behind(next));
  }
}

function join(before: Chain, next: Chain): Chain {
  if (before.isAnswered) return before;
  const { totalMs, steps, isAnswered } = next;
  return { totalMs: before.totalMs + totalMs, steps: [...before.steps, ...steps], isAnswered };
}
