/**
 * Routes of configurations, and of which agents are to have which.
 *
 * @module
 */

import { z } from "zod";
import { endpoint } from "../../api/endpoint.ts";
import { pageOf, pageQuerySchema } from "../../api/schemas.ts";
import {
  assignmentSchema,
  assignRequestSchema,
  configContentSchema,
  configDiffSchema,
  configSchema,
  configUploadSchema,
  removedSchema,
} from "../schemas.ts";
import { MAX_CONTROLLER_BODY_BYTES, selectorText } from "./shared.ts";

const configParams = z.strictObject({ name: z.string().min(1).max(128) });
const versionParams = configParams.extend({ version: z.coerce.number().int().min(1) });

export const CONFIG_ENDPOINTS = {
  listConfigs: endpoint({
    method: "GET",
    path: "/api/v1/configs",
    summary: "Configurations, each with its newest version.",
    tag: "configurations",
    scope: "read",
    query: pageQuerySchema,
    answer: pageOf("Configs", configSchema),
    errors: [],
  }),
  listVersions: endpoint({
    method: "GET",
    path: "/api/v1/configs/{name}/versions",
    summary: "Versions of a configuration, the newest first.",
    tag: "configurations",
    scope: "read",
    params: configParams,
    query: pageQuerySchema,
    answer: pageOf("ConfigVersions", configSchema),
    errors: [404],
  }),
  addVersion: endpoint({
    method: "POST",
    path: "/api/v1/configs/{name}/versions",
    summary: "Makes a version. One with the content of the newest is that one. No agent gets it by that.",
    tag: "configurations",
    scope: "write",
    params: configParams,
    body: configUploadSchema,
    maxBodyBytes: MAX_CONTROLLER_BODY_BYTES,
    answer: configSchema,
    audited: true,
    errors: [422, 503],
  }),
  getVersion: endpoint({
    method: "GET",
    path: "/api/v1/configs/{name}/versions/{version}",
    summary: "A version with its files.",
    tag: "configurations",
    scope: "write",
    params: versionParams,
    answer: configContentSchema,
    errors: [404, 503],
  }),
  diffVersions: endpoint({
    method: "GET",
    path: "/api/v1/configs/{name}/diff",
    summary: "How two versions differ.",
    tag: "configurations",
    scope: "write",
    params: configParams,
    query: z.strictObject({
      from: z.coerce.number().int().min(1).optional().describe("Default the one before `to`."),
      to: z.coerce.number().int().min(1).optional().describe("Default the newest."),
    }),
    answer: configDiffSchema,
    errors: [404, 503],
  }),
  listAssignments: endpoint({
    method: "GET",
    path: "/api/v1/assignments",
    summary: "Which agents are to have what, the strongest rule first.",
    tag: "configurations",
    scope: "read",
    query: pageQuerySchema,
    answer: pageOf("Assignments", assignmentSchema),
    errors: [],
  }),
  assign: endpoint({
    method: "PUT",
    path: "/api/v1/assignments",
    summary: "Gives a version to all agents of a selector at once. A rollout is the careful way.",
    tag: "configurations",
    scope: "write",
    body: assignRequestSchema,
    answer: assignmentSchema,
    audited: true,
    errors: [404, 409, 503],
  }),
  unassign: endpoint({
    method: "DELETE",
    path: "/api/v1/assignments",
    summary: "Takes an assignment back: its agents follow the next rule.",
    tag: "configurations",
    scope: "write",
    query: z.strictObject({ selector: selectorText, priority: z.coerce.number().int().default(0) }),
    answer: removedSchema,
    audited: true,
    errors: [404, 409, 503],
  }),
} as const;
