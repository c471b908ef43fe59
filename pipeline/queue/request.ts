/**
 * What a queue holds: the request of one sender, and the batches on their way that its parts are in.
 *
 * @module
 */

import type { Outcome } from "../contract/consumer.ts";
import type { GatewayError } from "../core/errors.ts";
import type { TenantTag } from "../core/tenant.ts";
import type { Payload } from "../otlp/payload.ts";
import { SIGNALS } from "../otlp/signals.ts";
import type { Batch, Part } from "./batch.ts";
import type { Deadline } from "./deadlines.ts";
import { Waiting } from "./fair_queue.ts";

/** What a tenant has of one queue; there is one as long as it has anything. */
export interface Holding {
  /** As it was last seen. */
  tenant: TenantTag;
  /** What is queued and in flight, in the sizer's unit. */
  size: number;
  /** What waits for room. */
  waitingSize: number;
  waitingRequests: number;
}

/** One call of `consume`. It waits for room in its tenant's turns, and listens to its sender's signal by itself. */
export class Request extends Waiting<Request> {
  parts: readonly Part<Request>[] = [];
  /** Parts that are queued or in flight. */
  openParts = 0;
  /** Parts that are queued. */
  queuedParts = 0;
  /** The batches that hold its parts. */
  flights: Flight[] = NO_FLIGHTS;
  /** Its place among those that wait no longer than the queue holds a sender. */
  hold: Deadline<Request> | undefined;
  #sender: AbortSignal | undefined;
  #onLeave: ((request: Request) => void) | undefined;
  /** Whether its sender has an answer. */
  answered = false;
  rejectedItems = 0;
  message = "";
  /** Whether a queue behind this one has a part of it. */
  isHeld = false;
  /** Why a part of it was refused for good. */
  failure: GatewayError | undefined;
  /** What its tenant has of the queue; undefined when it is nobody's. */
  holding: Holding | undefined;

  constructor(
    readonly payload: Payload,
    /** What it takes of the capacity; 0 once it is given back. */
    public size: number,
    readonly enteredMs: number,
    readonly resolve: (outcome: Outcome) => void,
    readonly reject: (error: GatewayError) => void,
  ) {
    super();
  }

  get tenant(): TenantTag | undefined {
    return this.payload.origin.tenant;
  }

  get cost(): number {
    return this.size;
  }

  listen(sender: AbortSignal, onLeave: (request: Request) => void): void {
    this.#sender = sender;
    this.#onLeave = onLeave;
    sender.addEventListener("abort", this);
  }

  unlisten(): void {
    this.#sender?.removeEventListener("abort", this);
  }

  handleEvent(): void {
    this.#onLeave?.(this);
  }

  /** Nearly every request has one flight: an array of one, made as such, is a tenth of one that is pushed to. */
  boards(flight: Flight): void {
    this.queuedParts--;
    if (this.flights.length === 0) this.flights = [flight];
    else this.flights.push(flight);
  }

  /** What became of one part, for a sender that waits for it. */
  notePart(part: Part<Request>, batch: Batch<Request>, result: Outcome | GatewayError): void {
    if (result instanceof Error) {
      this.failure = result;
      this.#note(part.payload.itemCount, result.message);
    } else {
      const { rejectedItems, message } = shareOf(result, part, batch);
      if (result.isHeld === true) this.isHeld = true;
      this.#note(rejectedItems, message);
    }
  }

  /** The first message stands for all: there may be thousands of parts. */
  #note(rejectedItems: number, message: string): void {
    this.rejectedItems += rejectedItems;
    if (this.message === "") this.message = message;
  }
}

/** Of a request that has none yet; never changed. */
const NO_FLIGHTS: Flight[] = [];

/** A batch on its way. */
export class Flight {
  /** What has not landed. */
  parts: readonly Part<Request>[];
  readonly #controller = new AbortController();

  constructor(readonly batch: Batch<Request>) {
    this.parts = batch.parts;
  }

  get abort(): AbortSignal {
    return this.#controller.signal;
  }

  stop(error: GatewayError): void {
    this.#controller.abort(error);
  }

  /** Stops it if none of its senders waits any more. */
  stopIfUnwanted(error: GatewayError): void {
    if (this.parts.every(({ owner }) => owner.answered)) this.stop(error);
  }
}

/**
 * What one part of a batch is told of rejects in it. The destination counts but does not name them, so in a batch of
 * many, unless all are rejected, nobody is told that its own items are: each gets a warning with the numbers, and the
 * ledger of the exporter has the count. Of several tenants each is told the same, which names none of them.
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
