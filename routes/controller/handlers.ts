/**
 * What each operation of the controller does: a line or two between the API's words and the fleet, the rollouts and
 * their store.
 *
 * @module
 */

import { InvalidRequestError } from "../../opamp/rollouts/mod.ts";
import type { Handler, HandlersOf } from "../api/endpoint.ts";
import { HttpProblem } from "../api/problem_answer.ts";
import type { ControllerEndpoints } from "./endpoints.ts";
import { accessHandlers } from "./handlers/access.ts";
import { configHandlers } from "./handlers/configs.ts";
import { fleetHandlers } from "./handlers/fleet.ts";
import type { ControllerParts } from "./handlers/parts.ts";
import { packageHandlers } from "./handlers/packages.ts";
import { rolloutHandlers } from "./handlers/rollouts.ts";

type Handlers = HandlersOf<ControllerEndpoints>;

export function createControllerHandlers(parts: ControllerParts): Handlers {
  return explained({
    ...fleetHandlers(parts),
    ...configHandlers(parts),
    ...rolloutHandlers(parts),
    ...packageHandlers(parts),
    ...accessHandlers(parts),
  });
}

/** Every handler, what it refuses told with its places. */
function explained(handlers: Handlers): Handlers {
  const wrap = (handler: Handler<ControllerEndpoints[keyof ControllerEndpoints]>) => async (call: never) => {
    try {
      return await handler(call);
    } catch (thrown) {
      if (!(thrown instanceof InvalidRequestError)) throw thrown;
      const problems = thrown.problems.map(({ path, message }) => ({
        severity: "error" as const,
        path,
        message,
        file: "body",
        line: 0,
        column: 0,
      }));
      throw new HttpProblem(400, thrown.message, { problems });
    }
  };
  return Object.fromEntries(
    Object.entries(handlers).map(([operation, handler]) => [operation, wrap(handler as never)]),
  ) as unknown as Handlers;
}
