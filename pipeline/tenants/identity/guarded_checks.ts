/**
 * Checks of credentials that cost milliseconds: each once for all that bring it at a time, only as often as its peer may,
 * only so many at once; what was bad is remembered for a while.
 *
 * @module
 */

import { type GatewayError, UnavailableError } from "../../core/errors.ts";
import type { Clock } from "../../core/clock.ts";
import { AnswerCache } from "./answer_cache.ts";
import type { Signal } from "../../otlp/signals.ts";
import type { PeerLimit } from "./peer_limit.ts";
import type { BadCredential, Untimely } from "./refused.ts";
import type { RefusalErrors } from "./refusal_errors.ts";

/** Bad credentials that are remembered, in each of two generations. */
const MAX_REFUSED = 1_024;
/** For how long, milliseconds. */
export const REFUSED_MS = 10_000;
/** Credentials that are being checked. */
export const MAX_CHECKS = 256;

/** What a check has found: what the credential proves, or why it is refused. */
export type Checked<Good> = { readonly good: Good } | BadCredential;

/** Who asks, and what was known. */
export interface Attempt {
  /** The credential as it was presented. */
  readonly header: string;
  /** Of the peer. */
  readonly address: string;
  /** That it is a request of. Absent: it is not known. */
  readonly signal?: Signal | undefined;
  /** Whether it was good not long ago: then it is checked whatever else its peer has tried. */
  readonly wasGood: boolean;
  /** What was refused in another generation is checked again. */
  readonly generation: number;
}

export interface GuardedChecksDeps {
  readonly limit: PeerLimit;
  readonly clock: Clock;
  readonly errors: RefusalErrors;
  /** What would be taken, for WWW-Authenticate. */
  readonly challenge: string;
  /** Told of each refusal: the credential is bad, or its peer has tried too many. */
  refused(kind: "unknown" | "limited" | Untimely, attempt: Attempt, message: string): void;
}

interface Refused {
  readonly bad: BadCredential;
  readonly generation: number;
  /** Monotonic. */
  readonly untilMs: number;
}

export class GuardedChecks<Good> {
  readonly #deps: GuardedChecksDeps;
  readonly #refused = new AnswerCache<Refused>(MAX_REFUSED, REFUSED_MS);
  readonly #running = new Map<string, Promise<Good>>();

  constructor(deps: GuardedChecksDeps) {
    this.#deps = deps;
  }

  /**
   * What `check` finds.
   *
   * @throws {UnauthenticatedError} The credential is bad.
   * @throws {ThrottledError} Its peer has tried too many.
   * @throws {UnavailableError} Too many wait to be checked, or what `check` throws.
   */
  run(attempt: Attempt, check: () => Promise<Checked<Good>>): Promise<Good> {
    const running = this.#running.get(attempt.header);
    if (running !== undefined) return running;
    const nowMs = this.#deps.clock.monotonicMs();
    const waitMs = this.#deps.limit.take(attempt.address, nowMs);
    if (waitMs > 0 && !attempt.wasGood) throw this.#limited(attempt, waitMs);
    const refused = this.#refused.get(attempt.header);
    if (refused !== undefined && refused.generation === attempt.generation && nowMs < refused.untilMs) {
      throw this.#bad(attempt, refused.bad);
    }
    if (this.#running.size >= MAX_CHECKS) {
      throw new UnavailableError("Cannot check the credentials: too many wait to be checked", { retryAfterMs: 1_000 });
    }
    const run = this.#run(attempt, waitMs === 0, check).finally(() => this.#running.delete(attempt.header));
    run.catch(() => {}); // whoever asked may have been refused for something else before
    this.#running.set(attempt.header, run);
    return run;
  }

  /** @param isTaken Whether it has cost the peer an attempt; it is given back unless the credential is bad. */
  async #run(
    attempt: Attempt,
    isTaken: boolean,
    check: () => Promise<Checked<Good>>,
  ): Promise<Good> {
    const { header, address, generation } = attempt;
    let checked: Checked<Good> | undefined;
    try {
      checked = await check();
    } finally {
      const isBad = checked !== undefined && "refusal" in checked;
      if (!isBad && isTaken) this.#deps.limit.giveBack(address);
    }
    if ("good" in checked) return checked.good;
    const nowMs = this.#deps.clock.monotonicMs();
    this.#refused.put(header, { bad: checked, generation, untilMs: nowMs + REFUSED_MS }, nowMs);
    throw this.#bad(attempt, checked);
  }

  #limited(attempt: Attempt, waitMs: number): GatewayError {
    const error = this.#deps.errors.tooMany(waitMs);
    this.#deps.refused("limited", attempt, error.message);
    return error;
  }

  #bad(attempt: Attempt, { refusal, untimely }: BadCredential): GatewayError {
    this.#deps.refused(untimely ?? "unknown", attempt, refusal);
    return this.#deps.errors.unauthenticated(refusal, this.#deps.challenge);
  }
}
