/**
 * Routes of rollouts: how a version gets to a fleet.
 *
 * @module
 */

import { z } from "zod";
import { endpoint } from "../../api/endpoint.ts";
import { pageOf, pageQuerySchema } from "../../api/schemas.ts";
import {
  abortRequestSchema,
  dryRunSchema,
  memberSchema,
  rolloutEventSchema,
  rolloutRequestSchema,
  rolloutSchema,
  toldSchema,
} from "../schemas.ts";

const rolloutParams = z.strictObject({ id: z.coerce.number().int().min(1) });
const limitQuery = pageQuerySchema.pick({ limit: true });

/** An operator's word to one rollout. */
function rolloutVerb<const Verb extends string>(verb: Verb, summary: string) {
  return endpoint({
    method: "POST",
    path: `/api/v1/rollouts/{id}/${verb}`,
    summary,
    tag: "rollouts",
    scope: "write",
    params: rolloutParams,
    answer: rolloutSchema,
    audited: true,
    errors: [404, 409, 503],
  });
}

export const ROLLOUT_ENDPOINTS = {
  listRollouts: endpoint({
    method: "GET",
    path: "/api/v1/rollouts",
    summary: "Rollouts, the newest first.",
    tag: "rollouts",
    scope: "read",
    query: pageQuerySchema,
    answer: pageOf("Rollouts", rolloutSchema),
    errors: [],
  }),
  startRollout: endpoint({
    method: "POST",
    path: "/api/v1/rollouts",
    summary: "Starts a rollout, or queues it.",
    tag: "rollouts",
    scope: "write",
    body: rolloutRequestSchema,
    answer: rolloutSchema,
    audited: true,
    errors: [404, 409, 503],
  }),
  dryRun: endpoint({
    method: "POST",
    path: "/api/v1/rollouts/dry-run",
    summary: "What a rollout would do: which agents change, in which stage, and how. Nothing is changed.",
    tag: "rollouts",
    scope: "write",
    body: rolloutRequestSchema,
    answer: dryRunSchema,
    errors: [404, 503],
  }),
  getRollout: endpoint({
    method: "GET",
    path: "/api/v1/rollouts/{id}",
    summary: "One rollout.",
    tag: "rollouts",
    scope: "read",
    params: rolloutParams,
    answer: rolloutSchema,
    errors: [404],
  }),
  pauseRollout: rolloutVerb("pause", "No further agent is given the version. The gate stays watched."),
  resumeRollout: rolloutVerb("resume", "Goes on with a paused rollout."),
  promoteRollout: rolloutVerb("promote", "Skips what is left of the soak; the gate must be open all the same."),
  retryRollout: rolloutVerb(
    "retry",
    "While it runs: gives the version again to agents without APPLIED. After it was rolled back or aborted: starts one " +
      "like it, which is the answer.",
  ),
  abortRollout: endpoint({
    method: "POST",
    path: "/api/v1/rollouts/{id}/abort",
    summary: "Ends a rollout.",
    tag: "rollouts",
    scope: "write",
    params: rolloutParams,
    body: abortRequestSchema,
    answer: rolloutSchema,
    audited: true,
    errors: [404, 409, 503],
  }),
  unpinAgents: endpoint({
    method: "POST",
    path: "/api/v1/rollouts/{id}/unpin",
    summary: "Agents that kept the version of an aborted rollout follow the rules again.",
    tag: "rollouts",
    scope: "write",
    params: rolloutParams,
    answer: toldSchema,
    audited: true,
    errors: [503],
  }),
  listRolloutAgents: endpoint({
    method: "GET",
    path: "/api/v1/rollouts/{id}/agents",
    summary: "Agents that were given the version; after the end those that did not come to APPLIED.",
    tag: "rollouts",
    scope: "read",
    params: rolloutParams,
    query: z.strictObject({
      limit: limitQuery.shape.limit,
      cursor: z.string().regex(/^[0-9a-f]{32}$/).optional().describe("next_cursor of the page before."),
      phase: memberSchema.shape.phase.optional(),
    }),
    answer: pageOf("RolloutAgents", memberSchema),
    errors: [404, 503],
  }),
  listEvents: endpoint({
    method: "GET",
    path: "/api/v1/events",
    summary: "Decisions with the numbers that led to them, the newest first.",
    tag: "rollouts",
    scope: "read",
    query: pageQuerySchema.extend({ rollout: z.coerce.number().int().min(0).optional().describe("Only of this one.") }),
    answer: pageOf("RolloutEvents", rolloutEventSchema),
    errors: [503],
  }),
} as const;
