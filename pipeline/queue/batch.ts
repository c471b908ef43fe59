/**
 * Makes batches of what waits in a queue: by concatenation of wire bytes, by metadata, within a least and a largest
 * size.
 *
 * Batches are made when a consumer is free, not when data arrives: what waits behind busy consumers grows the next
 * batch. A partition is ready when it holds `minSize` or its oldest data has waited `flushTimeoutMs`. A payload is cut
 * only when it is itself larger than `maxSize`; one that does not fit goes into the next batch, so a batch may stay
 * below `minSize` where the collector would cut a request to fill it: cutting costs more than it saves.
 * Source: collector reference 3.6 (`sending_queue.batch`) and 6.1.
 *
 * @module
 */

import type { Clock, Timer } from "../core/clock.ts";
import { joinTraces } from "../core/trace.ts";
import { mergePayloads, NO_ORIGIN, type Origin, type Payload } from "../otlp/payload.ts";
import { LinkedList, ListNode } from "./linked_list.ts";
import type { Sizer } from "./settings.ts";

export interface BatchSettings {
  readonly sizer: Sizer;
  /** In the sizer's unit; 0 sends as soon as a consumer is free. */
  readonly minSize: number;
  /** In the sizer's unit; Infinity for no bound. A single item may be larger than a bound in bytes. */
  readonly maxSize: number;
  readonly flushTimeoutMs: number;
  /** Lower-case names; data with different values of them never shares a batch. */
  readonly metadataKeys: readonly string[];
  /** Partitions that hold data at one time. Default of the collector's batch processor: 1000. */
  readonly maxPartitions: number;
  /** Whether a payload keeps all of its origin, which only batches of one request may. */
  readonly keepOrigin: boolean;
}

/** Each request by itself, at once, uncut. */
export const NO_BATCHING: BatchSettings = {
  sizer: "requests",
  minSize: 0,
  maxSize: 1,
  flushTimeoutMs: 0,
  metadataKeys: [],
  maxPartitions: 1,
  keepOrigin: true,
};

/** Cuts a payload into parts of at most `maxSize` each. */
export type Split = (payload: Payload, maxSize: number) => readonly Payload[];

/** Data that goes into one batch whole. */
export class Part<Owner> extends ListNode<Part<Owner>> {
  partition: Partition<Owner> | undefined;

  constructor(readonly owner: Owner, readonly payload: Payload, readonly size: number, readonly enteredMs: number) {
    super();
  }
}

export type Trigger = "size" | "timeout";

export interface Batch<Owner> {
  readonly payload: Payload;
  /** In order of arrival. */
  readonly parts: readonly Part<Owner>[];
  readonly trigger: Trigger;
}

/** What waits for batches of its own. It is in the list of those that are ready, or it has a timer. */
class Partition<Owner> extends ListNode<Partition<Owner>> {
  readonly parts = new LinkedList<Part<Owner>>();
  size = 0;
  timer: Timer | undefined;

  constructor(readonly key: string, readonly origin: Origin) {
    super();
  }
}

export function sizeOf(payload: Payload, sizer: Sizer): number {
  if (sizer === "requests") return 1;
  return sizer === "items" ? payload.itemCount : payload.byteLength;
}

export class Batcher<Owner> {
  readonly #settings: BatchSettings;
  readonly #clock: Clock;
  readonly #split: Split;
  readonly #onReady: () => void;
  readonly #partitions = new Map<string, Partition<Owner>>();
  readonly #ready = new LinkedList<Partition<Owner>>();
  #flushing = false;

  /** @param onReady Called when a batch became ready by the passing of time. */
  constructor(settings: BatchSettings, clock: Clock, split: Split, onReady: () => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#split = split;
    this.#onReady = onReady;
  }

  /** Partitions that hold data now. */
  get partitions(): number {
    return this.#partitions.size;
  }

  /**
   * Puts data at the end of its partition.
   *
   * @returns Its parts, more than one when it is larger than a batch; undefined when there are too many partitions.
   */
  add(owner: Owner, payload: Payload, nowMs: number): readonly Part<Owner>[] | undefined {
    const partition = this.#partitionFor(payload.origin);
    if (partition === undefined) return undefined;
    const parts = this.#cut(payload).map((piece) => new Part(owner, piece, sizeOf(piece, this.#settings.sizer), nowMs));
    for (const part of parts) {
      part.partition = partition;
      partition.parts.append(part);
      partition.size += part.size;
    }
    this.#schedule(partition);
    return parts;
  }

  /** The next batch of the partition that has been ready longest; undefined when none is. */
  take(): Batch<Owner> | undefined {
    const partition = this.#ready.shift();
    if (partition === undefined) return undefined;
    const trigger = partition.size >= this.#settings.minSize ? "size" : "timeout";
    const parts = this.#takeParts(partition);
    this.#schedule(partition);
    const payloads = parts.map(({ payload }) => payload);
    const trace = joinTraces(payloads);
    const origin = trace === undefined ? partition.origin : { ...partition.origin, trace };
    return { payload: this.#withOrigin(mergePayloads(payloads, origin), origin), parts, trigger };
  }

  /** Takes out one that still waits; another is left alone. */
  remove(part: Part<Owner>): void {
    const { partition } = part;
    if (partition === undefined) return;
    this.#takeOut(partition, part);
    if (partition.parts.length === 0) this.#drop(partition);
  }

  /** Takes out what waits, the oldest of each partition first, until `takes` refuses. */
  handOver(takes: (part: Part<Owner>) => boolean): void {
    for (const partition of this.#partitions.values()) {
      for (let part = partition.parts.first; part !== undefined; part = partition.parts.first) {
        if (!takes(part)) return;
        this.#takeOut(partition, part);
      }
      this.#drop(partition);
    }
  }

  /** When the data that has waited longest came, on the monotonic clock, ms; undefined when none waits. */
  get oldestMs(): number | undefined {
    let oldest: number | undefined;
    for (const { parts: { first } } of this.#partitions.values()) {
      if (first !== undefined && first.enteredMs < (oldest ?? Infinity)) oldest = first.enteredMs;
    }
    return oldest;
  }

  /** From now on everything is ready at once. */
  flush(): void {
    this.#flushing = true;
    this.hurry();
  }

  /** What waits now is ready at once. */
  hurry(): void {
    for (const partition of this.#partitions.values()) if (partition.parts.length > 0) this.#makeReady(partition);
  }

  #cut(payload: Payload): readonly Payload[] {
    const { sizer, maxSize } = this.#settings;
    return sizer === "requests" || sizeOf(payload, sizer) <= maxSize ? [payload] : this.#split(payload, maxSize);
  }

  #takeParts(partition: Partition<Owner>): Part<Owner>[] {
    const parts: Part<Owner>[] = [];
    let size = 0;
    for (let part = partition.parts.first; part !== undefined; part = partition.parts.first) {
      if (parts.length > 0 && size + part.size > this.#settings.maxSize) break;
      this.#takeOut(partition, part);
      parts.push(part);
      size += part.size;
    }
    return parts;
  }

  #takeOut(partition: Partition<Owner>, part: Part<Owner>): void {
    partition.parts.remove(part);
    partition.size -= part.size;
    part.partition = undefined;
  }

  #partitionFor(origin: Origin): Partition<Owner> | undefined {
    const { metadataKeys, maxPartitions } = this.#settings;
    const key = metadataKeys.length === 0 ? "" : partitionKey(origin, metadataKeys);
    const known = this.#partitions.get(key);
    if (known !== undefined) return known;
    if (this.#partitions.size >= maxPartitions) return undefined;
    const partition = new Partition<Owner>(key, partitionOrigin(origin, metadataKeys));
    this.#partitions.set(key, partition);
    return partition;
  }

  /** After parts came or went: makes the partition ready, sets its timer, or drops it. */
  #schedule(partition: Partition<Owner>): void {
    const oldest = partition.parts.first;
    if (oldest === undefined) return this.#drop(partition);
    if (this.#flushing || partition.size >= this.#settings.minSize) return this.#makeReady(partition);
    if (partition.list !== undefined || partition.timer !== undefined) return;
    const dueInMs = oldest.enteredMs + this.#settings.flushTimeoutMs - this.#clock.monotonicMs();
    if (dueInMs <= 0) this.#makeReady(partition);
    else partition.timer = this.#clock.setTimer(() => this.#onTimer(partition), dueInMs);
  }

  #onTimer(partition: Partition<Owner>): void {
    partition.timer = undefined;
    this.#makeReady(partition);
    this.#onReady();
  }

  #makeReady(partition: Partition<Owner>): void {
    this.#stopTimer(partition);
    if (partition.list === undefined) this.#ready.append(partition);
  }

  /** The only partition of an unkeyed batcher stays: it would be made anew for the next request. */
  #drop(partition: Partition<Owner>): void {
    this.#stopTimer(partition);
    this.#ready.remove(partition);
    if (this.#settings.metadataKeys.length > 0) this.#partitions.delete(partition.key);
  }

  #stopTimer(partition: Partition<Owner>): void {
    if (partition.timer !== undefined) this.#clock.clearTimer(partition.timer);
    partition.timer = undefined;
  }

  /** A batch says the same of itself whether it was made of one request or of many. */
  #withOrigin(payload: Payload, origin: Origin): Payload {
    if (this.#settings.keepOrigin || payload.origin === origin) return payload;
    return { ...payload, origin };
  }
}

/** Lengths keep values apart whatever is in them; absent is not empty. */
function partitionKey({ metadata }: Origin, keys: readonly string[]): string {
  let key = "";
  for (const name of keys) {
    const values = metadata.get(name);
    key += values === undefined ? "-" : `${values.length};`;
    for (const value of values ?? []) key += `${value.length}:${value}`;
  }
  return key;
}

/** Of all that was known of the senders only what they have in common is kept. */
function partitionOrigin({ metadata }: Origin, keys: readonly string[]): Origin {
  if (keys.length === 0) return NO_ORIGIN;
  const common = new Map<string, readonly string[]>();
  for (const name of keys) {
    const values = metadata.get(name);
    if (values !== undefined) common.set(name, values);
  }
  return { metadata: common };
}
