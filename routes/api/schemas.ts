/**
 * What every API of ours gives: lists in pages, problems, entries of an audit log.
 *
 * Names are `snake_case`, units stand in them, times are milliseconds since 1970. What is not known is null.
 *
 * @module
 */

import { z } from "zod";

/** Items that one answer may hold, and how many when nobody says. */
const MAX_PAGE_ITEMS = 500;
const DEFAULT_PAGE_ITEMS = 100;

export const count = (): z.ZodNumber => z.number().min(0);
export const timeMs = (): z.ZodNumber => z.number().describe("Milliseconds since 1970-01-01T00:00Z.");

/** A schema that is printed once, under this name. */
export const named = <T extends z.ZodType>(id: string, schema: T): T => schema.meta({ id });

export const problemPlaceSchema = named(
  "ConfigProblem",
  z.strictObject({
    severity: z.enum(["error", "warning"]),
    path: z.string().describe("As the collector writes it: receivers::otlp::protocols; empty for the whole."),
    message: z.string(),
    file: z.string(),
    line: z.int().min(0).describe("From 1; 0 when the source as a whole is meant."),
    column: z.int().min(0),
  }),
);

export const problemSchema = named(
  "Problem",
  z.looseObject({
    type: z.string().describe("A name of the kind of problem, below urn:sluice:problem: or about:blank."),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().optional(),
    problems: z.array(problemPlaceSchema).optional().describe("Of a configuration or of a request."),
    failures: z.array(z.string()).optional().describe("Components that could not be created or started."),
  }).describe("RFC 9457."),
);

export const auditEntrySchema = named(
  "AuditEntry",
  z.strictObject({
    id: z.int().min(1),
    at_ms: timeMs(),
    who: z.string(),
    operation: z.string(),
    target: z.string(),
    status: z.int(),
    detail: z.string(),
  }),
);

export const pageQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_ITEMS).default(DEFAULT_PAGE_ITEMS),
  cursor: z.string().regex(/^\d{1,9}$/).optional().describe("next_cursor of the page before."),
});

/** A part of a list, and where the next one begins. */
export function pageOf<Item extends z.ZodType>(
  id: string,
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; next_cursor: z.ZodNullable<z.ZodString> }, z.core.$strict> {
  return named(id, z.strictObject({ items: z.array(item), next_cursor: z.string().nullable() }));
}

export type ProblemDocument = z.output<typeof problemSchema>;
export type ConfigProblem = z.output<typeof problemPlaceSchema>;
export type AuditEntry = z.output<typeof auditEntrySchema>;
