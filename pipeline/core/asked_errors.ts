/**
 * What an operator's request is refused for by every API: there is no such thing, or things are not so.
 *
 * @module
 */

import { GatewayError } from "./errors.ts";

/** There is no such thing: 404. */
export class NotFoundError extends GatewayError {
  readonly code = "not_found";
  readonly retryable = false;
}

/** The request is right, but it cannot be done as things are: 409. */
export class ConflictError extends GatewayError {
  readonly code = "invalid_argument";
  readonly retryable = false;
  override get httpStatus(): number {
    return 409;
  }
}
