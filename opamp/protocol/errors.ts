/**
 * What can be wrong with a message of the protocol itself.
 *
 * @module
 */

import { GatewayError } from "../../pipeline/core/errors.ts";

/** The bytes are no such message: answered with BAD_REQUEST, never sent again. */
export class MalformedMessageError extends GatewayError {
  readonly code = "invalid_argument";
  readonly retryable = false;
}
