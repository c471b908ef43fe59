/**
 * How a configuration writes OTTL: a flat list of texts, or groups with a context, an error mode and conditions.
 *
 * Every text keeps its place below the list's key, so that what is wrong with it is told there.
 * Source: OTTL reference 19.1 and 20.
 *
 * @module
 */

import { z } from "zod";
import type { ErrorMode } from "../../ottl/mod.ts";
import { bool, leaf, oneOf, readText, section } from "../config/schema.ts";

/** What an error does while statements run: skip and log, skip, or refuse the batch. */
export const errorMode = () => oneOf(["ignore", "silent", "propagate"], { ignoreCase: true });

/** A statement or condition, and where it stands below its list. */
export interface PlacedText {
  readonly text: string;
  readonly path: readonly (string | number)[];
}

export interface GroupConfig {
  /** Where it stands below its list; the flat form is the list itself. */
  readonly path: readonly (string | number)[];
  /** As written; undefined: inferred. */
  readonly context: string | undefined;
  /** undefined: the component's. */
  readonly errorMode: ErrorMode | undefined;
  readonly conditions: readonly PlacedText[];
  readonly statements: readonly PlacedText[];
  /** One cache for all items of the batch, instead of one each. */
  readonly sharedCache: boolean;
}

/** How a text names what a client said of itself in headers. */
const METADATA_PATH = /otelcol\.client\.metadata|\brequest\[/;

/** A statement or condition. @param wanted Which of them. */
export const ottlText = (wanted = "an OTTL text") =>
  leaf("OTTL", wanted, readText, { asksMetadata: (text) => METADATA_PATH.test(text) });
const ottlTexts = () => z.array(ottlText());

const groupContext = () => leaf("string", "the name of a context", (input) => readText(input)?.toLowerCase());

const statementGroup = () =>
  section({
    context: groupContext().optional(),
    error_mode: errorMode().optional(),
    conditions: ottlTexts().default([]),
    statements: ottlTexts().default([]),
    shared_cache: bool().default(false),
  });

const conditionGroup = () =>
  section({
    context: groupContext().optional(),
    error_mode: errorMode().optional(),
    conditions: ottlTexts().default([]),
  });

type Written = string | z.output<ReturnType<typeof conditionGroup>> | z.output<ReturnType<typeof statementGroup>>;

/**
 * `trace_statements` and its like. Texts before a group are refused; texts behind one are taken as one more group, as
 * the reference takes them.
 */
export const statementGroups = () =>
  z.array(z.union([ottlText(), statementGroup()]))
    .superRefine((entries, context) => refuse(context, mixedAt(entries, "string")))
    .transform((entries) => groupsOf(entries, "statements"));

/** `trace_conditions` and its like: all texts, or all groups. */
export const conditionGroups = () =>
  z.array(z.union([ottlText(), conditionGroup()]))
    .superRefine((entries, context) => refuse(context, mixedAt(entries, "string") ?? mixedAt(entries, "object")))
    .transform((entries) => groupsOf(entries, "conditions"));

/** A list of texts of one fixed context, as older configurations have it. */
export const legacyTexts = () =>
  ottlTexts().transform((texts) => texts.map((text, i): PlacedText => ({ text, path: [i] })));

/** The first entry that is of another form than the one before it, where that one is a `first`. */
function mixedAt(entries: readonly Written[], first: "string" | "object"): number | undefined {
  const at = entries.findIndex((entry, i) => i > 0 && typeof entries[i - 1] === first && typeof entry !== first);
  return at === -1 ? undefined : at;
}

function refuse(context: z.core.$RefinementCtx<unknown>, at: number | undefined): void {
  if (at === undefined) return;
  const message = "mixes texts and groups, wanted either a list of texts or a list of groups";
  context.issues.push({ code: "custom", path: [at], message, input: context.value });
}

function groupsOf(entries: readonly Written[], key: "statements" | "conditions"): GroupConfig[] {
  const flat = entries.flatMap((text, i) => typeof text === "string" ? [{ text, path: [i] }] : []);
  const groups = entries.flatMap((entry, i) => typeof entry === "string" ? [] : [groupOf(entry, i)]);
  return flat.length === 0 ? groups : [...groups, { ...EMPTY, [key]: flat }];
}

const EMPTY: GroupConfig = {
  path: [],
  context: undefined,
  errorMode: undefined,
  conditions: [],
  statements: [],
  sharedCache: false,
};

function groupOf(group: Exclude<Written, string>, index: number): GroupConfig {
  const placed = (key: "statements" | "conditions", texts: readonly string[]) =>
    texts.map((text, i) => ({ text, path: [index, key, i] }));
  return {
    path: [index],
    context: group.context,
    errorMode: group.error_mode,
    conditions: placed("conditions", group.conditions),
    statements: "statements" in group ? placed("statements", group.statements) : [],
    sharedCache: "shared_cache" in group && group.shared_cache,
  };
}
