/**
 * What a sender is told of a failure behind the receiver: a status that says whether to send again, and whose fault it is.
 *
 * Sources: OTLP 1.11.0 "OTLP/HTTP Response"; collector reference 1.9.
 *
 * @module
 */

import { type ErrorCode, GatewayError, RejectedError, RPC_CODES } from "../../core/errors.ts";

/** What a sender is told of a failure behind the receiver. */
const REASONS: Readonly<Record<ErrorCode, string>> = {
  cancelled: "the sender no longer waits for the answer",
  unknown: "a destination failed",
  invalid_argument: "a destination does not take it",
  deadline_exceeded: "a destination took too long",
  not_found: "a destination does not know the path",
  permission_denied: "a destination forbids it",
  resource_exhausted: "a limit is reached",
  unimplemented: "a destination does not serve what it is asked for",
  internal: "internal error",
  unavailable: "a destination or its queue is not available",
  unauthenticated: "a destination wants other credentials of this gateway",
};

/** Statuses that an OTLP sender retries. Source: OTLP 1.11.0 "Retryable Response Codes". */
const RETRIED = [429, 502, 503, 504];

/**
 * A failure of the pipeline as its sender sees it: the kind and the wait, and none of the text, which may name a
 * destination. The status says the same as `retryable`, whatever the code.
 *
 * What a destination has against us is none of a sender's concern: with its 401, 403 or 404 the sender would look for
 * the fault in its own credentials and path, so it is told 500. Only that the data is bad is its own fault: 400.
 * (The collector passes them on.)
 */
export class NotKeptError extends GatewayError {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly #status: number;

  constructor(error: GatewayError) {
    super(`Cannot keep the data: ${REASONS[error.code]}`, { cause: error, retryAfterMs: error.retryAfterMs });
    this.code = error.code;
    this.retryable = error.retryable;
    this.#status = statusFor(error);
  }

  /** A code that would blame the sender goes as little as such a status. */
  override get rpcCode(): number {
    return this.#status === 500 && this.code !== "internal" ? RPC_CODES.unknown : super.rpcCode;
  }

  override get httpStatus(): number {
    return this.#status;
  }
}

function statusFor(error: GatewayError): number {
  if (error instanceof RejectedError && error.code !== "invalid_argument") return 500;
  const status = error.httpStatus;
  if (RETRIED.includes(status) === error.retryable) return status;
  return error.retryable ? 503 : 500;
}
