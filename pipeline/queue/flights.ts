/**
 * The batches of a queue that are on their way.
 *
 * A batch of several tenants that is refused for good may be so for the data of one of them: the data of each then goes
 * again by itself, one after the other in the same place in flight, so that nobody pays for another's.
 *
 * @module
 */

import type { Outcome } from "../contract/consumer.ts";
import { type GatewayError, toGatewayError } from "../core/errors.ts";
import type { Batch, Part } from "./batch.ts";
import type { Losses } from "./losses.ts";
import { senderLeft, shuttingDown } from "./refusals.ts";
import { Flight, type Request } from "./request.ts";
import type { Sender } from "./sender.ts";

export interface FlightsOptions {
  readonly next: Sender;
  readonly losses: Losses;
  /** Whether senders wait for the result. */
  readonly waitForResult: boolean;
  /** How long they are held, milliseconds. */
  readonly holdMs: number;
  /** The parts of each tenant as a batch of their own; none when all are one tenant's. */
  readonly apart: (batch: Batch<Request>) => readonly Batch<Request>[];
  /** What became of parts, once for each. */
  readonly onSettled: (parts: readonly Part<Request>[], batch: Batch<Request>, result: Outcome | GatewayError) => void;
  /** There is a place in flight again. */
  readonly onLanded: () => void;
}

export class Flights {
  readonly #options: FlightsOptions;
  readonly #flights = new Set<Flight>();

  constructor(options: FlightsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#flights.size;
  }

  has(flight: Flight): boolean {
    return this.#flights.has(flight);
  }

  /** When the oldest part of each came, on the monotonic clock, ms. */
  get oldestMs(): number[] {
    return Array.from(this.#flights, ({ batch }) => batch.oldestMs);
  }

  async start(batch: Batch<Request>): Promise<void> {
    const { apart, losses, waitForResult } = this.#options;
    const flight = new Flight(batch);
    this.#flights.add(flight);
    for (const { owner } of batch.parts) owner.boards(flight);
    const result = await this.#send(batch, flight);
    const batches = result instanceof Error && !result.retryable ? apart(batch) : [];
    const goesOn = batches.length > 0 && this.#flights.has(flight);
    losses.landed?.(goesOn ? [] : batch.parts, result, waitForResult);
    if (goesOn) await this.#sendApart(flight, batches);
    this.#land(flight, result);
  }

  /** What is left is over now, whatever its sends do; what they come to is still counted. */
  giveUp(error: GatewayError): void {
    for (const flight of this.#flights) {
      flight.stop(error);
      this.#land(flight, error);
    }
  }

  async #sendApart(flight: Flight, batches: readonly Batch<Request>[]): Promise<void> {
    const { losses, waitForResult, onSettled } = this.#options;
    for (const batch of batches) {
      const unwanted = this.#whyUnwanted(flight, batch);
      const result = unwanted ?? await this.#send(batch, flight);
      if (unwanted === undefined) losses.landed?.(batch.parts, result, waitForResult);
      else losses.dropped(batch.parts, unwanted, waitForResult);
      if (!this.#flights.has(flight)) continue;
      flight.parts = flight.parts.filter((part) => !batch.parts.includes(part));
      onSettled(batch.parts, batch, result);
    }
  }

  /** Data that its senders will send again, or that was given up, is not sent. */
  #whyUnwanted(flight: Flight, { parts }: Batch<Request>): GatewayError | undefined {
    if (!this.#flights.has(flight)) return shuttingDown();
    return this.#options.waitForResult && parts.every(({ owner }) => owner.answered) ? senderLeft() : undefined;
  }

  async #send(batch: Batch<Request>, flight: Flight): Promise<Outcome | GatewayError> {
    this.#options.losses.begun?.();
    try {
      return await this.#options.next.send(batch.payload, flight.abort, this.#giveUpAtMs(batch));
    } catch (thrown) {
      return toGatewayError(thrown);
    }
  }

  /** Nothing is retried for a sender that has been told to come back: the one that has waited longest counts. */
  #giveUpAtMs({ oldestMs }: Batch<Request>): number {
    return this.#options.waitForResult ? oldestMs + this.#options.holdMs : Infinity;
  }

  #land(flight: Flight, result: Outcome | GatewayError): void {
    if (!this.#flights.delete(flight)) return;
    if (flight.parts.length > 0) this.#options.onSettled(flight.parts, flight.batch, result);
    this.#options.onLanded();
  }
}
