/**
 * The queue in memory: bounded, with so many sends at a time, and by default an answer only when the data is kept.
 *
 * What a request holds of the queue it holds until its last part is kept or given up, in flight or not, so `capacity`
 * bounds all the data of an exporter. A sender that waits is told as soon as it is known that its data is not kept, and
 * after `holdMs` in any case; its data that is not on its way yet is then thrown away, for it will come again, and a
 * batch on its way is cut when none of its senders waits any more.
 * Source: collector reference 3.6 (`sending_queue`).
 *
 * @module
 */

import type { Adopt, Consumer, Lifecycle, Outcome } from "../contract/consumer.ts";
import { KEPT } from "../contract/consumer.ts";
import type { Clock, Random } from "../core/clock.ts";
import type { QueueControl, QueueSnapshot } from "../contract/queue_control.ts";
import { type GatewayError, LimitExceededError, toGatewayError, UnavailableError } from "../core/errors.ts";
import type { MemoryBudget } from "../core/memory.ts";
import type { Gauge } from "../core/telemetry.ts";
import { counted } from "../core/text.ts";
import type { Payload } from "../otlp/payload.ts";
import { SIGNALS } from "../otlp/signals.ts";
import { type Batch, Batcher, type BatchSettings, type Part, sizeOf, type Split } from "./batch.ts";
import { type Deadline, Deadlines } from "./deadlines.ts";
import { LinkedList, ListNode } from "./linked_list.ts";
import type { Sender } from "./sender.ts";
import type { Sizer } from "./settings.ts";

/** A refused sender is asked to come back after 1 to 3 s, spread so that all do not come at once. */
const REFUSED_RETRY_AFTER_MS = 1_000;
const REFUSED_RETRY_SPREAD_MS = 2_000;

export interface MemoryQueueSettings {
  /** Of `capacity`. */
  readonly sizer: Sizer;
  /** Largest sum of the sizes of what is queued and in flight. */
  readonly capacity: number;
  /** Batches in flight at one time. */
  readonly maxInFlight: number;
  /** Whether a sender waits for room; otherwise it is refused. */
  readonly blockOnOverflow: boolean;
  /** Whether a sender waits for the export; otherwise it has its answer when the data is queued. */
  readonly waitForResult: boolean;
  /** How long a sender waits, for room and for the export, before it is told to come back. */
  readonly holdMs: number;
  readonly batch: BatchSettings;
}

/** Where what a queue does not deliver is counted. */
export interface Losses {
  /** Items that there was no room for. */
  refused(items: number): void;
  /** Items that leave the queue without an attempt. @param told Whether their sender knows; if not they are lost. */
  dropped(items: number, error: unknown, told: boolean): void;
}

export interface MemoryQueueDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: MemoryBudget;
  readonly losses: Losses;
  readonly split: Split;
  /** What is queued and in flight, in the sizer's unit. */
  readonly size: Gauge;
  /** Told of each batch as it leaves. */
  readonly onBatch?: (batch: Batch<unknown>) => void;
}

/** One call of `consume`. It is in a list while it waits for room, and listens to its sender's signal by itself. */
class Request extends ListNode<Request> {
  parts: readonly Part<Request>[] = [];
  /** Parts that are queued or in flight. */
  openParts = 0;
  /** Parts that are queued. */
  queuedParts = 0;
  /** The batches that hold its parts. */
  flights: Flight[] = NO_FLIGHTS;
  /** Its place among those that wait no longer than `holdMs`. */
  hold: Deadline<Request> | undefined;
  #sender: AbortSignal | undefined;
  /** Whether its sender has an answer. */
  answered = false;
  rejectedItems = 0;
  message = "";
  /** Why a part of it was refused for good. */
  failure: GatewayError | undefined;

  constructor(
    readonly payload: Payload,
    /** What it takes of the capacity; 0 once it is given back. */
    public size: number,
    readonly enteredMs: number,
    readonly resolve: (outcome: Outcome) => void,
    readonly reject: (error: GatewayError) => void,
    readonly onLeave: (request: Request) => void,
  ) {
    super();
  }

  listen(sender: AbortSignal): void {
    this.#sender = sender;
    sender.addEventListener("abort", this);
  }

  unlisten(): void {
    this.#sender?.removeEventListener("abort", this);
  }

  handleEvent(): void {
    this.onLeave(this);
  }

  /** Nearly every request has one flight: an array of one, made as such, is a tenth of one that is pushed to. */
  boards(flight: Flight): void {
    this.queuedParts--;
    if (this.flights.length === 0) this.flights = [flight];
    else this.flights.push(flight);
  }

  /** Adds what became of one part. The first message stands for all: there may be thousands of parts. */
  note(rejectedItems: number, message: string): void {
    this.rejectedItems += rejectedItems;
    if (this.message === "") this.message = message;
  }
}

/** Of a request that has none yet; never changed. */
const NO_FLIGHTS: Flight[] = [];

/** A batch on its way. */
class Flight {
  readonly #controller = new AbortController();

  constructor(readonly batch: Batch<Request>) {}

  get abort(): AbortSignal {
    return this.#controller.signal;
  }

  stop(error: GatewayError): void {
    this.#controller.abort(error);
  }

  /** Stops it if none of its senders waits any more. */
  stopIfUnwanted(error: GatewayError): void {
    if (this.batch.parts.every(({ owner }) => owner.answered)) this.stop(error);
  }
}

export class MemoryQueue implements Consumer, Lifecycle, QueueControl {
  readonly #next: Sender;
  readonly #settings: MemoryQueueSettings;
  readonly #deps: MemoryQueueDeps;
  readonly #batcher: Batcher<Request>;
  readonly #held: Deadlines<Request>;
  readonly #blocked = new LinkedList<Request>();
  readonly #flights = new Set<Flight>();
  #used = 0;
  #stopping = false;
  #isPaused = false;
  /** Takes what is left of data that was answered for. */
  #heir: Adopt | undefined;
  #onIdle = () => {};

  constructor(next: Sender, settings: MemoryQueueSettings, deps: MemoryQueueDeps) {
    this.#next = next;
    this.#settings = settings;
    this.#deps = deps;
    this.#batcher = new Batcher(settings.batch, deps.clock, deps.split, () => this.#pump());
    this.#held = new Deadlines(
      deps.clock,
      settings.holdMs,
      (request) => this.#leave(request, heldTooLong(settings.holdMs, deps.random)),
    );
  }

  /**
   * @throws {UnavailableError} The queue is full or shuts down, the sender left or has waited long enough, or the
   *   export failed in a way that time can mend.
   * @throws {LimitExceededError} It is larger than the whole queue.
   */
  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const size = Math.max(1, sizeOf(payload, this.#settings.sizer));
    const refusal = this.#refusal(size, abort);
    if (refusal !== undefined) {
      this.#deps.losses.refused(payload.itemCount);
      return Promise.reject(refusal);
    }
    return new Promise((resolve, reject) => {
      const nowMs = this.#deps.clock.monotonicMs();
      const request = new Request(payload, size, nowMs, resolve, reject, this.#onLeave);
      const hasRoom = this.#hasRoom(size);
      if (!hasRoom || this.#settings.waitForResult) this.#holdSender(request, abort);
      if (hasRoom) this.#enqueue(request);
      else this.#blocked.append(request);
    });
  }

  /** @throws {UnavailableError} It would be refused now. */
  admit(_bodyBytes: number): void {
    const full = !this.#settings.blockOnOverflow && this.#used >= this.#settings.capacity;
    if (this.#stopping || full) throw this.#stopping ? shuttingDown() : this.#queueFull();
  }

  /**
   * Takes what another queue has answered for, if there is room now. For a queue whose senders do not wait: in another
   * one data that nobody waits for would not be tried again.
   */
  adopt(payload: Payload): boolean {
    const size = Math.max(1, sizeOf(payload, this.#settings.sizer));
    if (this.#stopping || this.#settings.waitForResult || !this.#hasRoom(size)) return false;
    const request = new Request(payload, size, this.#deps.clock.monotonicMs(), ignore, ignore, this.#onLeave);
    const parts = this.#partsOf(request);
    if (parts instanceof Error) return false;
    this.#take(request, parts);
    return true;
  }

  /** Partitions that hold data now. */
  get partitions(): number {
    return this.#batcher.partitions;
  }

  snapshot(): QueueSnapshot {
    const { sizer, capacity } = this.#settings;
    const entered = [this.#batcher.oldestMs, this.#blocked.first?.enteredMs];
    for (const { batch: { parts } } of this.#flights) entered.push(parts[0]?.enteredMs);
    const oldestMs = Math.min(...entered.filter((each) => each !== undefined));
    return {
      unit: sizer,
      depth: this.#used,
      capacity,
      inFlightRequests: this.#flights.size,
      waitingRequests: this.#blocked.length,
      oldestAgeMs: oldestMs === Infinity ? undefined : Math.max(0, this.#deps.clock.monotonicMs() - oldestMs),
      isPaused: this.#isPaused,
    };
  }

  setPaused(paused: boolean): void {
    this.#isPaused = paused && !this.#stopping;
    this.#pump();
  }

  hurry(): void {
    this.#batcher.hurry();
    this.#pump();
  }

  async shutdown(deadline: AbortSignal, heir?: Adopt): Promise<void> {
    this.#stopping = true;
    this.#isPaused = false;
    if (!this.#settings.waitForResult) this.#heir = heir;
    for (let request = this.#blocked.shift(); request !== undefined; request = this.#blocked.shift()) {
      this.#refuse(request, shuttingDown());
    }
    this.#batcher.flush();
    this.#handOver();
    this.#pump();
    if (this.#used > 0 && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    this.#giveUp(shuttingDown());
    this.#held.stop();
  }

  #refusal(size: number, abort: AbortSignal): GatewayError | undefined {
    if (this.#stopping) return shuttingDown();
    if (abort.aborted) return senderLeft();
    if (size > this.#settings.capacity) return this.#tooLarge(size);
    return this.#settings.blockOnOverflow || this.#hasRoom(size) ? undefined : this.#queueFull();
  }

  /** Who waits for room already comes first. */
  #hasRoom(size: number): boolean {
    return this.#blocked.length === 0 && this.#used + size <= this.#settings.capacity;
  }

  #holdSender(request: Request, abort: AbortSignal): void {
    request.listen(abort);
    request.hold = this.#held.add(request, request.enteredMs);
  }

  #enqueue(request: Request): void {
    const parts = this.#partsOf(request);
    if (parts instanceof Error) this.#refuse(request, parts);
    else this.#take(request, parts);
  }

  #take(request: Request, parts: readonly Part<Request>[]): void {
    request.parts = parts;
    request.openParts = request.queuedParts = parts.length;
    this.#used += request.size;
    this.#deps.size.add(request.size);
    if (!this.#settings.waitForResult) {
      this.#deps.memory.hold(request.payload.byteLength);
      this.#endHold(request);
      request.resolve(KEPT);
    }
    this.#pump();
  }

  #partsOf(request: Request): readonly Part<Request>[] | GatewayError {
    try {
      return this.#batcher.add(request, request.payload, request.enteredMs) ?? this.#tooManyPartitions();
    } catch (thrown) {
      return toGatewayError(thrown);
    }
  }

  #admitBlocked(): void {
    for (let first = this.#blocked.first; first !== undefined; first = this.#blocked.first) {
      if (this.#used + first.size > this.#settings.capacity) return;
      this.#blocked.remove(first);
      this.#enqueue(first);
    }
  }

  #pump(): void {
    if (this.#isPaused) return;
    while (this.#flights.size < this.#settings.maxInFlight) {
      const batch = this.#batcher.take();
      if (batch === undefined) return;
      this.#fly(batch);
    }
  }

  async #fly(batch: Batch<Request>): Promise<void> {
    const flight = new Flight(batch);
    this.#flights.add(flight);
    for (const { owner } of batch.parts) owner.boards(flight);
    this.#deps.onBatch?.(batch);
    try {
      this.#land(flight, await this.#next.send(batch.payload, flight.abort, this.#giveUpAtMs(batch)));
    } catch (thrown) {
      this.#land(flight, toGatewayError(thrown));
    }
  }

  /** Nothing is retried for a sender that has been told to come back: the one that has waited longest counts. */
  #giveUpAtMs({ parts: [oldest] }: Batch<Request>): number {
    if (!this.#settings.waitForResult || oldest === undefined) return Infinity;
    return oldest.enteredMs + this.#settings.holdMs;
  }

  #land(flight: Flight, result: Outcome | GatewayError): void {
    if (!this.#flights.delete(flight)) return;
    for (const part of flight.batch.parts) this.#settlePart(part, flight.batch, result);
    this.#admitBlocked();
    this.#pump();
    if (this.#used === 0) this.#onIdle();
  }

  #settlePart(part: Part<Request>, batch: Batch<Request>, result: Outcome | GatewayError): void {
    const request = part.owner;
    request.openParts--;
    if (!request.answered) this.#notePart(request, part, batch, result);
    if (request.openParts > 0) return;
    if (!request.answered) this.#conclude(request);
    this.#giveBack(request);
  }

  #notePart(request: Request, part: Part<Request>, batch: Batch<Request>, result: Outcome | GatewayError): void {
    if (result instanceof Error) {
      if (result.retryable) return this.#fail(request, result);
      request.failure = result;
      request.note(part.payload.itemCount, result.message);
    } else if (result !== KEPT) {
      const own = shareOf(result, part, batch);
      request.note(own.rejectedItems, own.message);
    }
  }

  /** All parts are done and none failed in a way that time can mend. */
  #conclude(request: Request): void {
    this.#endHold(request);
    const { rejectedItems, message, failure, payload } = request;
    if (failure !== undefined && rejectedItems >= payload.itemCount) request.reject(failure);
    else request.resolve(rejectedItems === 0 && message === "" ? KEPT : { rejectedItems, message });
  }

  readonly #onLeave = (request: Request) => this.#leave(request, senderLeft());

  /** The sender left or has waited long enough. */
  #leave(request: Request, error: GatewayError): void {
    if (request.list === undefined) return this.#fail(request, error);
    this.#blocked.remove(request);
    this.#refuse(request, error);
    this.#admitBlocked();
  }

  /** Tells the sender to come back, and throws away what of its data is not on its way. */
  #fail(request: Request, error: GatewayError): void {
    this.#endHold(request);
    request.reject(error);
    this.#discardQueued(request, error);
    for (const flight of request.flights) if (this.#flights.has(flight)) flight.stopIfUnwanted(error);
    if (request.openParts > 0) return;
    this.#giveBack(request);
    this.#admitBlocked();
  }

  #discardQueued(request: Request, error: GatewayError): void {
    if (request.queuedParts === 0) return;
    let items = 0;
    for (const part of request.parts) {
      if (part.list === undefined) continue;
      this.#batcher.remove(part);
      request.queuedParts--;
      request.openParts--;
      items += part.payload.itemCount;
    }
    this.#deps.losses.dropped(items, error, true);
  }

  #refuse(request: Request, error: GatewayError): void {
    this.#deps.losses.refused(request.payload.itemCount);
    this.#endHold(request);
    request.reject(error);
  }

  #endHold(request: Request): void {
    request.answered = true;
    request.unlisten();
    if (request.hold !== undefined) this.#held.remove(request.hold);
  }

  #giveBack(request: Request): void {
    if (request.size === 0) return;
    this.#used -= request.size;
    this.#deps.size.add(-request.size);
    if (!this.#settings.waitForResult) this.#deps.memory.release(request.payload.byteLength);
    request.size = 0;
  }

  /** What is queued, until the heir has no more room: the rest is still sent from here. */
  #handOver(): void {
    const heir = this.#heir;
    if (heir === undefined) return;
    this.#batcher.handOver(({ owner, payload }) => {
      if (!heir(payload)) return false;
      owner.queuedParts--;
      owner.openParts--;
      if (owner.openParts === 0) this.#giveBack(owner);
      return true;
    });
  }

  /** At shutdown's deadline: everything that is left is counted and told. */
  #giveUp(error: GatewayError): void {
    this.#handOver();
    for (let batch = this.#batcher.take(); batch !== undefined; batch = this.#batcher.take()) {
      this.#deps.losses.dropped(batch.payload.itemCount, error, this.#settings.waitForResult);
      for (const part of batch.parts) {
        part.owner.queuedParts--;
        this.#settlePart(part, batch, error);
      }
    }
    for (const flight of this.#flights) {
      flight.stop(error);
      this.#land(flight, error);
    }
  }

  #queueFull(): UnavailableError {
    return new UnavailableError("Cannot queue: the sending queue is full, wanted room", {
      retryAfterMs: REFUSED_RETRY_AFTER_MS + REFUSED_RETRY_SPREAD_MS * this.#deps.random(),
    });
  }

  #tooLarge(size: number): LimitExceededError {
    const { sizer, capacity } = this.#settings;
    return new LimitExceededError(
      `Cannot queue: it has ${counted(size, sizer)}, wanted at most the whole queue of ${capacity}`,
    );
  }

  #tooManyPartitions(): UnavailableError {
    const { metadataKeys, maxPartitions } = this.#settings.batch;
    return new UnavailableError(
      `Cannot batch by ${metadataKeys.join(", ")}: ${maxPartitions} combinations of values hold data, wanted no more`,
      { retryAfterMs: REFUSED_RETRY_AFTER_MS },
    );
  }
}

/** What a sender is told that waits no longer: an attempt may be under way, so the data may have arrived. */
export function heldTooLong(holdMs: number, random: Random): UnavailableError {
  return new UnavailableError(`Cannot export: not delivered after ${holdMs} ms, wanted it to be by then`, {
    retryAfterMs: REFUSED_RETRY_AFTER_MS + REFUSED_RETRY_SPREAD_MS * random(),
  });
}

/**
 * What one part of a batch is told of rejects in it. The destination counts but does not name them, so in a batch of
 * many, unless all are rejected, nobody is told that its own items are: each gets a warning with the numbers, and the
 * ledger of the exporter has the count.
 */
function shareOf(outcome: Outcome, part: Part<Request>, { payload, parts }: Batch<Request>): Outcome {
  const { rejectedItems, message } = outcome;
  if (parts.length === 1 || rejectedItems === 0) return outcome;
  if (rejectedItems >= payload.itemCount) return { rejectedItems: part.payload.itemCount, message };
  const items = SIGNALS[payload.signal].itemName;
  const were = rejectedItems === 1 ? "was" : "were";
  const numbers = `${rejectedItems} of the ${payload.itemCount} ${items} of a batch that held these ${were} rejected`;
  return { rejectedItems: 0, message: message === "" ? numbers : `${numbers}: ${message}` };
}

function ignore(): void {}

function shuttingDown(): UnavailableError {
  return new UnavailableError("Cannot export: the exporter shuts down", { retryAfterMs: REFUSED_RETRY_AFTER_MS });
}

function senderLeft(): UnavailableError {
  return new UnavailableError("Cannot export: the sender no longer waits for the result");
}
