/**
 * What a schema looks like from outside: a leaf, a section with keys, a list, a map, or one of several. Errors, masking
 * and the configuration reference walk schemas by it; nobody else knows how zod keeps them.
 *
 * @module
 */

import { z } from "zod";

/** What the docs and the masking need to know of a leaf; kept in zod's metadata. */
export interface LeafMeta {
  /** The kind as people read it: `duration`, `bytes`, `string`. */
  readonly kind: string;
  /** Its value never leaves the process in clear. */
  readonly secret?: boolean;
  /** Its text names a component of this section. */
  readonly reference?: string;
  /** Whether its text asks for what a client said of itself in headers. */
  readonly asksMetadata?: (text: string) => boolean;
  /** When it is true, headers are kept. */
  readonly keepsMetadata?: boolean;
  /** Its text names a file without which its component does not start. */
  readonly readAtStart?: boolean;
  /** The words that an enum takes. */
  readonly words?: readonly string[];
  readonly [key: string]: unknown;
}

type Schema = z.core.$ZodType;

/** A schema without its wrappers. */
export type SchemaForm =
  | { readonly kind: "leaf"; readonly meta: LeafMeta }
  | { readonly kind: "section"; readonly keys: Readonly<Record<string, Schema>> }
  | { readonly kind: "list"; readonly item: Schema }
  | { readonly kind: "map"; readonly value: Schema }
  | { readonly kind: "union"; readonly options: readonly Schema[] }
  | { readonly kind: "other"; readonly name: string };

/** How a key's presence is told: what an absent key gives. */
export interface Presence {
  /** Absent is an error. */
  readonly required: boolean;
  /** What an absent key gives; undefined when there is no default. */
  readonly defaultValue: unknown;
}

/** Looks through defaults, transforms and refinements at what the schema takes. */
export function schemaForm(schema: Schema): SchemaForm {
  const meta = z.globalRegistry.get(schema) as Partial<LeafMeta> | undefined;
  if (typeof meta?.kind === "string") return { kind: "leaf", meta: { ...meta, kind: meta.kind } };
  const inner = unwrap(schema);
  if (inner !== undefined) return schemaForm(inner);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === "object") return { kind: "section", keys: def.shape };
  if (def.type === "array") return { kind: "list", item: def.element };
  if (def.type === "record") return { kind: "map", value: def.valueType };
  if (def.type === "union") return { kind: "union", options: def.options };
  return { kind: "other", name: def.type };
}

/** The schema inside a wrapper; undefined when it is none. */
function unwrap(schema: Schema): Schema | undefined {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "default":
    case "prefault":
    case "optional":
    case "nullable":
    case "nonoptional":
    case "readonly":
    case "catch":
      return def.innerType;
    case "lazy":
      return def.getter();
    case "pipe": // `.transform()` has its transform behind, a preprocess in front; of two schemas the last decides
      return (def.out as z.core.$ZodTypes)._zod.def.type === "transform" ? def.in : def.out;
    default:
      return undefined;
  }
}

/** Whether a key may be absent, and what that gives. */
export function schemaPresence(schema: Schema): Presence {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === "default" || def.type === "prefault") return { required: false, defaultValue: def.defaultValue };
  if (def.type === "optional") return { required: false, defaultValue: z.globalRegistry.get(schema)?.["fallback"] };
  const inner = unwrap(schema);
  if (inner === undefined || def.type === "nonoptional") return { required: true, defaultValue: undefined };
  return schemaPresence(inner);
}

/** The schemas that may apply to the value below `key`: none when the key is unknown, several below a union. */
export function childSchemas(schema: Schema, key: string | number): readonly Schema[] {
  const form = schemaForm(schema);
  switch (form.kind) {
    case "section": {
      const child = Object.hasOwn(form.keys, key) ? form.keys[key] : undefined;
      return child === undefined ? [] : [child];
    }
    case "list":
      return typeof key === "number" ? [form.item] : [];
    case "map":
      return typeof key === "string" ? [form.value] : [];
    case "union":
      return form.options.flatMap((option) => childSchemas(option, key));
    case "leaf":
    case "other":
      return [];
  }
}
