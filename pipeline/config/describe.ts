/**
 * The configuration reference, written by the schemas themselves: what the docs say is what the check does.
 *
 * @module
 */

import { z } from "zod";
import {
  type CatalogEntry,
  COMPONENT_SECTIONS,
  type ComponentCatalog,
  type ComponentSection,
} from "./gateway_config.ts";
import { schemaForm, schemaPresence } from "./schema_form.ts";
import { telemetrySchema } from "./service_telemetry.ts";

/** One key of a section. */
export interface KeyRow {
  /** Below the component: `protocols.http.endpoint`; `[]` stands for each item, `<key>` for each key. */
  readonly key: string;
  readonly type: string;
  /**
   * As YAML; or "required" when it must be given, "as below" of a section with its keys' defaults, "off" of one that does
   * nothing while its key is absent, "none" of a value that nothing stands for.
   */
  readonly defaultText: string;
}

/** Says what a key means, by its path from its section on: `exporters.kafka.tls.ca_file`. */
export type Meaning = (path: string) => string;

type Schema = z.core.$ZodType;

/** Every key that a schema takes, sections before what is in them. */
export function describeSchema(schema: Schema): KeyRow[] {
  return rowsBelow(schema, "");
}

function rowsBelow(schema: Schema, prefix: string): KeyRow[] {
  const form = schemaForm(schema);
  switch (form.kind) {
    case "section":
      return Object.entries(form.keys).flatMap(([key, child]) =>
        keyRows(prefix === "" ? key : `${prefix}.${key}`, child)
      );
    case "list":
      return rowsBelow(form.item, `${prefix}[]`);
    case "map":
      return rowsBelow(form.value, prefix === "" ? "<key>" : `${prefix}.<key>`);
    case "union":
      return distinct(form.options.flatMap((option) => rowsBelow(option, prefix)));
    case "leaf":
    case "other":
      return [];
  }
}

function distinct(rows: readonly KeyRow[]): KeyRow[] {
  return [...new Map(rows.map((row) => [row.key, row])).values()];
}

function keyRows(key: string, schema: Schema): KeyRow[] {
  return [{ key, type: typeName(schema), defaultText: defaultText(schema) }, ...rowsBelow(schema, key)];
}

function typeName(schema: Schema): string {
  const form = schemaForm(schema);
  switch (form.kind) {
    case "section":
      return "section";
    case "list":
      return schemaForm(form.item).kind === "leaf" ? `list of ${typeName(form.item)}` : "list of sections";
    case "map":
      return schemaForm(form.value).kind === "leaf" ? `map of ${typeName(form.value)}` : "map of sections";
    case "union":
      return [...new Set(form.options.map(typeName))].join(" or ");
    case "other":
      return form.name;
    case "leaf":
      if (form.meta.words !== undefined) return form.meta.words.map((word) => word === "" ? '""' : word).join(", ");
      return form.meta.secret === true ? `${form.meta.kind} (secret)` : form.meta.kind;
  }
}

function defaultText(schema: Schema): string {
  const { required, defaultValue } = schemaPresence(schema);
  const form = schemaForm(schema);
  if (form.kind === "section") return sectionDefault(schema, required, defaultValue);
  if (defaultValue === undefined) return required ? "required" : "none";
  if (form.kind === "leaf" && form.meta.kind === "duration") return formatDurationMs(Number(defaultValue));
  return typeof defaultValue === "string" && defaultValue !== "" ? defaultValue : JSON.stringify(defaultValue);
}

/** A section that is neither off nor given a default takes that of its keys, where each of them has one. */
function sectionDefault(schema: Schema, required: boolean, defaultValue: unknown): string {
  if (!required) return defaultValue === undefined ? "off" : "as below";
  return z.safeParse(schema, undefined).success ? "as below" : "required";
}

const UNITS_MS = [["h", 3_600_000], ["m", 60_000], ["s", 1_000], ["ms", 1]] as const;

/** A duration in the largest unit that divides it: `1h`, `90s`, `200ms`. */
export function formatDurationMs(durationMs: number): string {
  const [unit, unitMs] = UNITS_MS.find(([, each]) => durationMs !== 0 && durationMs % each === 0) ?? ["ms", 1];
  return durationMs === 0 ? "0" : `${durationMs / unitMs}${unit}`;
}

/** One Markdown table of a schema's keys; `path` is that of the section. */
export function describeTable(schema: Schema, path: string, meaning: Meaning): string {
  return keyTable(describeSchema(schema), path, meaning);
}

function keyTable(rows: readonly KeyRow[], path: string, meaning: Meaning): string {
  if (rows.length === 0) return "No settings.";
  const lines = rows.map(({ key, type, defaultText }) =>
    `| \`${key}\` | ${cell(type)} | ${cell(code(defaultText))} | ${cell(meaning(`${path}.${key}`))} |`
  );
  return ["| Key | Type | Default | Meaning |", "| --- | --- | --- | --- |", ...lines].join("\n");
}

const WORDS: readonly string[] = ["required", "off", "none", "as below"];
const code = (text: string) => WORDS.includes(text) ? text : `\`${text}\``;
const cell = (text: string) =>
  text.split("`").map((part, at) => at % 2 === 1 ? part : part.replaceAll("<", "\\<")).join("`").replaceAll("|", "\\|");

/** `service` has no schema: `service.ts` reads it. */
const SERVICE_ROWS: readonly KeyRow[] = [
  { key: "extensions", type: "list of extension ids", defaultText: "[]" },
  { key: "pipelines", type: "map of sections", defaultText: "required" },
  { key: "pipelines.<key>.receivers", type: "list of ids", defaultText: "required" },
  { key: "pipelines.<key>.processors", type: "list of ids", defaultText: "[]" },
  { key: "pipelines.<key>.exporters", type: "list of ids", defaultText: "required" },
  { key: "telemetry", type: "section", defaultText: "as below" },
];

/** The whole reference: every component of the catalog, then `service`. */
export function describeCatalog(catalog: ComponentCatalog, meaning: Meaning): string {
  const sections = Object.keys(COMPONENT_SECTIONS) as ComponentSection[];
  const parts = sections.filter((section) => catalog[section].length > 0).flatMap((section) => [
    `## ${section.charAt(0).toUpperCase()}${section.slice(1)}`,
    ...catalog[section].map((entry) => describeComponent(section, entry, meaning)),
  ]);
  return [
    ...parts,
    "## service",
    keyTable(SERVICE_ROWS, "service", meaning),
    "## service::telemetry",
    describeTable(telemetrySchema, "service.telemetry", meaning),
  ].join("\n\n");
}

/** The reference of the other top-level keys. */
export function describeSettings({ settings = [] }: Pick<ComponentCatalog, "settings">, meaning: Meaning): string {
  return settings.map(({ key, summary, schema }) =>
    [`### ${key}`, summary, describeTable(schema, key, meaning)].join("\n\n")
  ).join("\n\n");
}

function describeComponent(section: ComponentSection, entry: CatalogEntry, meaning: Meaning): string {
  const facts = [
    entry.summary ?? "",
    entry.aliases === undefined || entry.aliases.length === 0 ? "" : `Also called ${names(entry.aliases)}.`,
    entry.signals === undefined ? "" : `Signals: ${entry.signals.join(", ")}.`,
    entry.routes === undefined ? "" : `From and to: ${routeNames(entry.routes)}.`,
  ];
  const table = describeTable(entry.schema, `${section}.${entry.type}`, meaning);
  return [`### ${entry.type}`, facts.filter((fact) => fact !== "").join(" "), table]
    .filter((part) => part !== "").join("\n\n");
}

const names = (aliases: readonly string[]) => aliases.map((alias) => `\`${alias}\``).join(", ");

function routeNames(routes: NonNullable<CatalogEntry["routes"]>): string {
  return routes.map(({ from, to }) => from === to ? from : `${from} to ${to}`).join(", ");
}
