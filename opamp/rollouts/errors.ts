/**
 * What an operator's request can be refused for.
 *
 * @module
 */

import { GatewayError } from "../../pipeline/core/errors.ts";

/** One thing that is wrong with a request, and where. */
export interface Problem {
  /** The field, as the request writes it: `stages[1].share`. Empty: the request as a whole. */
  readonly path: string;
  /** What is so and what is wanted, without a period. */
  readonly message: string;
}

/** The request itself is wrong: 400, with everything that is. */
export class InvalidRequestError extends GatewayError {
  readonly code = "invalid_argument";
  readonly retryable = false;
  readonly problems: readonly Problem[];

  constructor(what: string, problems: readonly Problem[]) {
    super(`Cannot ${what}: ${problems.map(problemText).join("; ")}`);
    this.problems = problems;
  }
}

/** What the request names does not exist, or it is not in the state that things are in. */
export { ConflictError, NotFoundError as UnknownNameError } from "../../pipeline/core/asked_errors.ts";

/** A problem as one line. */
function problemText({ path, message }: Problem): string {
  return path === "" ? message : `${path}: ${message}`;
}
