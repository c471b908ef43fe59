/**
 * A tap of an agent as the API takes and gives it.
 *
 * @module
 */

import { z } from "zod";
import { count, named, timeMs } from "../api/schemas.ts";

/** Bounds of one tap from afar: the agent's own. */
const MAX_AGENT_TAP_MS = 60_000;
const MAX_AGENT_TAP_SAMPLES = 100;

export const agentTapQuerySchema = z.strictObject({
  node: z.string().min(1).max(500).describe("Of the agent's graph: receiver:otlp:traces, exporter:otlp_http:logs."),
  duration_ms: z.coerce.number().int().min(100).max(MAX_AGENT_TAP_MS).default(10_000)
    .describe("When the tap ends by itself."),
  max_samples: z.coerce.number().int().min(1).max(MAX_AGENT_TAP_SAMPLES).default(10),
  per_second: z.coerce.number().min(0.1).max(20).default(2).describe("Samples at the most, of each thread."),
  max_items: z.coerce.number().int().min(1).max(100).default(10).describe("Items of one sample; the rest is left out."),
  mask: z.string().max(2_000).default("").describe("Attributes whose values are masked besides, by comma."),
});

const sampleSchema = z.strictObject({
  type: z.literal("sample"),
  thread: z.string(),
  at_ms: timeMs(),
  signal: z.string(),
  items: count().describe("Of the payload; the sample may hold fewer."),
  bytes: count(),
  payload: z.unknown().describe(
    "OTLP/JSON of the first items, masked by the agent; null when it is too large to show.",
  ),
});

/** What an agent sends. An `end` of its own has no more to it than the numbers. */
export const agentTapMessageSchema = z.discriminatedUnion("type", [
  sampleSchema,
  z.object({
    type: z.literal("end"),
    reason: z.string().max(200),
    samples: count(),
    dropped: count(),
    unsent: count().default(0),
  }),
  z.object({ type: z.literal("refused"), reason: z.string().max(2_000) }),
]);

/** `data` of the events of a tap. */
export const agentTapEventSchema = named(
  "AgentTapEvent",
  z.discriminatedUnion("type", [
    sampleSchema,
    z.strictObject({
      type: z.literal("end"),
      reason: z.string().describe(
        "`duration`, `max_samples`, `slow_client`, `shutdown` as the agent says; `refused`, `disconnected`, `no_answer`.",
      ),
      text: z.string().describe("Why it was refused, in the agent's words."),
      samples: count().describe("That reached the controller."),
      dropped: count().describe("Samples that the agent, or the one who watches, was too slow for."),
    }),
  ]),
);

export type AgentTapQuery = z.output<typeof agentTapQuerySchema>;
export type AgentTapEvent = z.output<typeof agentTapEventSchema>;
