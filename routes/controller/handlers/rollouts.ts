/**
 * Rollouts: how a version gets to a fleet.
 *
 * @module
 */

import type { RolloutView } from "../../../opamp/rollouts/mod.ts";
import { page } from "../../api/call.ts";
import type { HandlersOf } from "../../api/endpoint.ts";
import type { ROLLOUT_ENDPOINTS } from "../endpoints/rollouts.ts";
import { toCamel, toSnake } from "../names.ts";
import { type ControllerParts, lastId } from "./parts.ts";

export function rolloutHandlers({ rollouts }: ControllerParts): HandlersOf<typeof ROLLOUT_ENDPOINTS> {
  const told = (view: RolloutView) => ({ body: toSnake(view), detail: `rollout ${view.id} is ${view.state}` });
  return {
    listRollouts: ({ query }) => {
      const { items, next_cursor } = page(rollouts.list(), query);
      return { body: { items: toSnake(items), next_cursor } };
    },
    startRollout: ({ body, who }) => told(rollouts.start(toCamel(body), who)),
    dryRun: ({ body }) => ({ body: toSnake(rollouts.dryRun(toCamel(body))) }),
    getRollout: ({ params }) => ({ body: toSnake(rollouts.get(params.id)) }),
    pauseRollout: ({ params, who }) => told(rollouts.pause(params.id, who)),
    resumeRollout: ({ params, who }) => told(rollouts.resume(params.id, who)),
    promoteRollout: ({ params, who }) => told(rollouts.promote(params.id, who)),
    retryRollout: ({ params, who }) => told(rollouts.retry(params.id, who)),
    abortRollout: ({ params, body, who }) => told(rollouts.abort(params.id, body, who)),
    unpinAgents: ({ params, who }) => ({ body: { told: rollouts.unpin(params.id, who) } }),
    listRolloutAgents: ({ params, query: { limit, cursor, phase } }) => {
      const members = rollouts.members(params.id, { phase, after: cursor, limit });
      const next = members.length < limit ? null : members.at(-1)?.uid ?? null;
      return { body: { items: toSnake(members), next_cursor: next } };
    },
    listEvents: ({ query: { limit, cursor, rollout } }) => {
      const events = rollouts.events({ rollout, before: cursor === undefined ? undefined : Number(cursor), limit });
      return { body: { items: toSnake(events), next_cursor: events.length < limit ? null : lastId(events) } };
    },
  };
}
