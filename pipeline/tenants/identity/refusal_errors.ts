/**
 * What is thrown at those who are refused. Each is made once and thrown many times: of a flood of made-up credentials,
 * errors with a stack each would be most of the cost.
 *
 * @module
 */

import { ThrottledError, UnauthenticatedError } from "../../core/errors.ts";

/** Of a kind; more are made anew each time. */
export const MAX_KEPT_ERRORS = 1_024;

export class RefusalErrors {
  readonly #unauthenticated = new Map<string, UnauthenticatedError>();
  readonly #tooMany = new Map<number, ThrottledError>();

  /**
   * @param reason Of a small fixed set; it ends the message.
   * @param challenge For WWW-Authenticate; always the same with a reason.
   */
  unauthenticated(reason: string, challenge: string): UnauthenticatedError {
    return kept(this.#unauthenticated, reason, () => {
      return new UnauthenticatedError(`Cannot tell whose data this is: ${reason}`, challenge);
    });
  }

  /** @param waitMs Until the next attempt may come. */
  tooMany(waitMs: number): ThrottledError {
    const retryAfterMs = Math.ceil(waitMs);
    return kept(this.#tooMany, retryAfterMs, () => {
      const message = "Cannot take data: too many attempts with unknown credentials from this address";
      return new ThrottledError(message, { retryAfterMs });
    });
  }
}

function kept<Key, Made>(errors: Map<Key, Made>, key: Key, make: () => Made): Made {
  const known = errors.get(key);
  if (known !== undefined) return known;
  const made = make();
  if (errors.size < MAX_KEPT_ERRORS) errors.set(key, made);
  return made;
}
