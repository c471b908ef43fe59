/**
 * How an exporter does, as the admin API gives it.
 *
 * @module
 */

import { z } from "zod";
import { SIGNAL_NAMES } from "../../pipeline/otlp/signals.ts";
import { named, timeMs } from "../api/schemas.ts";

const maybe = (what: string) => timeMs().nullable().describe(what);

export const exporterStateSchema = named(
  "ExporterState",
  z.strictObject({
    id: z.string().describe("Of its node: exporter:otlp_http/eu:traces."),
    exporter: z.string(),
    signal: z.enum(SIGNAL_NAMES),
    state: z.enum(["ok", "held", "failing"]).describe(
      "failing: attempts fail, and nothing is delivered. held: nothing has failed, and data does not go on. " +
        "ok: what was tried last was delivered, or nothing was tried.",
    ),
    held_by: z.enum(["pause", "full_queue", "no_answer"]).nullable().describe(
      "full_queue: senders are refused. no_answer: attempts are under way for 5 s and more, and none has ended.",
    ),
    failing_since_ms: maybe("null: it does not fail."),
    last_error: z.strictObject({ at_ms: timeMs(), message: z.string() }).nullable().describe(
      "As the log has it, cut at 500 characters, however long ago; null: there was none.",
    ),
    delivered_at_ms: maybe("When the destination last took something; null: it has not yet."),
    oldest_age_ms: z.number().nullable().describe(
      "Of what its queue has held longest; null: it holds nothing, or there is no queue.",
    ),
  }),
);

export type ExporterState = z.output<typeof exporterStateSchema>;
