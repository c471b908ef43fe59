/**
 * Takes what a server offers under a hash: once for each hash, one at a time, the newest alone.
 *
 * The hash that was received last is the one that is reported, from APPLYING to APPLIED or FAILED; one that a newer offer
 * overtook is never reported again. The same hash again is no work, only the status once more.
 * Source: opamp-spec "Configuration", "Connection Settings Management", "Packages".
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";
import { describeError, type Logger } from "../../../pipeline/core/log/logger.ts";
import { bytesToHex, sameBytes } from "../../protocol/hashes.ts";

export type OfferState = "APPLYING" | "APPLIED" | "FAILED";

/** What became of the offer that was received last. */
export interface OfferStatus {
  readonly hash: Uint8Array;
  readonly state: OfferState;
  /** Why it FAILED, else "". */
  readonly errorMessage: string;
}

/** Why an offer was not taken; undefined when it was. */
export type Problem = string | undefined;

export interface OfferFollowerOptions<Offer> {
  /** For logs: "remote config". */
  readonly what: string;
  /** Takes the offer. `abort` fires when a newer one came, whose turn is after this one has settled. */
  readonly apply: (offer: Offer, abort: AbortSignal) => Promise<Problem>;
  /** The status changed, or the server has to be told of it again. */
  readonly onStatus: (status: OfferStatus, isRepeated: boolean) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A server that offers what it has been told of already is told again, but not more often. Milliseconds. */
const REPEAT_MS = 1_000;

export class OfferFollower<Offer> {
  readonly #options: OfferFollowerOptions<Offer>;
  #status: OfferStatus | undefined;
  #next: Offer | undefined;
  #running: Promise<void> | undefined;
  #abort: AbortController | undefined;
  #repeatedAtMs = -Infinity;

  /** @param last What is known from before. */
  constructor(options: OfferFollowerOptions<Offer>, last: OfferStatus | undefined) {
    this.#options = options;
    this.#status = last;
  }

  get status(): OfferStatus | undefined {
    return this.#status;
  }

  /** Settles when nothing is being applied. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** @param hash The offer's; without one it is ignored. */
  offer(hash: Uint8Array | undefined, offer: Offer): void {
    const { what, logger } = this.#options;
    if (hash === undefined || hash.length === 0) return logger.warn(`an offered ${what} has no hash and is ignored`);
    if (sameBytes(hash, this.#status?.hash)) return this.#repeat();
    this.#abort?.abort();
    this.#next = offer;
    this.#repeatedAtMs = -Infinity;
    this.#setStatus({ hash, state: "APPLYING", errorMessage: "" });
    this.#running ??= this.#run();
  }

  /** Goes on with the offer of `status`, which the last process did not finish. */
  resume(work: () => Promise<Problem>): void {
    const abort = new AbortController();
    this.#abort = abort;
    this.#running = (async () => {
      const problem = await this.#guarded(work);
      if (!abort.signal.aborted) this.#settle(problem);
      await this.#run(); // what was offered meanwhile
    })();
  }

  /** What became of the last offer after it had settled, such as a roll-back; not of one that was overtaken. */
  override(status: OfferStatus): void {
    if (this.#running === undefined && sameBytes(status.hash, this.#status?.hash)) this.#setStatus(status);
  }

  /** Nothing is applied any more, and nothing reported. */
  stop(): void {
    this.#next = undefined;
    this.#abort?.abort();
  }

  #repeat(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#status === undefined || nowMs - this.#repeatedAtMs < REPEAT_MS) return;
    this.#repeatedAtMs = nowMs;
    this.#options.onStatus(this.#status, true);
  }

  async #run(): Promise<void> {
    for (let offer = this.#take(); offer !== undefined; offer = this.#take()) {
      const abort = new AbortController();
      this.#abort = abort;
      const problem = await this.#guarded(() => this.#options.apply(offer, abort.signal));
      if (!abort.signal.aborted) this.#settle(problem);
    }
    this.#running = undefined; // with the check above in one step, so that no offer falls between
  }

  #take(): Offer | undefined {
    const offer = this.#next;
    this.#next = undefined;
    return offer;
  }

  async #guarded(work: () => Promise<Problem>): Promise<Problem> {
    try {
      return await work();
    } catch (error) {
      return describeError(error) || "it failed without a reason";
    }
  }

  #settle(problem: Problem): void {
    if (this.#status === undefined) return;
    const { hash } = this.#status;
    this.#setStatus({ hash, state: problem === undefined ? "APPLIED" : "FAILED", errorMessage: problem ?? "" });
  }

  #setStatus(status: OfferStatus): void {
    const { what, logger, onStatus } = this.#options;
    this.#status = status;
    const fields = { hash: bytesToHex(status.hash), status: status.state };
    if (status.state === "FAILED") {
      logger.error(`an offered ${what} failed`, { ...fields, reason: status.errorMessage });
    } else logger.info(`an offered ${what}`, fields);
    onStatus(status, false);
  }
}
