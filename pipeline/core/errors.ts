/**
 * Failures that cross a component boundary, and the one table that makes them a status.
 *
 * A queue asks `retryable` and `retryAfterMs`; a receiver asks `httpStatus` and `rpcCode`. Nobody reads a message
 * to decide.
 * Sources: OTLP 1.11.0 "OTLP/HTTP Response"; google/rpc/code.proto; the collector's otlp receiver (its map from
 * gRPC codes to HTTP).
 *
 * @module
 */

/** What kind of failure it is: the names of google.rpc.Code, fit for a metric attribute. */
export type ErrorCode =
  | "cancelled"
  | "unknown"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "permission_denied"
  | "resource_exhausted"
  | "unimplemented"
  | "internal"
  | "unavailable"
  | "unauthenticated";

/** google.rpc.Code numbers. */
export const RPC_CODES: Readonly<Record<ErrorCode, number>> = {
  cancelled: 1,
  unknown: 2,
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  permission_denied: 7,
  resource_exhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
};

/** The HTTP status for a code, when the error does not name a closer one. */
const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  cancelled: 503,
  unknown: 500,
  invalid_argument: 400,
  deadline_exceeded: 503,
  not_found: 404,
  permission_denied: 403,
  resource_exhausted: 429,
  unimplemented: 404,
  internal: 500,
  unavailable: 503,
  unauthenticated: 401,
};

/** What a failure may carry besides its message. */
export interface GatewayErrorOptions {
  /** The failure below this one; kept for logs, never shown to a sender. */
  readonly cause?: unknown;
  /** When a retry can help, milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
}

/** A failure of a whole payload or component. Messages hold no data, secret or upstream address of a sender's concern. */
export abstract class GatewayError extends Error {
  /** One of a small fixed set, fit for a metric attribute. */
  abstract readonly code: ErrorCode;
  /** Whether the same data may succeed later. Each class says so itself. */
  abstract readonly retryable: boolean;
  /** When a retry can help, milliseconds from now; undefined when nobody said. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The status that a sender is answered with. */
  get httpStatus(): number {
    return HTTP_STATUS[this.code];
  }

  /** The number for `google.rpc.Status.code`. */
  get rpcCode(): number {
    return RPC_CODES[this.code];
  }
}

/** The bytes are not such a message: 400, never retried. */
export class InvalidPayloadError extends GatewayError {
  readonly code = "invalid_argument";
  readonly retryable = false;
  /** Where in the decompressed body it went wrong, bytes from its start. */
  readonly offset: number | undefined;

  constructor(message: string, options: GatewayErrorOptions & { readonly offset?: number } = {}) {
    super(message, options);
    this.offset = options.offset;
  }
}

/** A request past a configured bound: 413, never retried. */
export class LimitExceededError extends GatewayError {
  readonly code = "resource_exhausted";
  readonly retryable = false;
  override get httpStatus(): number {
    return 413;
  }
}

/** The destination or a limit asks for a pause: 429, retried after `retryAfterMs`. */
export class ThrottledError extends GatewayError {
  readonly code = "resource_exhausted";
  readonly retryable = true;
}

/** Nobody is known by the credentials of a request, or it has none: 401, not retried as it is. */
export class UnauthenticatedError extends GatewayError {
  readonly code = "unauthenticated";
  readonly retryable = false;
  /** What would be taken, for WWW-Authenticate: `Bearer realm="sluice"`. */
  readonly challenge: string;

  constructor(message: string, challenge: string, options: GatewayErrorOptions = {}) {
    super(message, options);
    this.challenge = challenge;
  }
}

/** It is known whose a request is, and it may not do this: 403, never retried. */
export class PermissionDeniedError extends GatewayError {
  readonly code = "permission_denied";
  readonly retryable = false;
}

/** Cannot be done now (queue full, memory, peer away, shutdown): 503, retried. */
export class UnavailableError extends GatewayError {
  readonly code = "unavailable";
  readonly retryable = true;
}

/**
 * A destination does not take the gateway's own credentials, or forbids them what they are used for: 503, retried. To a
 * sender it is a destination that is not available, since its own credentials are none of it; an operator can mend it.
 */
export class OwnCredentialsError extends UnavailableError {}

/** It took longer than allowed: 503, retried; the data may or may not have arrived. */
export class DeadlineExceededError extends GatewayError {
  readonly code = "deadline_exceeded";
  readonly retryable = true;
}

/** Nobody waits for the answer any more, the sender left: 503, for whoever asks; no failure of what was asked. */
export class CancelledError extends GatewayError {
  readonly code = "cancelled";
  readonly retryable = true;
}

/** A destination refused the data for good; `code` is what it meant. Never retried. */
export class RejectedError extends GatewayError {
  readonly retryable = false;
  readonly code: ErrorCode;

  constructor(message: string, code: ErrorCode, options: GatewayErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Anything thrown, as a GatewayError: what is not one is a bug of ours and final. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new RejectedError("Cannot process the request: internal error", "internal", { cause: thrown });
}

/**
 * One error for several branches of a fan-out. A retry that can help one branch is worth it, so a retryable one wins;
 * the longest wait is kept.
 */
export function mostRetryable(errors: readonly GatewayError[]): GatewayError {
  const [first, ...rest] = errors;
  if (first === undefined) throw new TypeError("Cannot choose an error: the list is empty, wanted one or more");
  return rest.reduce((chosen, error) => {
    if (error.retryable !== chosen.retryable) return error.retryable ? error : chosen;
    return (error.retryAfterMs ?? 0) > (chosen.retryAfterMs ?? 0) ? error : chosen;
  }, first);
}
