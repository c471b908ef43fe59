/**
 * What the admin API takes and gives, once: these schemas check requests, type the handlers and the client, and are
 * printed as the components of the OpenAPI document.
 *
 * Names are `snake_case`, units stand in them, times are milliseconds since 1970. What is not known is null.
 *
 * @module
 */

import { z } from "zod";
import { LOG_LEVELS } from "../../pipeline/core/log/logger.ts";
import { SIGNAL_NAMES } from "../../pipeline/otlp/signals.ts";
import { exporterStateSchema } from "./exporter_schema.ts";
import { count, named, problemPlaceSchema, timeMs } from "../api/schemas.ts";

/** YAML of one source, characters; the loader's own bound of 4 MiB is in bytes. */
const MAX_SOURCE_CHARS = 4 * 1024 * 1024;
/** OTLP/JSON of a try-out, characters. */
const MAX_TRIAL_CHARS = 256 * 1024;
/** Characters of a trial's payload times its statements and conditions: four texts for the largest. */
export const MAX_TRIAL_WORK: number = 4 * MAX_TRIAL_CHARS;

const signal = () => z.enum(SIGNAL_NAMES);

export const probeSchema = named(
  "Probe",
  z.strictObject({ ok: z.boolean(), reason: z.string().describe("Empty when it is ok.") }),
);

export const historyEntrySchema = named(
  "ConfigEntry",
  z.strictObject({
    id: z.int().min(0),
    at_ms: timeMs(),
    who: z.string(),
    origin: z.enum(["start", "signal", "watch", "admin", "opamp", "rollback", "health"]),
    outcome: z.enum(["watching", "good", "rolled_back", "superseded", "failed", "interrupted"]),
    reasons: z.array(z.string()).describe("Why it failed, was gone back from, or was not judged."),
    version: z.string().describe("Of its content; empty when it could not be read."),
    diff: z.string().describe("A unified diff against the one before, secrets masked."),
    took_ms: count(),
  }),
);

export const statusSchema = named(
  "Status",
  z.strictObject({
    build: z.strictObject({ version: z.string(), deno: z.string(), v8: z.string(), typescript: z.string() }),
    state: z.enum(["starting", "ready", "not_ready", "stopping"]),
    started_at_ms: timeMs(),
    uptime_ms: count(),
    pid: z.int(),
    threads: z.array(z.string()).describe("Names that profiles can be asked of."),
    workers: z.strictObject({ wanted: z.int().min(0), alive: z.int().min(0) }),
    config: historyEntrySchema,
    pipelines: z.int().min(0),
    components: z.int().min(0),
    exporters: z.array(exporterStateSchema).describe("One a signal; of a hundred and more those that do worst."),
    exporters_total: z.int().min(0),
    memory_rss_bytes: count(),
  }),
);

const originSchema = named(
  "ValueOrigin",
  z.strictObject({
    kind: z.enum(["file", "env", "set", "text", "remote", "built_in", "default"]),
    source: z.string().describe("The file, the variable or the option; empty for a default."),
    line: z.int().min(0),
    column: z.int().min(0),
    expanded_from: z.array(z.string()).describe("Variables and files that ${…} took it from."),
  }),
);

export const configValueSchema = named(
  "ConfigValue",
  z.strictObject({
    path: z.string(),
    value: z.string().describe("As YAML; [REDACTED] for a secret."),
    origin: originSchema,
  }),
);

export const effectiveConfigSchema = named(
  "EffectiveConfig",
  z.strictObject({
    entry: historyEntrySchema,
    yaml: z.string().describe("Merged and expanded, secrets masked."),
  }),
);

const configSourceSchema = named(
  "ConfigSource",
  z.strictObject({
    name: z.string().min(1).max(200).regex(/^[\w.@/-]+$/).default("config.yaml")
      .describe("What its places are called."),
    text: z.string().max(MAX_SOURCE_CHARS).describe("YAML of the collector's form."),
  }),
);

export const configRequestSchema = named(
  "ConfigRequest",
  z.strictObject({
    sources: z.array(configSourceSchema).min(1).max(20).describe("Merged in order; later ones win."),
    set: z.array(z.string().max(10_000)).max(100).default([]).describe("key.key=value over all sources."),
  }),
);

export const configCheckSchema = named(
  "ConfigCheck",
  z.strictObject({
    valid: z.boolean(),
    problems: z.array(problemPlaceSchema),
    obstacles: z.array(z.string()).describe("What else would keep it from starting, such as a port in use."),
    version: z.string(),
    running_version: z.string(),
  }),
);

export const configDiffSchema = named(
  "ConfigDiff",
  z.strictObject({
    version: z.string(),
    running_version: z.string(),
    diff: z.string().describe("A unified diff, secrets masked; empty when nothing would change."),
    problems: z.array(problemPlaceSchema),
  }),
);

export const appliedSchema = named(
  "AppliedConfig",
  z.strictObject({
    entry: historyEntrySchema,
    changed: z.boolean().describe("False when it is what ran already."),
    kept: z.array(z.string()),
    replaced: z.array(z.string()).describe("Made anew: its settings, or what it passes data to, have changed."),
    added: z.array(z.string()),
    removed: z.array(z.string()),
    watch: z.strictObject({
      until_ms: timeMs(),
      back_to: z.strictObject({ id: z.int().min(0), version: z.string() }).describe("What it goes back to by itself."),
    }).nullable().describe("The health window that is open; null: none is."),
  }),
);

export const rollbackRequestSchema = named("RollbackRequest", z.strictObject({ id: z.int().min(0) }));

const rate = () => z.number().nullable().describe("Per second; null when no counter tells.");

const flowSchema = named(
  "Flow",
  z.strictObject({
    items_total: z.number().nullable(),
    items_per_second: rate(),
    bytes_per_second: rate(),
    errors_per_second: rate(),
  }),
);

const nodeSchema = named(
  "Node",
  z.strictObject({
    id: z.string(),
    kind: z.enum(["receiver", "processor", "exporter", "connector"]),
    component: z.string().describe("The id as configured: otlphttp/eu."),
    type: z.string(),
    pipeline: z.string().nullable().describe("Of a processor."),
    signals: z.array(signal()),
  }),
);

const edgeSchema = named(
  "Edge",
  z.strictObject({ from: z.string(), to: z.string(), pipeline: z.string(), signal: signal(), flow: flowSchema }),
);

export const graphSchema = named(
  "Graph",
  z.strictObject({
    version: z.string(),
    nodes: z.array(nodeSchema),
    edges: z.array(edgeSchema),
    window_ms: count().describe("What the rates were taken over; 0 when there is no second sample yet."),
  }),
);

const counterSchema = named(
  "Counter",
  z.strictObject({
    name: z.string(),
    attributes: z.record(z.string(), z.string()),
    value: z.number(),
    per_second: rate(),
  }),
);

export const componentSchema = named(
  "Component",
  z.strictObject({
    id: z.string().describe("receiver:otlp, extension:health_check"),
    kind: z.enum(["receiver", "processor", "exporter", "connector", "extension"]),
    component: z.string(),
    type: z.string(),
    state: z.enum(["running", "unused"]).describe("Unused: configured, and named by no pipeline."),
    place: z.string().describe("Where it is configured: file:line:column."),
    pipelines: z.array(z.string()),
    config: z.string().describe("YAML, secrets masked."),
    counters: z.array(counterSchema),
    last_errors: z.array(z.strictObject({ at_ms: timeMs(), level: z.enum(["warn", "error"]), message: z.string() })),
  }),
);

export const queueSchema = named(
  "Queue",
  z.strictObject({
    id: z.string().describe("Of the exporter's node: exporter:otlphttp/eu:traces."),
    exporter: z.string(),
    signal: signal(),
    state: z.enum(["running", "paused"]),
    unit: z.enum(["requests", "items", "bytes"]),
    depth: count().describe("What is queued and in flight, of all threads, in the unit."),
    capacity: count(),
    in_flight_requests: count(),
    waiting_requests: count().describe("Senders that wait for room."),
    oldest_age_ms: z.number().nullable().describe("Of what has been held longest; null when it holds nothing."),
  }),
);

export const queueStateSchema = named("QueueState", z.strictObject({ state: z.enum(["running", "paused"]) }));
export const drainRequestSchema = named(
  "DrainRequest",
  z.strictObject({ timeout_ms: z.int().min(0).max(60_000).default(10_000) }),
);
export const drainedSchema = named("Drained", z.strictObject({ drained: z.boolean(), queue: queueSchema }));

export const logLevelSchema = named(
  "LogLevel",
  z.strictObject({
    level: z.enum(LOG_LEVELS),
    configured: z.enum(LOG_LEVELS).describe("What service::telemetry::logs says; a change of it takes over again."),
  }),
);
export const logLevelRequestSchema = named("LogLevelRequest", z.strictObject({ level: z.enum(LOG_LEVELS) }));

export const ottlRequestSchema = named(
  "OttlRequest",
  z.strictObject({
    statements: z.array(z.string().max(10_000)).max(20).default([]),
    conditions: z.array(z.string().max(10_000)).max(20).default([]),
    signal: signal().optional().describe("Absent: the payload's first key tells."),
    context: z.string().max(50).optional().describe("Absent: the paths tell."),
    error_mode: z.enum(["propagate", "ignore", "silent"]).default("propagate"),
    payload: z.string().max(MAX_TRIAL_CHARS).describe("OTLP/JSON, as text."),
    explain_item: z.int().min(1).max(10_000).default(1).describe("Which item the explanation is of."),
  }),
);
export const ottlTrialSchema = named(
  "OttlTrial",
  z.strictObject({
    signal: signal(),
    context: z.string(),
    payload: z.string().describe("OTLP/JSON after the statements."),
    changes: z.array(z.string()).describe("+ new, - gone, ~ another."),
    failures: z.array(z.string()),
    explanation: z.array(z.string()).describe("For one item: what each statement read, matched and changed."),
  }),
);

export const profileRequestSchema = named(
  "ProfileRequest",
  z.strictObject({
    thread: z.string().max(40).default("control"),
    duration_ms: z.int().min(10).max(60_000).default(5_000),
  }),
);
export const cpuProfileSchema = named(
  "CpuProfile",
  z.looseObject({ nodes: z.array(z.unknown()), startTime: z.number(), endTime: z.number() })
    .describe("As Chrome DevTools takes it (.cpuprofile)."),
);
export const heapRequestSchema = named(
  "HeapRequest",
  z.strictObject({ thread: z.string().max(40).default("control") }),
);
export const heapSnapshotSchema = named(
  "HeapSnapshot",
  z.strictObject({ path: z.string().describe("In the state directory of the gateway's machine."), bytes: count() }),
);

export const tapQuerySchema = z.strictObject({
  duration_ms: z.coerce.number().int().min(100).max(300_000).default(30_000).describe("When the tap ends by itself."),
  max_samples: z.coerce.number().int().min(1).max(1_000).default(100),
  per_second: z.coerce.number().min(0.1).max(20).default(2).describe("Samples at the most, of each thread."),
  max_items: z.coerce.number().int().min(1).max(100).default(10).describe("Items of one sample; the rest is left out."),
  mask: z.string().max(2_000).default("").describe("Attributes whose values are masked, by comma."),
});
/** `data` of the events of a tap. */
export const tapEventSchema = named(
  "TapEvent",
  z.discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("sample"),
      thread: z.string(),
      at_ms: timeMs(),
      signal: signal(),
      items: z.int().min(0).describe("Of the payload; the sample may hold fewer."),
      bytes: z.int().min(0),
      payload: z.unknown().describe("OTLP/JSON of the first items, secrets masked; null when it is too large to show."),
    }),
    z.strictObject({
      type: z.literal("end"),
      reason: z.enum(["duration", "max_samples", "slow_client", "shutdown"]),
      samples: z.int().min(0),
      dropped: z.int().min(0).describe("Samples that the client was too slow for."),
    }),
  ]),
);

export type Probe = z.output<typeof probeSchema>;
export type HistoryEntry = z.output<typeof historyEntrySchema>;
export type Status = z.output<typeof statusSchema>;
export type ValueOrigin = z.output<typeof originSchema>;
export type ConfigValue = z.output<typeof configValueSchema>;
export type EffectiveConfig = z.output<typeof effectiveConfigSchema>;
export type ConfigRequest = z.output<typeof configRequestSchema>;
export type ConfigCheck = z.output<typeof configCheckSchema>;
export type ConfigDiff = z.output<typeof configDiffSchema>;
export type Applied = z.output<typeof appliedSchema>;
export type Flow = z.output<typeof flowSchema>;
export type GraphNode = z.output<typeof nodeSchema>;
export type GraphEdge = z.output<typeof edgeSchema>;
export type GraphView = z.output<typeof graphSchema>;
export type CounterView = z.output<typeof counterSchema>;
export type ComponentView = z.output<typeof componentSchema>;
export type Queue = z.output<typeof queueSchema>;
export type QueueState = Queue["state"];
export type Drained = z.output<typeof drainedSchema>;
export type LogLevelView = z.output<typeof logLevelSchema>;
export type OttlRequest = z.output<typeof ottlRequestSchema>;
export type OttlTrial = z.output<typeof ottlTrialSchema>;
export type ProfileRequest = z.output<typeof profileRequestSchema>;
export type CpuProfile = z.output<typeof cpuProfileSchema>;
export type HeapSnapshot = z.output<typeof heapSnapshotSchema>;
export type TapQuery = z.output<typeof tapQuerySchema>;
export type TapEvent = z.output<typeof tapEventSchema>;
