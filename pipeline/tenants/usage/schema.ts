/**
 * `tenancy.usage`: whether and how long it is kept what tenants used.
 *
 * @module
 */

import type { z } from "zod";
import { durationMs, int, section, text } from "../../config/schema.ts";

const DAY_MS = 24 * 3_600_000;

export const usageSchema = section({
  /** Absent: usage is in the metrics alone. */
  file: text().optional(),
  retention: durationMs({ minMs: 3_600_000 }).default(31 * DAY_MS),
  max_size_mib: int({ min: 1, max: 1_048_576 }).default(1_024),
  /** Tenants that have metrics of their own. */
  top_tenants: int({ min: 1, max: 250 }).default(50),
}).prefault({});

export type UsageConfig = z.output<typeof usageSchema>;
