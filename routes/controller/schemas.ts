/**
 * What the controller's API takes and gives, once: these schemas check requests, type the handlers and the client, and
 * are printed as the components of the OpenAPI document.
 *
 * Agents go by their `instance_uid`: 32 hexadecimal digits; where one is asked for, the form of a UUID will do too.
 *
 * @module
 */

import { z } from "zod";
import { count, named, timeMs } from "../api/schemas.ts";

/** Files of one version, as JSON, characters; the store's own bound is in bytes. */
const MAX_BODY_CHARS = 12 * 1024 * 1024;
const MAX_SELECTOR_CHARS = 4_096;
const MAX_LABELS = 64;

const uid = () => z.string().describe("instance_uid, 32 hexadecimal digits.");
const selector = () =>
  z.string().max(MAX_SELECTOR_CHARS).describe(
    "Conditions joined by commas: region=eu, label:ring in (a, b), env=~p.*; * is all.",
  );
const configName = () => z.string().min(1).max(128);
const versionNumber = () => z.int().min(1);
const priority = () => z.int().min(-1_000_000).max(1_000_000);

const configRefSchema = named(
  "ConfigRef",
  z.strictObject({
    name: z.string().describe("Empty, with version 0: the empty configuration."),
    version: z.int().min(0),
    hash: z.string(),
  }),
);

export const syncSchema = z.enum(["unmanaged", "in_sync", "pending", "applying", "failed", "drifted"]);
const stateSchema = z.enum(["unset", "applied", "applying", "failed"]);

export const controllerStatusSchema = named(
  "ControllerStatus",
  z.strictObject({
    version: z.string(),
    started_at_ms: timeMs(),
    agents: z.strictObject({ known: count(), connected: count() }),
    sync: z.record(syncSchema, count()).describe("Agents by how what they have compares with what they are to have."),
    active_rollouts: count(),
    memory_rss_bytes: count(),
  }),
);

export const agentSchema = named(
  "Agent",
  z.strictObject({
    uid: uid(),
    service: z.string().describe("service.name; empty when it does not say."),
    host: z.string().describe("host.name; empty when it does not say."),
    connected: z.boolean(),
    transport: z.enum(["websocket", "http"]),
    last_seen_ms: timeMs(),
    healthy: z.boolean().nullable(),
    labels: z.record(z.string(), z.string()),
    attributes: z.record(z.string(), z.string()).describe("Of its description: those that were asked for."),
    assigned: configRefSchema.nullable(),
    reported: z.strictObject({ hash: z.string(), state: stateSchema, error: z.string() }),
    sync: syncSchema,
  }),
);

export const agentDetailSchema = named(
  "AgentDetail",
  z.strictObject({
    agent: agentSchema,
    capabilities: z.array(z.string()),
    identifying_attributes: z.record(z.string(), z.string()),
    other_attributes: z.record(z.string(), z.string()),
    health: z.array(z.strictObject({
      component: z.string().describe("Path in the tree; empty for the agent."),
      healthy: z.boolean(),
      status: z.string(),
      last_error: z.string(),
      since_ms: timeMs(),
    })),
    effective_config: z.array(z.strictObject({
      name: z.string(),
      content_type: z.string(),
      text: z.string().describe("Cut when it is long."),
      is_cut: z.boolean(),
    })),
    effective_hash: z.string().nullable(),
    packages: z.array(z.strictObject({ name: z.string(), version: z.string(), status: z.string(), error: z.string() })),
    components: z.array(z.string()).describe("It can run these."),
    connection: z.strictObject({ hash: z.string(), state: stateSchema, error: z.string() }).nullable(),
  }),
);

export const labelsSchema = named(
  "Labels",
  z.strictObject({
    labels: z.record(z.string().regex(/^[A-Za-z0-9_./-]{1,128}$/), z.string().max(256)).refine(
      (labels) => Object.keys(labels).length <= MAX_LABELS,
      `wanted at most ${MAX_LABELS}`,
    ),
  }),
);

export const toldSchema = named("Told", z.strictObject({ told: count().describe("Agents that it goes to.") }));
export const removedSchema = named("Removed", z.strictObject({ removed: z.boolean() }));

export const agentEventSchema = named(
  "AgentEvent",
  z.strictObject({ id: z.int(), at_ms: timeMs(), uid: uid(), kind: z.string(), text: z.string() }),
);

export const configSchema = named(
  "Config",
  z.strictObject({
    name: z.string(),
    version: versionNumber(),
    hash: z.string(),
    files: z.array(z.string()),
    byte_length: count(),
    created_ms: timeMs(),
    who: z.string(),
    note: z.string(),
  }),
);

const configFileSchema = named(
  "ConfigFile",
  z.strictObject({
    name: z.string().max(256).default(""),
    text: z.string().max(MAX_BODY_CHARS).optional(),
    base64: z.base64().max(MAX_BODY_CHARS).optional().describe("Instead of text, of what is no UTF-8."),
    content_type: z.string().max(256).default("text/yaml"),
    role: z.string().max(256).default(""),
  }).refine((file) => (file.text === undefined) !== (file.base64 === undefined), "wanted either text or base64"),
);

export const configUploadSchema = named(
  "ConfigUpload",
  z.strictObject({
    files: z.array(configFileSchema).min(1).max(64),
    base: z.array(configFileSchema).max(64).default([])
      .describe("What the gateways have of their own, for the check alone: it is not kept."),
    note: z.string().max(1_024).default(""),
    validate: z.boolean().default(true)
      .describe("By the gateway's own rules, all files merged in the order of their names. Not for other agents."),
  }),
);

export const configContentSchema = named(
  "ConfigContent",
  z.strictObject({ config: configSchema, files: z.array(configFileSchema) }),
);

const fileDiffSchema = named(
  "FileDiff",
  z.strictObject({
    file: z.string(),
    change: z.enum(["added", "removed", "changed"]),
    diff: z.string().describe("Unified; empty when it is no text."),
    is_cut: z.boolean(),
  }),
);

export const configDiffSchema = named(
  "ConfigVersionsDiff",
  z.strictObject({ from: configRefSchema, to: configRefSchema, files: z.array(fileDiffSchema) }),
);

const configChoice = z.strictObject({
  name: configName(),
  version: versionNumber().optional().describe("Default the newest."),
});

export const assignRequestSchema = named(
  "AssignRequest",
  z.strictObject({ selector: selector(), priority: priority().default(0), config: configChoice }),
);

export const assignmentSchema = named(
  "Assignment",
  z.strictObject({
    selector: z.string(),
    priority: z.int(),
    config: configRefSchema,
    sequence: z.int(),
    changed_ms: timeMs(),
    who: z.string(),
  }),
);

export const selectorViewSchema = named(
  "SelectorView",
  z.strictObject({
    selector: z.string().describe("Canonical."),
    specificity: z.int(),
    matched: count(),
    connected: count(),
    first: z.array(uid()),
  }),
);

export const explainSchema = named(
  "Explanation",
  z.strictObject({
    uid: uid(),
    assigned: configRefSchema.nullable(),
    reported: z.strictObject({
      hash: z.string(),
      state: stateSchema,
      error: z.string(),
      config: configRefSchema.nullable(),
    }),
    effective_hash: z.string().nullable(),
    sync: syncSchema,
    rules: z.array(z.strictObject({
      kind: z.enum(["rollout", "pin", "assignment"]),
      rollout: z.int(),
      selector: z.string(),
      priority: z.int(),
      specificity: z.int(),
      config: configRefSchema,
      matches: z.boolean(),
      wins: z.boolean(),
      why: z.string(),
      conditions: z.array(
        z.strictObject({ condition: z.string(), value: z.string().optional(), holds: z.boolean() }),
      ),
    })),
  }),
);

const amount = z.union([
  z.strictObject({ share: z.number().describe("Above 0 up to 1.") }),
  z.strictObject({ count: z.int().describe("From 1.") }),
]);

const limits = z.strictObject({
  failed: z.number(),
  stuck: z.number(),
  silent: z.number(),
  unhealthy: z.number(),
  disconnected: z.number(),
  error_rate: z.number(),
  min_agents: z.int(),
  min_items: z.int(),
}).describe("Shares, 0 to 1; error_rate above its baseline.");

export const rolloutRequestSchema = named(
  "RolloutRequest",
  z.strictObject({
    name: z.string().max(128).optional(),
    selector: selector(),
    config: configChoice,
    priority: priority().optional(),
    stages: z.array(z.strictObject({
      share: z.number().optional(),
      count: z.int().optional(),
      soak_ms: z.int().optional(),
      limits: limits.partial().optional(),
    })).max(32).optional().describe("Default 1 agent, 1 min; 2 %, 5 min; 10 %, 10 min; 100 %, 5 min."),
    limits: limits.partial().optional().describe("For every stage that does not say otherwise."),
    max_applying: amount.optional().describe("At the same time. Default a tenth."),
    initial_applying: z.int().optional(),
    applying_growth: z.number().optional().describe("How many more each APPLIED allows. Default 0.25."),
    apply_timeout_ms: z.int().optional(),
    away_grace_ms: z.int().optional(),
    unhealthy_grace_ms: z.int().optional(),
    on_conflict: z.enum(["refuse", "queue"]).optional(),
    seed: z.string().max(128).optional(),
  }),
);

const stage = z.strictObject({ reach: amount, soak_ms: z.number(), limits });
const spec = named(
  "RolloutSpec",
  z.strictObject({
    name: z.string(),
    selector: z.string(),
    config: configRefSchema,
    priority: z.int(),
    stages: z.array(stage),
    max_applying: amount,
    initial_applying: z.int(),
    applying_growth: z.number(),
    apply_timeout_ms: z.int(),
    away_grace_ms: z.int(),
    unhealthy_grace_ms: z.int(),
    on_conflict: z.enum(["refuse", "queue"]),
  }),
);

const traffic = z.strictObject({ items: z.number(), errors: z.number() });
const figures = z.strictObject({
  agents: count(),
  failed: count(),
  stuck: count(),
  silent: count(),
  unhealthy: count(),
  disconnected: count(),
  control: z.strictObject({ agents: count(), unhealthy: count(), disconnected: count() }),
  traffic: z.strictObject({ changed: traffic, before: traffic, control: traffic }),
});

export const rolloutStateSchema = z.enum([
  "queued",
  "running",
  "paused",
  "rolling_back",
  "completed",
  "rolled_back",
  "aborted",
]);

export const rolloutSchema = named(
  "Rollout",
  z.strictObject({
    id: z.int(),
    name: z.string(),
    state: rolloutStateSchema,
    selector: z.string(),
    priority: z.int(),
    config: configRefSchema,
    stages: z.array(stage.extend({
      state: z.enum(["waiting", "releasing", "soaking", "passed", "stopped"]),
      judged: z.boolean().nullable().describe(
        "Enough was handled for the error rate to be judged; null when the stage was not passed.",
      ),
    })),
    stage: z.int().describe("Index into the stages."),
    spec,
    who: z.string(),
    reason: z.string().describe("Why it is rolled back or aborted; otherwise empty."),
    created_ms: timeMs(),
    started_ms: timeMs(),
    stage_started_ms: timeMs(),
    ended_ms: timeMs(),
    retry_of: z.int(),
    error_rate: z.string().describe(
      "Of the agents with the version, or why it is not judged, for people; empty before there are any.",
    ),
    judged: z.boolean().nullable().describe(
      "The error rate was judged in one of the stages that were passed: where it is false, a rollout that has completed " +
        "says nothing about it. null as long as no stage was passed.",
    ),
    counts: z.record(z.string(), z.number()).describe("Agents by how they are; when it has ended, as they were then."),
    progress: z.strictObject({
      target: count(),
      window: count(),
      soak_left_ms: z.number().nullable(),
      figures,
    }).optional(),
    waits_for: z.array(z.int()),
  }),
);

export const dryRunSchema = named(
  "DryRun",
  z.strictObject({
    spec,
    problems: z.array(z.string()),
    conflicts: z.array(z.int()),
    matched: count(),
    changing: count(),
    changing_away: count(),
    unchanged: count(),
    shadowed: count(),
    incapable: count(),
    stages: z.array(z.strictObject({ reach: amount, agents: count(), first: z.array(uid()) })),
    origins: z.array(
      z.strictObject({ config: configRefSchema.nullable(), agents: count(), diff: z.array(fileDiffSchema) }),
    ),
  }),
);

export const abortRequestSchema = named(
  "AbortRequest",
  z.strictObject({
    rollback: z.boolean().default(true).describe("Agents get back what they had."),
    reason: z.string().max(500).default(""),
  }),
);

export const memberSchema = named(
  "RolloutAgent",
  z.strictObject({
    rollout: z.int(),
    uid: uid(),
    phase: z.enum(["applying", "applied", "failed", "stuck", "silent"]),
    released_ms: timeMs(),
    was_healthy: z.boolean(),
    before_items: z.number(),
    before_errors: z.number(),
    error: z.string(),
  }),
);

export const rolloutEventSchema = named(
  "RolloutEvent",
  z.strictObject({
    id: z.int(),
    rollout: z.int().describe("0: of no rollout."),
    at_ms: timeMs(),
    kind: z.string(),
    who: z.string(),
    text: z.string(),
    numbers: z.record(z.string(), z.number()),
  }),
);

export const agentTokenSchema = named(
  "AgentToken",
  z.strictObject({ id: z.string(), label: z.string(), created_ms: timeMs() }),
);

export const tokenRequestSchema = named("TokenRequest", z.strictObject({ label: z.string().min(1).max(128) }));

export const madeTokenSchema = named(
  "MadeToken",
  z.strictObject({ id: z.string(), token: z.string().describe("Shown this once.") }),
);

export const controllerAuditSchema = named(
  "ControllerAuditEntry",
  z.strictObject({
    at_ms: timeMs(),
    who: z.string(),
    operation: z.string(),
    target: z.string(),
    detail: z.string(),
  }),
);

export type Agent = z.output<typeof agentSchema>;
export type AgentDetail = z.output<typeof agentDetailSchema>;
export type ConfigUpload = z.output<typeof configUploadSchema>;
export type ConfigFileView = z.output<typeof configFileSchema>;
export type Rollout = z.output<typeof rolloutSchema>;
