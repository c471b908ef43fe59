/**
 * Tenants for whoever administers them: what there are, and changes that are written to `tenants_dir` before they are
 * used. What cannot be written is not used, and what is written is used when the call returns.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { checkSection } from "../../pipeline/config/check_section.ts";
import { ConfigError, errorAt, type Problem } from "../../pipeline/config/problem.ts";
import { anything } from "../../pipeline/config/schema.ts";
import { type ConfigNode, DEFAULT_TREE_LIMITS, toPlain } from "../../pipeline/config/tree/node.ts";
import { editYaml } from "../../pipeline/config/tree/edit.ts";
import { parseYaml } from "../../pipeline/config/tree/yaml.ts";
import type { Clock } from "../../pipeline/core/clock.ts";
import { type ErrorCode, GatewayError } from "../../pipeline/core/errors.ts";
import { mintApiKey } from "../../pipeline/tenants/identity/api_key.ts";
import {
  LIMIT_GROUPS,
  MAX_KEYS_PER_TENANT,
  NO_SIGNAL_LIMITS,
  type TenantLimits,
} from "../../pipeline/tenants/limits.ts";
import { isTenantId, type TenantDefaults, tenantSchema, WANTED_TENANT_ID } from "../../pipeline/tenants/schema.ts";
import { resolveTenant } from "../../pipeline/tenants/settings.ts";
import { atPlace } from "../../pipeline/tenants/sources.ts";
import type { TenantSpec } from "../../pipeline/tenants/tenant_spec.ts";
import { replaceBy, replaceFile } from "../replace_file.ts";
import type { TenantDirectory } from "./directory.ts";
import { isLinesFile, type TenantFiles } from "./tenant_files.ts";

/** Tenants of one page. */
export const MAX_PAGE = 1_000;

/** Another reason than the data why tenants cannot be changed. */
export class TenantChangeError extends GatewayError {
  readonly retryable = false;
  readonly code: ErrorCode;
  /** The status, where the code has another. */
  readonly status: number | undefined;

  constructor(message: string, code: ErrorCode, status?: number, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.status = status;
  }

  override get httpStatus(): number {
    return this.status ?? super.httpStatus;
  }
}

/** A tenant in a list. */
export interface TenantSummary {
  readonly id: string;
  readonly enabled: boolean;
  readonly keys: number;
  /** `tenants/acme.yaml:1:1`. */
  readonly place: string;
  /** Another after every change: its ETag. */
  readonly version: string;
}

export interface TenantView extends TenantSummary {
  /** As it is written, without hashes; what `put` takes back. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** With what it has from the defaults; without hashes. */
  readonly effective: Readonly<Record<string, unknown>>;
}

export interface TenantPage {
  /** Of all that match. */
  readonly total: number;
  readonly tenants: readonly TenantSummary[];
}

/** A key that was made. */
export interface RotatedKey {
  /** Its owner's alone: it is not kept. */
  readonly key: string;
  readonly keyId: string;
  /** When those before it end, milliseconds since 1970. */
  readonly othersExpireMs: number;
  readonly version: string;
}

export interface TenantControl {
  /** In the order of their ids. @param search A part of the id. @param limit MAX_PAGE at the most. */
  list(ask: { readonly offset: number; readonly limit: number; readonly search?: string }): TenantPage;
  /** @throws {TenantChangeError} Not found. */
  get(id: string): Promise<TenantView>;
  /**
   * Makes or changes a tenant. A key or a user that is written without its hash keeps the one that it has.
   *
   * @param ifVersion Which version must be there; "" for none. Absent: any.
   * @throws {ConfigError} With everything that is wrong with the settings.
   * @throws {TenantChangeError} It is of the configuration itself, or another version, or cannot be written.
   */
  put(id: string, settings: Readonly<Record<string, unknown>>, ifVersion?: string): Promise<TenantView>;
  /** @throws {TenantChangeError} As `put`. */
  remove(id: string, ifVersion?: string): Promise<void>;
  /**
   * Gives a tenant a further key. Those that it has end after `overlapMs`.
   *
   * @param ifVersion As `put`.
   * @throws {TenantChangeError} As `put`; or it has as many keys as there may be.
   */
  rotateKey(id: string, overlapMs: number, ifVersion?: string): Promise<RotatedKey>;
  /** Why tenants that are written are not used, or not as they are written now. */
  problems(): readonly Problem[];
}

export interface TenantControlOptions {
  readonly directory: TenantDirectory;
  readonly files: TenantFiles;
  readonly clock: Clock;
}

export function createTenantControl(options: TenantControlOptions): TenantControl {
  return new FileTenantControl(options);
}

type Settings = Readonly<Record<string, unknown>>;

class FileTenantControl implements TenantControl {
  readonly #directory: TenantDirectory;
  readonly #files: TenantFiles;
  readonly #clock: Clock;
  /** Ids in their order, of one version. */
  #ids: { readonly version: number | undefined; readonly sorted: readonly string[] } = { version: -1, sorted: [] };
  /** The last change: one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ directory, files, clock }: TenantControlOptions) {
    this.#directory = directory;
    this.#files = files;
    this.#clock = clock;
  }

  problems(): readonly Problem[] {
    return this.#directory.problems;
  }

  list({ offset, limit, search = "" }: Parameters<TenantControl["list"]>[0]): TenantPage {
    const ids = this.#sortedIds().filter((id) => id.includes(search));
    const page = ids.slice(offset, offset + Math.min(limit, MAX_PAGE));
    return { total: ids.length, tenants: page.map((id) => this.#summary(this.#spec(id))) };
  }

  async get(id: string): Promise<TenantView> {
    const spec = this.#spec(id);
    return {
      ...this.#summary(spec),
      settings: withoutHashes(await this.#written(id)),
      effective: effectiveOf(spec),
    };
  }

  put(id: string, settings: Settings, ifVersion?: string): Promise<TenantView> {
    return this.#inTurn(async () => {
      if (!isTenantId(id)) {
        throw new TenantChangeError(
          `Cannot write tenant ${JSON.stringify(id.slice(0, 60))}: ${WANTED_TENANT_ID}`,
          "invalid_argument",
        );
      }
      this.#checkVersion(id, ifVersion);
      await this.#write(id, settings);
      return await this.get(id);
    });
  }

  remove(id: string, ifVersion?: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#spec(id);
      this.#checkVersion(id, ifVersion);
      const path = this.#pathOf(id);
      await this.#onDisk(id, () => isLinesFile(path) ? this.#replaceLine(path, id, undefined) : Deno.remove(path));
      await this.#reload(path);
    });
  }

  rotateKey(id: string, overlapMs: number, ifVersion?: string): Promise<RotatedKey> {
    return this.#inTurn(async () => {
      this.#spec(id);
      this.#checkVersion(id, ifVersion);
      this.#pathOf(id); // one of the configuration itself is told before anything else
      const written = await this.#written(id);
      const nowMs = this.#clock.nowMs();
      const othersExpireMs = nowMs + overlapMs;
      const others = listIn(written, "keys").filter((key) => expiryOf(key) > nowMs).map((key) =>
        expiryOf(key) > othersExpireMs ? { ...key, expires: new Date(othersExpireMs).toISOString() } : key
      );
      if (others.length >= MAX_KEYS_PER_TENANT) {
        throw new TenantChangeError(
          `Cannot give tenant ${id} another key: it has ${others.length} that count, wanted fewer than ${MAX_KEYS_PER_TENANT}`,
          "invalid_argument",
          409,
        );
      }
      const made = mintApiKey();
      await this.#write(id, { ...written, keys: [...others, { id: made.id, hash: made.hash }] });
      return { key: made.key, keyId: made.id, othersExpireMs, version: this.#version(id) };
    });
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const made = this.#last.then(change);
    this.#last = made.catch(() => {});
    return made;
  }

  async #write(id: string, settings: Settings): Promise<void> {
    const path = this.#pathOf(id);
    const whole = withHashes(settings, await this.#written(id).catch(() => ({})));
    this.#checkNames(id, checkedSpec(id, whole, this.#directory.sources?.defaults ?? {}));
    await this.#onDisk(id, async () => {
      if (isLinesFile(path)) return await this.#replaceLine(path, id, JSON.stringify({ id, ...whole }));
      const before = await this.#textOf(path).catch(() => "");
      const named = hasId(before) ? { id, ...whole } : whole;
      await replaceFile(path, editYaml(before, named));
    });
    await this.#reload(path);
  }

  /** @throws {ConfigError} A name in its credentials is another tenant's. */
  #checkNames(id: string, { keys, basic, certificates }: TenantSpec): void {
    const { table } = this.#directory;
    const taken: Problem[] = [];
    const check = (what: string, name: string, slot: number | undefined) => {
      const holder = slot === undefined ? undefined : table?.at(slot)?.tag.id;
      if (holder === undefined || holder === id) return;
      const message = `has the ${what} ${JSON.stringify(name)}, which the tenant ${holder} has`;
      taken.push(errorAt({ file: "request", line: 0, column: 0 }, ["tenants", id], message));
    };
    for (const key of keys) check("key", key.id, table?.findKey(key.id)?.slot);
    for (const { username } of basic) check("username", username, table?.findBasic(username)?.slot);
    for (const { kind, name } of certificates) check(kind, name, table?.findCertificate(kind, name)?.tag.slot);
    if (taken.length > 0) throw new ConfigError(taken);
  }

  #reload(path: string): Promise<void> {
    return this.#directory.refresh((changed) => changed === path);
  }

  /** @throws {TenantChangeError} It is written in the configuration itself; there is no directory. */
  #pathOf(id: string): string {
    const found = this.#directory.find(id);
    if (found?.path !== undefined) return found.path;
    if (found !== undefined) {
      const message = `Cannot change tenant ${id}: it is in ${
        atPlace(found.place)
      }, wanted it in a file of tenants_dir`;
      throw new TenantChangeError(message, "invalid_argument", 409);
    }
    const { directory } = this.#directory.sources ?? {};
    if (directory !== undefined) return `${directory.replace(/\/+$/, "")}/${id}.yaml`;
    throw new TenantChangeError(
      `Cannot make tenant ${id}: the configuration names no tenants_dir`,
      "invalid_argument",
      409,
    );
  }

  async #onDisk(id: string, change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (thrown) {
      throw new TenantChangeError(`Cannot write tenant ${id}: nothing was changed`, "unavailable", 507, thrown);
    }
  }

  /** The file with another line for the tenant; a line more when it has none, one less for undefined. */
  async #replaceLine(path: string, id: string, line: string | undefined): Promise<void> {
    await replaceBy(path, async (write) => {
      for await (const text of linesOf(path, this.#files)) {
        if (idOfLine(text) !== id) write(`${text}\n`);
        else if (line !== undefined) write(`${line}\n`);
      }
    });
  }

  /** The settings of the tenant as they are written, with hashes. */
  async #written(id: string): Promise<Settings> {
    const found = this.#directory.find(id);
    if (found === undefined) return {};
    if (found.path === undefined) {
      const own = this.#directory.sources?.tenants.find((tenant) => tenant.id === id);
      return own === undefined ? {} : settingsOf(own.node);
    }
    if (!isLinesFile(found.path)) return plainOf(await this.#files.readText(found.path));
    for await (const text of linesOf(found.path, this.#files)) if (idOfLine(text) === id) return plainOf(text);
    return {};
  }

  async #textOf(path: string): Promise<string> {
    return await this.#files.readText(path);
  }

  #checkVersion(id: string, wanted: string | undefined): void {
    const version = this.#directory.find(id) === undefined ? "" : this.#version(id);
    if (wanted === undefined || wanted === version) return;
    const is = version === "" ? "it does not exist" : `version ${version} is there`;
    throw new TenantChangeError(
      `Cannot change tenant ${id}: ${is}, wanted ${JSON.stringify(wanted)}`,
      "invalid_argument",
      412,
    );
  }

  #version(id: string): string {
    const { records } = this.#directory.find(id) ?? { records: new Uint8Array() };
    return createHash("sha256").update(records).digest("hex").slice(0, 16);
  }

  #spec(id: string): TenantSpec {
    const spec = this.#directory.table?.describe(id);
    if (spec === undefined) {
      throw new TenantChangeError(`Cannot find tenant ${JSON.stringify(id.slice(0, 128))}: there is none`, "not_found");
    }
    return spec;
  }

  #summary({ id, enabled, keys }: TenantSpec): TenantSummary {
    const place = this.#directory.find(id)?.place;
    return {
      id,
      enabled,
      keys: keys.length,
      place: place === undefined ? "" : atPlace(place),
      version: this.#version(id),
    };
  }

  #sortedIds(): readonly string[] {
    const version = this.#directory.snapshot?.version;
    if (this.#ids.version !== version) {
      this.#ids = { version, sorted: [...this.#directory.table?.ids() ?? []].sort() };
    }
    return this.#ids.sorted;
  }
}

/** @throws {ConfigError} With everything that is wrong. */
function checkedSpec(id: string, settings: Settings, defaults: TenantDefaults): TenantSpec {
  const { node, problems: unread } = parseYaml(JSON.stringify(settings), "request", DEFAULT_TREE_LIMITS);
  if (unread.length > 0) throw new ConfigError(unread);
  const { config, problems } = checkSection(node, tenantSchema, ["tenants", id]);
  if (config === undefined) throw new ConfigError(problems);
  return resolveTenant(id, config, defaults);
}

/** A document as plain data, without `id`. */
function plainOf(text: string): Settings {
  return settingsOf(parseYaml(text, "", DEFAULT_TREE_LIMITS).node);
}

const plainSchema = anything("map");

function settingsOf(node: ConfigNode): Settings {
  const plain = plainSchema.parse(toPlain(node));
  if (typeof plain !== "object" || plain === null) return {};
  const { id: _, ...settings } = plain as Record<string, unknown>;
  return settings;
}

/** Whether a document says its id. */
function hasId(text: string): boolean {
  const { node } = parseYaml(text, "", DEFAULT_TREE_LIMITS);
  return node.kind === "map" && node.entries.has("id");
}

/** The lines of a file, one after the other, without those that are empty. */
async function* linesOf(path: string, files: TenantFiles): AsyncGenerator<string> {
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
function idOfLine(line: string): string | undefined {
  try {
    const { id } = JSON.parse(line) as { readonly id?: unknown };
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}

type Row = Readonly<Record<string, unknown>>;

function listIn(settings: Settings, key: string): readonly Row[] {
  const list = settings[key];
  return Array.isArray(list) ? list.filter((item): item is Row => typeof item === "object" && item !== null) : [];
}

/** Milliseconds since 1970; Infinity for one that does not end. */
function expiryOf({ expires }: Row): number {
  return typeof expires === "string" ? Date.parse(expires) : Infinity;
}

/** Lists with credentials: what names one, and what is not shown of it. */
const HASHES = [["keys", "id", "hash"], ["basic", "username", "password_hash"]] as const;

function withoutHashes(settings: Settings): Settings {
  const shown: Record<string, unknown> = { ...settings };
  for (const [list, , hash] of HASHES) {
    if (list in shown) shown[list] = listIn(settings, list).map(({ [hash]: _, ...row }) => row);
  }
  return shown;
}

/** What is written without a hash has the one that it had. */
function withHashes(settings: Settings, before: Settings): Settings {
  const whole: Record<string, unknown> = { ...settings };
  for (const [list, name, hash] of HASHES) {
    if (!Array.isArray(settings[list])) continue; // the check tells
    const known = new Map(listIn(before, list).map((row) => [row[name], row[hash]]));
    whole[list] = listIn(settings, list).map((row) => hash in row ? row : { ...row, [hash]: known.get(row[name]) });
  }
  return whole;
}

/** In the words of the configuration, without hashes. */
function effectiveOf({ keys, basic, certificates, ...spec }: TenantSpec): Readonly<Record<string, unknown>> {
  return {
    enabled: spec.enabled,
    keys: keys.map(({ id, notBeforeMs, expiresMs }) => ({
      id,
      ...timeIn("not_before", notBeforeMs),
      ...timeIn("expires", expiresMs),
    })),
    basic: basic.map(({ username }) => ({ username })),
    certificates: certificates.map(({ kind, name }) => ({ [kind]: name })),
    limits: limitsOf(spec.limits),
    over_limit: spec.overLimit,
    signals: [...spec.signals],
    pipelines: spec.pipelines === undefined ? undefined : [...spec.pipelines],
    resource_attributes: Object.fromEntries(spec.resourceAttributes),
    priority: spec.priority,
    weight: spec.weight,
    max_queue_share: spec.maxQueueShare,
  };
}

/** Of the groups that have any. */
function limitsOf(limits: TenantLimits): Row {
  const groups = LIMIT_GROUPS.filter((group) => limits[group] !== NO_SIGNAL_LIMITS);
  return Object.fromEntries(groups.map((group) => {
    const { burstMs, ...amounts } = limits[group];
    const keys = Object.entries(amounts).filter(([, value]) => value !== 0)
      .map(([field, value]) => [field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]);
    return [group, { ...Object.fromEntries(keys), burst: `${burstMs}ms` }];
  }));
}

function timeIn(key: string, ms: number): Row {
  return Number.isFinite(ms) ? { [key]: new Date(ms).toISOString() } : {};
}
