/**
 * Makes batches of what waits in a queue: by concatenation of wire bytes, by metadata, within a least and a largest
 * size.
 *
 * Batches are made when a consumer is free, not when data arrives: what waits behind busy consumers grows the next
 * batch. A partition is ready when it holds `minSize` or its oldest data has waited `flushTimeoutMs`. A payload is cut
 * only when it is itself larger than `maxSize`; one that does not fit goes into the next batch, so a batch may stay
 * below `minSize` where the collector would cut a request to fill it: cutting costs more than it saves.
 *
 * Tenants take turns, in what goes into a batch of several and in whose partition is next. Where data is kept apart by
 * metadata, tenants are kept apart too: else one that sends many values would have as many turns.
 * Source: collector reference 3.6 (`sending_queue.batch`) and 6.1.
 *
 * @module
 */

import type { Clock } from "../core/clock.ts";
import { joinTraces } from "../core/telemetry/trace.ts";
import { mergePayloads, NO_ORIGIN, type Origin, type Payload } from "../otlp/payload.ts";
import { FairQueue, TURN_QUANTUM } from "./fair_queue.ts";
import { Part, Partition, partitionKey, partitionOrigin, type PartitionSettings } from "./partition.ts";
import type { Sizer } from "./settings.ts";

export type { Part } from "./partition.ts";

export interface BatchSettings extends PartitionSettings {
  /** The unit of batches. */
  readonly sizer: Sizer;
  readonly flushTimeoutMs: number;
  /** Lower-case names; data with different values of them never shares a batch, nor does then data of several tenants. */
  readonly metadataKeys: readonly string[];
  /** Whether data of several tenants never shares a batch. */
  readonly byTenant: boolean;
  /** Partitions of one tenant that hold data at one time. Default of the collector's batch processor: 1000. */
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
  turnSizer: "requests",
  metadataKeys: [],
  byTenant: false,
  maxPartitions: 1,
  keepOrigin: true,
};

/** Cuts a payload into parts of at most `maxSize` each. */
export type Split = (payload: Payload, maxSize: number) => readonly Payload[];

export type Trigger = "size" | "timeout";

export interface Batch<Owner> {
  readonly payload: Payload;
  /** Of each tenant in order of arrival. */
  readonly parts: readonly Part<Owner>[];
  /** When the part came that has waited longest, on the monotonic clock, ms. */
  readonly oldestMs: number;
  readonly trigger: Trigger;
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
  readonly #isKeyed: boolean;
  readonly #partitions = new Map<string, Partition<Owner>>();
  /** How many partitions each tenant has, by its slot; only where there are several. */
  readonly #partitionsOf = new Map<number | undefined, number>();
  readonly #ready: FairQueue<Partition<Owner>>;
  #flushing = false;

  /** @param onReady Called when a batch became ready by the passing of time. */
  constructor(settings: BatchSettings, clock: Clock, split: Split, onReady: () => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#split = split;
    this.#onReady = onReady;
    this.#isKeyed = settings.byTenant || settings.metadataKeys.length > 0;
    this.#ready = new FairQueue(TURN_QUANTUM[settings.sizer]);
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
    const { sizer, maxSize } = this.#settings;
    const isWhole = sizer === "requests" || sizeOf(payload, sizer) <= maxSize;
    const parts = isWhole
      ? [this.#addPart(partition, owner, payload, nowMs)]
      : this.#split(payload, maxSize).map((piece) => this.#addPart(partition, owner, piece, nowMs));
    this.#schedule(partition);
    return parts;
  }

  /** The next batch of the partition whose turn it is; undefined when none is ready. */
  take(): Batch<Owner> | undefined {
    const partition = this.#ready.peek();
    if (partition === undefined) return undefined;
    const trigger = partition.isFilled ? "size" : "timeout";
    const sizeBefore = partition.size;
    const parts = this.#takeParts(partition);
    this.#ready.charge(partition, partition.costOf(sizeBefore - partition.size));
    this.#afterBatch(partition);
    return { payload: this.#merge(parts, partition.origin), parts, oldestMs: oldestOf(parts), trigger };
  }

  /** The parts of each tenant in a batch, as batches of their own; none when all are one tenant's. */
  apart({ parts, trigger, payload }: Batch<Owner>): readonly Batch<Owner>[] {
    const groups = new Map<number | undefined, Part<Owner>[]>();
    for (const part of parts) {
      const group = groups.get(part.tenant?.slot);
      if (group === undefined) groups.set(part.tenant?.slot, [part]);
      else group.push(part);
    }
    if (groups.size < 2) return [];
    return [...groups.values()].map((own) => {
      return { payload: this.#merge(own, payload.origin), parts: own, oldestMs: oldestOf(own), trigger };
    });
  }

  /** Takes out one that still waits; another is left alone. */
  remove(part: Part<Owner>): void {
    const { partition } = part;
    if (partition === undefined) return;
    this.#takeOut(partition, part);
    if (partition.parts.isEmpty) this.#drop(partition);
  }

  /** Takes out what waits, the oldest of each tenant first, until `takes` refuses. */
  handOver(takes: (part: Part<Owner>) => boolean): void {
    for (const partition of this.#partitions.values()) {
      for (let part = partition.parts.peek(); part !== undefined; part = partition.parts.peek()) {
        if (!takes(part)) return;
        this.#takeOut(partition, part);
      }
      this.#drop(partition);
    }
  }

  /** When the data that has waited longest came, on the monotonic clock, ms; undefined when none waits. */
  get oldestMs(): number | undefined {
    let oldest: number | undefined;
    for (const { oldestMs } of this.#partitions.values()) {
      if (oldestMs !== undefined && oldestMs < (oldest ?? Infinity)) oldest = oldestMs;
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
    for (const partition of this.#partitions.values()) if (!partition.parts.isEmpty) this.#makeReady(partition);
  }

  #addPart(partition: Partition<Owner>, owner: Owner, piece: Payload, nowMs: number): Part<Owner> {
    const { sizer, turnSizer } = this.#settings;
    const size = sizeOf(piece, sizer);
    const isJoined = turnSizer === sizer;
    const cost = isJoined ? Math.max(1, size) : Math.max(TURN_QUANTUM[turnSizer], sizeOf(piece, turnSizer));
    const part = new Part(owner, piece, size, cost, nowMs);
    part.partition = partition;
    partition.parts.append(part);
    partition.size += size;
    return part;
  }

  #takeParts(partition: Partition<Owner>): Part<Owner>[] {
    const parts: Part<Owner>[] = [];
    const { maxSize } = this.#settings;
    let size = 0;
    for (let next = partition.parts.peek(); next !== undefined; next = partition.parts.peek()) {
      if (parts.length > 0 && size + next.size > maxSize) break;
      partition.parts.shift();
      next.partition = undefined;
      parts.push(next);
      size += next.size;
    }
    partition.size -= size;
    return parts;
  }

  #merge(parts: readonly Part<Owner>[], common: Origin): Payload {
    const payloads = parts.map(({ payload }) => payload);
    const trace = joinTraces(payloads);
    const origin = trace === undefined ? common : { ...common, trace };
    return this.#withOrigin(mergePayloads(payloads, origin), origin);
  }

  #takeOut(partition: Partition<Owner>, part: Part<Owner>): void {
    partition.parts.remove(part);
    partition.size -= part.size;
    part.partition = undefined;
  }

  #partitionFor(origin: Origin): Partition<Owner> | undefined {
    const { metadataKeys, maxPartitions } = this.#settings;
    const key = this.#isKeyed ? partitionKey(origin, metadataKeys) : "";
    const known = this.#partitions.get(key);
    if (known !== undefined) return known;
    if (!this.#isKeyed) return this.#addPartition(key, NO_ORIGIN);
    const slot = origin.tenant?.slot;
    const count = this.#partitionsOf.get(slot) ?? 0;
    if (count >= maxPartitions) return undefined;
    this.#partitionsOf.set(slot, count + 1);
    return this.#addPartition(key, partitionOrigin(origin, metadataKeys));
  }

  #addPartition(key: string, origin: Origin): Partition<Owner> {
    const partition = new Partition<Owner>(key, origin, this.#settings);
    this.#partitions.set(key, partition);
    return partition;
  }

  /** A partition that is still ready keeps its tenant's turn. */
  #afterBatch(partition: Partition<Owner>): void {
    if (!partition.parts.isEmpty && (this.#flushing || partition.isFilled)) return this.#ready.rotate(partition);
    this.#ready.remove(partition);
    this.#schedule(partition);
  }

  /** After parts came or went: makes the partition ready, sets its timer, or drops it. */
  #schedule(partition: Partition<Owner>): void {
    if (partition.parts.isEmpty) return this.#drop(partition);
    if (this.#flushing || partition.isFilled) return this.#makeReady(partition);
    if (partition.list !== undefined || partition.timer !== undefined) return;
    const dueInMs = (partition.oldestMs ?? 0) + this.#settings.flushTimeoutMs - this.#clock.monotonicMs();
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
    if (!this.#isKeyed || !this.#partitions.delete(partition.key)) return;
    const slot = partition.tenant?.slot;
    const left = (this.#partitionsOf.get(slot) ?? 1) - 1;
    if (left > 0) this.#partitionsOf.set(slot, left);
    else this.#partitionsOf.delete(slot);
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

function oldestOf(parts: readonly { readonly enteredMs: number }[]): number {
  let oldest = Infinity;
  for (const { enteredMs } of parts) oldest = Math.min(oldest, enteredMs);
  return oldest;
}
