/**
 * Routes of tokens of agents, and of the audit log.
 *
 * @module
 */

import { z } from "zod";
import { endpoint } from "../../api/endpoint.ts";
import { pageOf, pageQuerySchema } from "../../api/schemas.ts";
import {
  agentTokenSchema,
  controllerAuditSchema,
  madeTokenSchema,
  removedSchema,
  tokenRequestSchema,
} from "../schemas.ts";

const limitQuery = pageQuerySchema.pick({ limit: true });

export const ACCESS_ENDPOINTS = {
  listTokens: endpoint({
    method: "GET",
    path: "/api/v1/tokens",
    summary: "Tokens of agents.",
    tag: "access",
    scope: "read",
    query: pageQuerySchema,
    answer: pageOf("AgentTokens", agentTokenSchema),
    errors: [],
  }),
  makeToken: endpoint({
    method: "POST",
    path: "/api/v1/tokens",
    summary: "Makes a token for agents.",
    tag: "access",
    scope: "write",
    body: tokenRequestSchema,
    answer: madeTokenSchema,
    audited: true,
    errors: [503],
  }),
  revokeToken: endpoint({
    method: "DELETE",
    path: "/api/v1/tokens/{id}",
    summary: "Makes a token worthless, and cuts who is connected with it.",
    tag: "access",
    scope: "write",
    params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{1,64}$/) }),
    answer: removedSchema,
    audited: true,
    errors: [404, 503],
  }),
  listAudit: endpoint({
    method: "GET",
    path: "/api/v1/audit",
    summary: "What operators asked for, and what came of it; the newest first.",
    tag: "access",
    scope: "write",
    query: limitQuery,
    answer: pageOf("ControllerAudit", controllerAuditSchema),
    errors: [503],
  }),
} as const;
