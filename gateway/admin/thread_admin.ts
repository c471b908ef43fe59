/**
 * The admin API's hands in one thread: queues, taps, profiles, the last errors. Listens on the channel until it is
 * closed.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import { describeError } from "../../pipeline/core/log/logger.ts";
import type { Payload } from "../../pipeline/otlp/payload.ts";
import type { Instances } from "../../pipeline/graph/build.ts";
import { Inlet } from "../../pipeline/graph/inlet.ts";
import type { RecentRefusals } from "../../pipeline/tenants/recent_refusals.ts";
import { sampleOf } from "./taps/mask_payload.ts";
import { exporterNodeOf, instanceNames } from "./node_names.ts";
import type { RecentErrors } from "./recent_errors.ts";
import type { Command, Message, NodeDestination, NodeQueue, TapSettings } from "./thread_messages.ts";

export interface ThreadAdminOptions {
  /** Of the channel. */
  readonly channel: string;
  /** Of this thread. */
  readonly thread: string;
  /** What runs in it now. */
  readonly instances: () => Instances;
  readonly errors: RecentErrors;
  /** Of tenants that send to this thread. */
  readonly refusals: RecentRefusals | undefined;
  readonly clock: Clock;
}

/** Loaded when it is asked for: not every platform has an inspector. */
const profiler = () => import("./profiler.ts");

/** How often a tap looks whether another instance has taken the node's place, milliseconds. */
const REATTACH_MS = 500;

export class ThreadAdmin {
  readonly #options: ThreadAdminOptions;
  readonly #channel: BroadcastChannel;
  readonly #taps = new Map<string, Tap>();

  constructor(options: ThreadAdminOptions) {
    this.#options = options;
    this.#channel = new BroadcastChannel(options.channel);
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.type === "ask" && data.thread === options.thread) void this.#answer(data.id, data.command);
    };
  }

  close(): void {
    for (const tap of this.#taps.values()) tap.end();
    this.#taps.clear();
    this.#channel.close();
  }

  async #answer(id: string, command: Command): Promise<void> {
    let message: Message;
    try {
      message = { type: "answer", id, value: await this.#do(command) };
    } catch (thrown) {
      message = { type: "failure", id, message: describeError(thrown) };
    }
    this.#tell(message);
  }

  #tell(message: Message): void {
    try {
      this.#channel.postMessage(message);
    } catch {
      // It was closed meanwhile: nobody listens any more.
    }
  }

  #do(command: Command): unknown {
    switch (command.type) {
      case "queues":
        return this.#queues();
      case "destinations":
        return this.#destinations();
      case "pause":
        return this.#withQueue(command.node, (queue) => queue.setPaused(command.paused));
      case "hurry":
        return this.#withQueue(command.node, (queue) => queue.hurry());
      case "errors":
        return this.#options.errors.list();
      case "refusals":
        return this.#options.refusals?.of(command.tenant) ?? [];
      case "unknown_refusals":
        return this.#options.refusals?.unknown() ?? [];
      case "tap":
        return this.#tap(command.tap, command.node, command.settings);
      case "untap":
        this.#taps.get(command.tap)?.end();
        return this.#taps.delete(command.tap);
      case "cpu":
        return profiler().then(({ cpuProfile }) => cpuProfile(command.durationMs));
      case "heap":
        return profiler().then(({ heapSnapshot }) => heapSnapshot(command.path));
    }
  }

  #queues(): readonly NodeQueue[] {
    return [...this.#options.instances()].flatMap(([name, { component }]) => {
      const node = exporterNodeOf(name);
      const queue = component?.lifecycle.queue;
      return node === undefined || queue === undefined ? [] : [{ node, queue: queue.snapshot() }];
    });
  }

  #destinations(): readonly NodeDestination[] {
    return [...this.#options.instances()].flatMap(([name, { component }]) => {
      const node = exporterNodeOf(name);
      const { destination, queue } = component?.lifecycle ?? {};
      if (node === undefined || destination === undefined) return [];
      return [{ node, destination: destination.snapshot(), queue: queue?.snapshot() }];
    });
  }

  #withQueue(node: string, act: (queue: NonNullable<ReturnType<ThreadAdmin["queueOf"]>>) => void): boolean {
    const queue = this.queueOf(node);
    if (queue !== undefined) act(queue);
    return queue !== undefined;
  }

  /** The sending queue of an exporter that runs here. */
  queueOf(node: string) {
    const [name = ""] = instanceNames(node);
    return this.#options.instances().get(name)?.component?.lifecycle.queue;
  }

  #tap(id: string, node: string, settings: TapSettings): boolean {
    const inlets = () => this.#inletsOf(node);
    if (inlets().length === 0) return false;
    const { thread, clock } = this.#options;
    const masked = new Set(settings.mask);
    const take = (payload: Payload) => {
      const { signal, itemCount, byteLength } = payload;
      const json = sampleOrNull(payload, settings.maxItems, masked);
      const about = { thread, at_ms: clock.nowMs(), signal, items: itemCount, bytes: byteLength };
      this.#tell({ type: "sample", tap: id, sample: { type: "sample", ...about, payload: json } });
    };
    this.#taps.set(id, new Tap(inlets, take, 1_000 / settings.perSecond, clock));
    return true;
  }

  #inletsOf(node: string): readonly Inlet[] {
    const instances = this.#options.instances();
    return instanceNames(node).flatMap((name) => {
      const consumer = instances.get(name)?.consumer;
      return consumer instanceof Inlet ? [consumer] : [];
    });
  }
}

/** A sample that cannot be made is no reason for the pipeline to fail. */
function sampleOrNull(payload: Payload, maxItems: number, masked: ReadonlySet<string>): unknown {
  try {
    return sampleOf(payload, maxItems, masked);
  } catch {
    return null;
  }
}

/** Looks at inlets until it ends; goes over to those that replace them. */
class Tap {
  readonly #inlets: () => readonly Inlet[];
  readonly #look: (payload: Payload) => void;
  readonly #watched = new Map<Inlet, () => void>();
  readonly #timer: ReturnType<typeof setInterval>;
  #nextMs = -Infinity;

  constructor(inlets: () => readonly Inlet[], take: (payload: Payload) => void, everyMs: number, clock: Clock) {
    this.#inlets = inlets;
    this.#look = (payload) => {
      const nowMs = clock.monotonicMs();
      if (nowMs < this.#nextMs) return;
      this.#nextMs = nowMs + everyMs;
      take(payload);
    };
    this.#attach();
    this.#timer = setInterval(() => this.#attach(), REATTACH_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    for (const leave of this.#watched.values()) leave();
    this.#watched.clear();
  }

  #attach(): void {
    const present = new Set(this.#inlets());
    for (const [inlet, leave] of this.#watched) {
      if (present.has(inlet)) continue;
      leave();
      this.#watched.delete(inlet);
    }
    for (const inlet of present) {
      if (!this.#watched.has(inlet)) this.#watched.set(inlet, inlet.watch(this.#look));
    }
  }
}
