/**
 * Exporter `nop`: takes everything and keeps nothing. For trying out a pipeline, and for measuring one.
 *
 * @module
 */

import type { z } from "zod";
import { section } from "../config/schema.ts";
import type { ExporterFactory } from "../contract/component.ts";
import { KEPT } from "../contract/consumer.ts";
import { SIGNAL_NAMES } from "../otlp/signals.ts";

const nopSchema = section({});

export type NopConfig = z.output<typeof nopSchema>;

export const nopFactory: ExporterFactory<NopConfig> = {
  type: "nop",
  summary: "Takes everything and keeps nothing.",
  schema: nopSchema,
  signals: SIGNAL_NAMES,
  create: () => ({ consume: () => Promise.resolve(KEPT) }),
};
