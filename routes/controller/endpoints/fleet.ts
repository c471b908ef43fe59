/**
 * Routes of agents: who they are, how they are, what they have and why.
 *
 * @module
 */

import { z } from "zod";
import { endpoint } from "../../api/endpoint.ts";
import { pageOf, pageQuerySchema } from "../../api/schemas.ts";
import {
  agentDetailSchema,
  agentEventSchema,
  agentSchema,
  controllerStatusSchema,
  explainSchema,
  labelsSchema,
  removedSchema,
  selectorViewSchema,
  syncSchema,
  toldSchema,
} from "../schemas.ts";
import { agentTapEventSchema, agentTapQuerySchema } from "../tap_schemas.ts";
import { selectorText } from "./shared.ts";

const agentParams = z.strictObject({ id: z.string().regex(/^[0-9A-Fa-f-]{32,36}$/).describe("instance_uid.") });

/** Names of attributes, with commas between them. */
const attributeNames = z.string().regex(/^[A-Za-z0-9_./-]{1,128}(?:,[A-Za-z0-9_./-]{1,128}){0,15}$/);

export const FLEET_ENDPOINTS = {
  getControllerStatus: endpoint({
    method: "GET",
    path: "/api/v1/status",
    summary: "How many agents there are, and whether they have what they are to have.",
    tag: "fleet",
    scope: "read",
    answer: controllerStatusSchema,
    errors: [],
  }),
  listAgents: endpoint({
    method: "GET",
    path: "/api/v1/agents",
    summary: "Agents, connected or not.",
    tag: "fleet",
    scope: "read",
    query: pageQuerySchema.extend({
      selector: selectorText.optional().describe("Only those that it matches."),
      connected: z.enum(["true", "false"]).optional(),
      healthy: z.enum(["true", "false"]).optional(),
      sync: syncSchema.optional(),
      attributes: attributeNames.optional().describe("Attributes to show, 16 at the most, with commas between them."),
    }),
    answer: pageOf("Agents", agentSchema),
    errors: [],
  }),
  getAgent: endpoint({
    method: "GET",
    path: "/api/v1/agents/{id}",
    summary: "All that an agent has said of itself.",
    tag: "fleet",
    scope: "read",
    params: agentParams,
    answer: agentDetailSchema,
    errors: [404],
  }),
  forgetAgent: endpoint({
    method: "DELETE",
    path: "/api/v1/agents/{id}",
    summary: "Forgets an agent that is gone; 409 while it is connected.",
    tag: "fleet",
    scope: "write",
    params: agentParams,
    answer: removedSchema,
    audited: true,
    errors: [404, 409],
  }),
  setLabels: endpoint({
    method: "PUT",
    path: "/api/v1/agents/{id}/labels",
    summary: "Puts labels on an agent, in the place of those that it has.",
    tag: "fleet",
    scope: "write",
    params: agentParams,
    body: labelsSchema,
    answer: agentSchema,
    audited: true,
    errors: [404, 503],
  }),
  restartAgent: endpoint({
    method: "POST",
    path: "/api/v1/agents/{id}/restart",
    summary: "Tells an agent to restart; told is 0 when it cannot.",
    tag: "fleet",
    scope: "write",
    params: agentParams,
    answer: toldSchema,
    audited: true,
    errors: [404],
  }),
  tapAgent: endpoint({
    method: "GET",
    path: "/api/v1/agents/{id}/tap",
    summary: "A sample of what goes through a node of a gateway, live, as Server-Sent Events; ends by itself. " +
      "409 for an agent that takes no taps, is away, or is tapped already.",
    tag: "fleet",
    scope: "write",
    params: agentParams,
    query: agentTapQuerySchema,
    answer: agentTapEventSchema,
    stream: true,
    audited: true,
    errors: [404, 409],
  }),
  explainAgent: endpoint({
    method: "GET",
    path: "/api/v1/agents/{id}/explanation",
    summary: "Which configuration the agent is to have, by which rule, and every rule that was asked.",
    tag: "fleet",
    scope: "read",
    params: agentParams,
    answer: explainSchema,
    errors: [404, 503],
  }),
  listAgentEvents: endpoint({
    method: "GET",
    path: "/api/v1/agents/{id}/events",
    summary: "What befell an agent, the newest first.",
    tag: "fleet",
    scope: "read",
    params: agentParams,
    query: pageQuerySchema,
    answer: pageOf("AgentEvents", agentEventSchema),
    errors: [503],
  }),
  resolveSelector: endpoint({
    method: "GET",
    path: "/api/v1/selectors",
    summary: "Which agents a selector matches.",
    tag: "fleet",
    scope: "read",
    query: z.strictObject({ selector: selectorText }),
    answer: selectorViewSchema,
    errors: [],
  }),
} as const;
