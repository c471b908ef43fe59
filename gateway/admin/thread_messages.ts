/**
 * What the admin API asks of the threads that hold the pipelines, and what they answer, over a channel of its own: the
 * messages of `gateway/threads/messages.ts` start, change and stop workers, and wait for each other.
 *
 * @module
 */

import type { DestinationSnapshot } from "../../pipeline/contract/destination.ts";
import type { QueueSnapshot } from "../../pipeline/contract/queue_control.ts";
import type { RecentRefusal, UnknownRefusal } from "../../pipeline/tenants/recent_refusals.ts";
import type { CpuProfile, TapEvent } from "../../routes/admin/schemas.ts";

/** What is asked. */
export type Command =
  | { readonly type: "queues" }
  | { readonly type: "destinations" }
  | { readonly type: "pause"; readonly node: string; readonly paused: boolean }
  | { readonly type: "hurry"; readonly node: string }
  | { readonly type: "errors" }
  | { readonly type: "refusals"; readonly tenant: string }
  | { readonly type: "unknown_refusals" }
  | { readonly type: "tap"; readonly tap: string; readonly node: string; readonly settings: TapSettings }
  | { readonly type: "untap"; readonly tap: string }
  | { readonly type: "cpu"; readonly durationMs: number }
  | { readonly type: "heap"; readonly path: string };

/** What one thread may send of a tap. */
export interface TapSettings {
  readonly perSecond: number;
  readonly maxItems: number;
  /** Attributes whose values are masked, beside those whose names say so. */
  readonly mask: readonly string[];
}

export interface NodeQueue {
  readonly node: string;
  readonly queue: QueueSnapshot;
}

/** How an exporter does. */
export interface NodeDestination {
  readonly node: string;
  readonly destination: DestinationSnapshot;
  /** undefined: it has none. */
  readonly queue: QueueSnapshot | undefined;
}

/** A line of the log, for people who look at a component. */
export interface RecentError {
  readonly atMs: number;
  readonly level: "warn" | "error";
  readonly message: string;
}

/** What is answered, by the type of the command. */
export interface Answers {
  readonly queues: readonly NodeQueue[];
  readonly destinations: readonly NodeDestination[];
  /** Whether there is such a queue. */
  readonly pause: boolean;
  readonly hurry: boolean;
  readonly errors: readonly (readonly [component: string, errors: readonly RecentError[]])[];
  readonly refusals: readonly RecentRefusal[];
  readonly unknown_refusals: readonly UnknownRefusal[];
  /** Whether there is such a node. */
  readonly tap: boolean;
  readonly untap: boolean;
  readonly cpu: CpuProfile;
  /** Bytes that were written. */
  readonly heap: number;
}

export type AnswerTo<C extends Command> = Answers[C["type"]];

export type Sample = Extract<TapEvent, { readonly type: "sample" }>;

/** To the threads; one that is not named leaves it alone. */
export interface Ask {
  readonly type: "ask";
  readonly id: string;
  readonly thread: string;
  readonly command: Command;
}

/** From a thread. */
export type Told =
  | { readonly type: "answer"; readonly id: string; readonly value: unknown }
  | { readonly type: "failure"; readonly id: string; readonly message: string }
  | { readonly type: "sample"; readonly tap: string; readonly sample: Sample };

export type Message = Ask | Told;
