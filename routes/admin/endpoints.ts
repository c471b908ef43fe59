/**
 * Every route of the admin API, as data: what it takes and gives, and who may ask. The app, the OpenAPI document and
 * the client are made of this table.
 *
 * @module
 */

import { z } from "zod";
import {
  appliedSchema,
  auditEntrySchema,
  componentSchema,
  configCheckSchema,
  configDiffSchema,
  configRequestSchema,
  configValueSchema,
  cpuProfileSchema,
  drainedSchema,
  drainRequestSchema,
  effectiveConfigSchema,
  graphSchema,
  heapRequestSchema,
  heapSnapshotSchema,
  historyEntrySchema,
  logLevelRequestSchema,
  logLevelSchema,
  ottlRequestSchema,
  ottlTrialSchema,
  pageOf,
  pageQuerySchema,
  probeSchema,
  profileRequestSchema,
  queueSchema,
  queueStateSchema,
  rollbackRequestSchema,
  statusSchema,
  tapEventSchema,
  tapQuerySchema,
} from "./schemas.ts";

/** `none`: no token. What shows data of senders, or sees files and variables of the machine, is `write`. */
export type Scope = "none" | "read" | "write";

export interface Endpoint {
  readonly method: "GET" | "POST" | "PUT";
  /** Parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly tag: "gateway" | "configuration" | "data" | "operation";
  readonly scope: Scope;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Of the answer, or of the data of each event. */
  readonly answer: z.ZodType;
  /** Answers with Server-Sent Events. */
  readonly stream?: true;
  /** `gives`: an ETag. `wants`: If-Match must be sent too. */
  readonly etag?: "gives" | "wants";
  /** Whether it is told in the audit log. */
  readonly audited?: true;
  /** Other statuses than success that are its own, beside those of every endpoint. */
  readonly errors: readonly number[];
}

/** Keeps the schemas' types. */
function endpoint<const E extends Endpoint>(made: E): E {
  return made;
}

const idParam = z.strictObject({ id: z.string().min(1).max(500) });
const CHANGE_ERRORS = [412, 422, 428, 503] as const;

export const ENDPOINTS = {
  getLive: endpoint({
    method: "GET",
    path: "/api/v1/probes/live",
    summary: "Whether the process answers at all.",
    tag: "gateway",
    scope: "none",
    answer: probeSchema,
    errors: [503],
  }),
  getReady: endpoint({
    method: "GET",
    path: "/api/v1/probes/ready",
    summary: "Whether it takes data now; 503 while it does not.",
    tag: "gateway",
    scope: "none",
    answer: probeSchema,
    errors: [503],
  }),
  getStarted: endpoint({
    method: "GET",
    path: "/api/v1/probes/started",
    summary: "Whether it has been ready once; 503 until then.",
    tag: "gateway",
    scope: "none",
    answer: probeSchema,
    errors: [503],
  }),
  getStatus: endpoint({
    method: "GET",
    path: "/api/v1/status",
    summary: "Build, state, threads, and the configuration that runs.",
    tag: "gateway",
    scope: "read",
    answer: statusSchema,
    errors: [],
  }),
  getConfig: endpoint({
    method: "GET",
    path: "/api/v1/config",
    summary: "The effective configuration. Its ETag is what a change is made with.",
    tag: "configuration",
    scope: "read",
    answer: effectiveConfigSchema,
    etag: "gives",
    errors: [],
  }),
  listConfigValues: endpoint({
    method: "GET",
    path: "/api/v1/config/values",
    summary: "Each value of the effective configuration with where it comes from.",
    tag: "configuration",
    scope: "read",
    query: pageQuerySchema.extend({ prefix: z.string().max(1_000).default("").describe("Of the path.") }),
    answer: pageOf("ConfigValues", configValueSchema),
    errors: [],
  }),
  validateConfig: endpoint({
    method: "POST",
    path: "/api/v1/config/validate",
    summary: "Every problem of a configuration; nothing is changed.",
    tag: "configuration",
    scope: "write",
    body: configRequestSchema,
    answer: configCheckSchema,
    errors: [],
  }),
  diffConfig: endpoint({
    method: "POST",
    path: "/api/v1/config/diff",
    summary: "What a configuration would change; nothing is changed.",
    tag: "configuration",
    scope: "write",
    body: configRequestSchema,
    answer: configDiffSchema,
    errors: [],
  }),
  applyConfig: endpoint({
    method: "PUT",
    path: "/api/v1/config",
    summary: "Goes over to a configuration. Answered when it has the traffic; it may go back by itself (see history).",
    tag: "configuration",
    scope: "write",
    body: configRequestSchema,
    answer: appliedSchema,
    etag: "wants",
    audited: true,
    errors: CHANGE_ERRORS,
  }),
  reloadConfig: endpoint({
    method: "POST",
    path: "/api/v1/config/reload",
    summary: "Reads again what the process was started with.",
    tag: "configuration",
    scope: "write",
    answer: appliedSchema,
    etag: "wants",
    audited: true,
    errors: CHANGE_ERRORS,
  }),
  rollbackConfig: endpoint({
    method: "POST",
    path: "/api/v1/config/rollback",
    summary: "Goes to a configuration of the history.",
    tag: "configuration",
    scope: "write",
    body: rollbackRequestSchema,
    answer: appliedSchema,
    etag: "wants",
    audited: true,
    errors: [404, ...CHANGE_ERRORS],
  }),
  listHistory: endpoint({
    method: "GET",
    path: "/api/v1/config/history",
    summary: "Configurations that ran or were meant to, the newest first.",
    tag: "configuration",
    scope: "read",
    query: pageQuerySchema,
    answer: pageOf("ConfigHistory", historyEntrySchema),
    errors: [],
  }),
  getGraph: endpoint({
    method: "GET",
    path: "/api/v1/graph",
    summary: "Components and what flows between them.",
    tag: "data",
    scope: "read",
    answer: graphSchema,
    errors: [],
  }),
  tapNode: endpoint({
    method: "GET",
    path: "/api/v1/graph/nodes/{id}/tap",
    summary: "A sample of what goes through a node, live, as Server-Sent Events; ends by itself.",
    tag: "data",
    scope: "write",
    params: idParam,
    query: tapQuerySchema,
    answer: tapEventSchema,
    stream: true,
    audited: true,
    errors: [404],
  }),
  listComponents: endpoint({
    method: "GET",
    path: "/api/v1/components",
    summary: "Components with their configuration, state, counters and last errors.",
    tag: "data",
    scope: "read",
    query: pageQuerySchema,
    answer: pageOf("Components", componentSchema),
    errors: [],
  }),
  getComponent: endpoint({
    method: "GET",
    path: "/api/v1/components/{id}",
    summary: "One component.",
    tag: "data",
    scope: "read",
    params: idParam,
    answer: componentSchema,
    errors: [404],
  }),
  listQueues: endpoint({
    method: "GET",
    path: "/api/v1/queues",
    summary: "The sending queues.",
    tag: "data",
    scope: "read",
    query: pageQuerySchema,
    answer: pageOf("Queues", queueSchema),
    errors: [],
  }),
  getQueue: endpoint({
    method: "GET",
    path: "/api/v1/queues/{id}",
    summary: "One sending queue. Its ETag is its state.",
    tag: "data",
    scope: "read",
    params: idParam,
    answer: queueSchema,
    etag: "gives",
    errors: [404],
  }),
  setQueueState: endpoint({
    method: "PUT",
    path: "/api/v1/queues/{id}/state",
    summary: "Pauses a queue, or lets it go on. A paused one takes data until it is full and sends none.",
    tag: "data",
    scope: "write",
    params: idParam,
    body: queueStateSchema,
    answer: queueSchema,
    etag: "wants",
    audited: true,
    errors: [404, 412, 428],
  }),
  drainQueue: endpoint({
    method: "POST",
    path: "/api/v1/queues/{id}/drain",
    summary: "Sends what is queued without waiting for batches to fill; 409 while it is paused.",
    tag: "data",
    scope: "write",
    params: idParam,
    body: drainRequestSchema,
    answer: drainedSchema,
    audited: true,
    errors: [404, 409],
  }),
  getLogLevel: endpoint({
    method: "GET",
    path: "/api/v1/log-level",
    summary: "The level of the gateway's own log. Its ETag is the level.",
    tag: "operation",
    scope: "read",
    answer: logLevelSchema,
    etag: "gives",
    errors: [],
  }),
  setLogLevel: endpoint({
    method: "PUT",
    path: "/api/v1/log-level",
    summary: "Sets the level, on all threads, until the configuration says another.",
    tag: "operation",
    scope: "write",
    body: logLevelRequestSchema,
    answer: logLevelSchema,
    etag: "wants",
    audited: true,
    errors: [412, 428],
  }),
  tryOttl: endpoint({
    method: "POST",
    path: "/api/v1/ottl/try",
    summary: "Runs OTTL over OTLP/JSON and explains it; the gateway's own data is not touched.",
    tag: "operation",
    scope: "read",
    body: ottlRequestSchema,
    answer: ottlTrialSchema,
    errors: [422],
  }),
  makeCpuProfile: endpoint({
    method: "POST",
    path: "/api/v1/profiles/cpu",
    summary: "What a thread spends its time on, for Chrome DevTools.",
    tag: "operation",
    scope: "write",
    body: profileRequestSchema,
    answer: cpuProfileSchema,
    audited: true,
    errors: [404, 503],
  }),
  makeHeapSnapshot: endpoint({
    method: "POST",
    path: "/api/v1/profiles/heap",
    summary:
      "Writes what a thread holds into the state directory; the thread stands still meanwhile. It is not sent, " +
      "because it holds every secret.",
    tag: "operation",
    scope: "write",
    body: heapRequestSchema,
    answer: heapSnapshotSchema,
    audited: true,
    errors: [404, 409, 503],
  }),
  listAudit: endpoint({
    method: "GET",
    path: "/api/v1/audit",
    summary: "What was changed, by whom, and what came of it; the newest first.",
    tag: "operation",
    scope: "write",
    query: pageQuerySchema,
    answer: pageOf("Audit", auditEntrySchema),
    errors: [],
  }),
} as const;

export type Endpoints = typeof ENDPOINTS;
export type Operation = keyof Endpoints;

type OutputOf<T> = T extends z.ZodType ? z.output<T> : undefined;
type Of<O extends Operation, Key extends keyof Endpoint> = Endpoints[O] extends Readonly<Record<Key, infer T>> ? T
  : undefined;

export type ParamsOf<O extends Operation> = OutputOf<Of<O, "params">>;
export type QueryOf<O extends Operation> = OutputOf<Of<O, "query">>;
export type BodyOf<O extends Operation> = OutputOf<Of<O, "body">>;
export type AnswerOf<O extends Operation> = z.output<Endpoints[O]["answer"]>;
