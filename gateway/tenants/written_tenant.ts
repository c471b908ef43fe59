/**
 * A tenant as it is written in a file, or is to be: read, checked, and shown without its hashes.
 *
 * @module
 */

import { checkSection } from "../../pipeline/config/check_section.ts";
import { ConfigError } from "../../pipeline/config/problem.ts";
import { anything } from "../../pipeline/config/schema.ts";
import { type ConfigNode, DEFAULT_TREE_LIMITS, toPlain } from "../../pipeline/config/tree/node.ts";
import { parseYaml } from "../../pipeline/config/tree/yaml.ts";
import { type TenantDefaults, tenantSchema } from "../../pipeline/tenants/schema.ts";
import { resolveTenant } from "../../pipeline/tenants/settings.ts";
import type { TenantSpec } from "../../pipeline/tenants/tenant_spec.ts";
import type { TenantFiles } from "./tenant_files.ts";

/** What stands below a tenant's id, as plain data. */
export type Settings = Readonly<Record<string, unknown>>;

/** One of a list in it. */
export type Row = Readonly<Record<string, unknown>>;

/** @throws {ConfigError} With everything that is wrong. */
export function checkedSpec(id: string, settings: Settings, defaults: TenantDefaults): TenantSpec {
  const { node, problems: unread } = parseYaml(JSON.stringify(settings), "request", DEFAULT_TREE_LIMITS);
  if (unread.length > 0) throw new ConfigError(unread);
  const { config, problems } = checkSection(node, tenantSchema, ["tenants", id]);
  if (config === undefined) throw new ConfigError(problems);
  return resolveTenant(id, config, defaults);
}

/** A document as plain data, without `id`. */
export function plainOf(text: string): Settings {
  return settingsOf(parseYaml(text, "", DEFAULT_TREE_LIMITS).node);
}

const plainSchema = anything("map");

export function settingsOf(node: ConfigNode): Settings {
  const plain = plainSchema.parse(toPlain(node));
  if (typeof plain !== "object" || plain === null) return {};
  const { id: _, ...settings } = plain as Record<string, unknown>;
  return settings;
}

/** Whether a document says its id. */
export function hasId(text: string): boolean {
  const { node } = parseYaml(text, "", DEFAULT_TREE_LIMITS);
  return node.kind === "map" && node.entries.has("id");
}

/** The lines of a file, one after the other, without those that are empty. */
export async function* linesOf(path: string, files: TenantFiles): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const piece of files.readPieces(path)) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line.trim() !== "");
  }
  if (rest.trim() !== "") yield rest;
}

/** undefined for a line that is none of a tenant's. */
export function idOfLine(line: string): string | undefined {
  try {
    const { id } = JSON.parse(line) as { readonly id?: unknown };
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}

export function listIn(settings: Settings, key: string): readonly Row[] {
  const list = settings[key];
  return Array.isArray(list) ? list.filter((item): item is Row => typeof item === "object" && item !== null) : [];
}

/** Milliseconds since 1970; Infinity for one that does not end. */
export function expiryOf({ expires }: Row): number {
  return typeof expires === "string" ? Date.parse(expires) : Infinity;
}

/** Lists with credentials: what names one, and what is not shown of it. */
const HASHES = [["keys", "id", "hash"], ["basic", "username", "password_hash"]] as const;

export function withoutHashes(settings: Settings): Settings {
  const shown: Record<string, unknown> = { ...settings };
  for (const [list, , hash] of HASHES) {
    if (list in shown) shown[list] = listIn(settings, list).map(({ [hash]: _, ...row }) => row);
  }
  return shown;
}

/** What is written without a hash has the one that it had. */
export function withHashes(settings: Settings, before: Settings): Settings {
  const whole: Record<string, unknown> = { ...settings };
  for (const [list, name, hash] of HASHES) {
    if (!Array.isArray(settings[list])) continue; // the check tells
    const known = new Map(listIn(before, list).map((row) => [row[name], row[hash]]));
    whole[list] = listIn(settings, list).map((row) => hash in row ? row : { ...row, [hash]: known.get(row[name]) });
  }
  return whole;
}
