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
import { KEPT, outcomeOf, QUEUED } from "../contract/consumer.ts";
import { MAX_TENANT_DEPTHS, type QueueControl, type QueueSnapshot } from "../contract/queue_control.ts";
import type { Clock } from "../core/clock.ts";
import { type GatewayError, toGatewayError } from "../core/errors.ts";
import type { MemoryBudget } from "../core/memory.ts";
import type { TenantTag } from "../core/tenant.ts";
import type { Payload } from "../otlp/payload.ts";
import { type Batch, Batcher, type BatchSettings, type Part, sizeOf, type Split } from "./batch.ts";
import { Deadlines } from "./deadlines.ts";
import { Flights } from "./flights.ts";
import type { Losses } from "./losses.ts";
import { heldTooLong, queueFull, senderLeft, shuttingDown, tooManyPartitions } from "./refusals.ts";
import { Request } from "./request.ts";
import { type Refusal, Room, type RoomDeps, type RoomSettings } from "./room.ts";
import type { Sender } from "./sender.ts";

export interface MemoryQueueSettings extends RoomSettings {
  /** Batches in flight at one time. */
  readonly maxInFlight: number;
  /** Whether a sender waits for the export; otherwise it has its answer when the data is queued. */
  readonly waitForResult: boolean;
  /** How long a sender waits, for room and for the export, before it is told to come back. */
  readonly holdMs: number;
  readonly batch: BatchSettings;
}

export interface MemoryQueueDeps extends RoomDeps {
  readonly clock: Clock;
  readonly memory: MemoryBudget;
  readonly losses: Losses;
  readonly split: Split;
  /** Told of each batch as it leaves. */
  readonly onBatch?: (batch: Batch<unknown>) => void;
}

export class MemoryQueue implements Consumer, Lifecycle, QueueControl {
  readonly #settings: MemoryQueueSettings;
  readonly #deps: MemoryQueueDeps;
  readonly #batcher: Batcher<Request>;
  readonly #held: Deadlines<Request>;
  readonly #room: Room;
  readonly #flights: Flights;
  #stopping = false;
  #isPaused = false;
  /** Takes what is left of data that was answered for. */
  #heir: Adopt | undefined;
  #onIdle = () => {};

  constructor(next: Sender, settings: MemoryQueueSettings, deps: MemoryQueueDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#room = new Room(settings, deps);
    this.#batcher = new Batcher(settings.batch, deps.clock, deps.split, () => this.#pump());
    this.#flights = new Flights({
      ...settings,
      next,
      losses: deps.losses,
      apart: (batch) => this.#batcher.apart(batch),
      onSettled: (parts, batch, result) => {
        for (const part of parts) this.#settlePart(part, batch, result);
      },
      onLanded: () => this.#onLanded(),
    });
    this.#held = new Deadlines(
      deps.clock,
      settings.holdMs,
      (request) => this.#leave(request, heldTooLong(settings.holdMs)),
    );
  }

  /**
   * @throws {UnavailableError} The queue is full or shuts down, the sender has waited long enough, or the export failed
   *   in a way that time can mend.
   * @throws {CancelledError} The sender left.
   * @throws {ThrottledError} There is room, but its tenant holds its share of the queue.
   * @throws {LimitExceededError} It is larger than the whole queue, or its tenant's share of it.
   */
  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const size = Math.max(1, sizeOf(payload, this.#settings.sizer));
    const refusal = this.#refusal(size, payload.origin.tenant, abort);
    if (refusal !== undefined) {
      this.#noteRefused(payload, refusal);
      return Promise.reject(refusal.error);
    }
    return new Promise((resolve, reject) => {
      const nowMs = this.#deps.clock.monotonicMs();
      const request = new Request(payload, size, nowMs, resolve, reject);
      const hasRoom = this.#room.hasRoom(size);
      if (!hasRoom || this.#settings.waitForResult) this.#holdSender(request, abort);
      if (hasRoom) this.#enqueue(request);
      else this.#room.wait(request);
    });
  }

  /** @throws {UnavailableError} It would be refused now. */
  admit(_bodyBytes: number): void {
    if (this.#stopping) throw shuttingDown();
    if (this.#room.fill >= 1 && !this.#settings.blockOnOverflow) throw queueFull(this.#deps.random);
  }

  /**
   * Takes what another queue has answered for, if there is room now. For a queue whose senders do not wait: in another
   * one data that nobody waits for would not be tried again.
   */
  adopt(payload: Payload): boolean {
    const size = Math.max(1, sizeOf(payload, this.#settings.sizer));
    if (this.#stopping || this.#settings.waitForResult || !this.#room.hasRoom(size)) return false;
    const request = new Request(payload, size, this.#deps.clock.monotonicMs(), ignore, ignore);
    const parts = this.#partsOf(request);
    if (parts instanceof Error) return false;
    this.#take(request, parts);
    return true;
  }

  /** Partitions that hold data now. */
  get partitions(): number {
    return this.#batcher.partitions;
  }

  get fill(): number {
    return this.#room.fill;
  }

  snapshot(): QueueSnapshot {
    const { sizer, capacity } = this.#settings;
    const entered = [this.#batcher.oldestMs, this.#room.oldestWaitingMs, ...this.#flights.oldestMs];
    const oldestMs = Math.min(...entered.filter((each) => each !== undefined));
    return {
      unit: sizer,
      depth: this.#room.used,
      capacity,
      inFlightRequests: this.#flights.size,
      waitingRequests: this.#room.waitingRequests,
      oldestAgeMs: oldestMs === Infinity ? undefined : Math.max(0, this.#deps.clock.monotonicMs() - oldestMs),
      isPaused: this.#isPaused,
      tenants: this.#room.tenants(MAX_TENANT_DEPTHS),
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
    for (let next = this.#room.nextWaiting(); next !== undefined; next = this.#room.nextWaiting()) {
      this.#refuse(next, shuttingDown());
    }
    this.#batcher.flush();
    this.#handOver();
    this.#pump();
    if (this.#room.used > 0 && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    this.#giveUp(shuttingDown());
    this.#held.stop();
  }

  #refusal(size: number, tenant: TenantTag | undefined, abort: AbortSignal): Refusal | undefined {
    if (this.#stopping) return { error: shuttingDown(), isTenants: false };
    if (abort.aborted) return { error: senderLeft(), isTenants: false };
    return tenant === undefined && this.#room.hasRoom(size) ? undefined : this.#room.refusal(size, tenant);
  }

  #holdSender(request: Request, abort: AbortSignal): void {
    request.listen(abort, this.#onLeave);
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
    this.#room.take(request);
    if (!this.#settings.waitForResult) {
      this.#deps.memory.hold(request.payload.byteLength);
      this.#endHold(request);
      request.resolve(QUEUED);
    }
    this.#pump();
  }

  #partsOf(request: Request): readonly Part<Request>[] | GatewayError {
    try {
      const { metadataKeys, maxPartitions } = this.#settings.batch;
      const parts = this.#batcher.add(request, request.payload, request.enteredMs);
      return parts ?? tooManyPartitions(metadataKeys, maxPartitions);
    } catch (thrown) {
      return toGatewayError(thrown);
    }
  }

  #admitWaiting(): void {
    for (let next = this.#room.nextWithRoom(); next !== undefined; next = this.#room.nextWithRoom()) {
      this.#enqueue(next);
    }
  }

  #pump(): void {
    if (this.#isPaused) return;
    while (this.#flights.size < this.#settings.maxInFlight) {
      const batch = this.#batcher.take();
      if (batch === undefined) return;
      this.#deps.onBatch?.(batch);
      void this.#flights.start(batch);
    }
  }

  #onLanded(): void {
    this.#admitWaiting();
    this.#pump();
    if (this.#room.used === 0) this.#onIdle();
  }

  #settlePart(part: Part<Request>, batch: Batch<Request>, result: Outcome | GatewayError): void {
    const request = part.owner;
    request.openParts--;
    if (!request.answered && result instanceof Error && result.retryable) this.#fail(request, result);
    else if (!request.answered && result !== KEPT) request.notePart(part, batch, result);
    if (request.openParts > 0) return;
    if (!request.answered) this.#conclude(request);
    this.#giveBack(request);
  }

  /** All parts are done and none failed in a way that time can mend. */
  #conclude(request: Request): void {
    this.#endHold(request);
    const { rejectedItems, message, isHeld, failure, payload } = request;
    if (failure !== undefined && rejectedItems >= payload.itemCount) request.reject(failure);
    else request.resolve(outcomeOf(rejectedItems, message, isHeld));
  }

  readonly #onLeave = (request: Request) => this.#leave(request, senderLeft());

  /** The sender left or has waited long enough. */
  #leave(request: Request, error: GatewayError): void {
    if (request.list === undefined) return this.#fail(request, error);
    this.#room.waitsNoLonger(request);
    this.#refuse(request, error);
    this.#admitWaiting();
  }

  /** Tells the sender to come back, and throws away what of its data is not on its way. */
  #fail(request: Request, error: GatewayError): void {
    this.#endHold(request);
    request.reject(error);
    this.#discardQueued(request, error);
    for (const flight of request.flights) if (this.#flights.has(flight)) flight.stopIfUnwanted(error);
    if (request.openParts > 0) return;
    this.#giveBack(request);
    this.#admitWaiting();
  }

  #discardQueued(request: Request, error: GatewayError): void {
    if (request.queuedParts === 0) return;
    const queued = request.parts.filter(({ list }) => list !== undefined);
    for (const part of queued) this.#batcher.remove(part);
    request.queuedParts -= queued.length;
    request.openParts -= queued.length;
    this.#deps.losses.dropped(queued, error, true);
  }

  #noteRefused(payload: Payload, { error, isTenants }: Refusal): void {
    const { losses } = this.#deps;
    if (error.code === "cancelled" && losses.abandoned !== undefined) losses.abandoned(payload);
    else losses.refused(payload, isTenants);
  }

  #refuse(request: Request, error: GatewayError): void {
    this.#noteRefused(request.payload, { error, isTenants: false });
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
    this.#room.giveBack(request);
    if (!this.#settings.waitForResult) this.#deps.memory.release(request.payload.byteLength);
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
      this.#deps.losses.dropped(batch.parts, error, this.#settings.waitForResult);
      for (const part of batch.parts) {
        part.owner.queuedParts--;
        this.#settlePart(part, batch, error);
      }
    }
    this.#flights.giveUp(error);
  }
}

function ignore(): void {}
