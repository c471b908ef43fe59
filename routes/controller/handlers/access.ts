/**
 * Tokens of agents, and the audit log.
 *
 * @module
 */

import { NotFoundError } from "../../admin/control.ts";
import { page } from "../../api/call.ts";
import type { HandlersOf } from "../../api/endpoint.ts";
import type { ACCESS_ENDPOINTS } from "../endpoints/access.ts";
import { toSnake } from "../names.ts";
import type { ControllerParts } from "./parts.ts";

export function accessHandlers({ tokens, store, clock, cut }: ControllerParts): HandlersOf<typeof ACCESS_ENDPOINTS> {
  return {
    listTokens: ({ query }) => ({ body: page(toSnake(tokens.list()), query) }),
    makeToken: ({ body }) => {
      const made = tokens.issue(body.label, clock.nowMs());
      return { body: made, detail: `${made.id} for ${body.label}` };
    },
    revokeToken: ({ params }) => {
      if (!tokens.revoke(params.id)) throw new NotFoundError("Cannot find the token");
      cut(params.id);
      return { body: { removed: true } };
    },
    listAudit: ({ query }) => {
      const items = store.readAudit(query.limit).map(({ atMs, actor, action, subject, detail }) => ({
        at_ms: atMs,
        who: actor,
        operation: action,
        target: subject,
        detail,
      }));
      return { body: { items, next_cursor: null } };
    },
  };
}
