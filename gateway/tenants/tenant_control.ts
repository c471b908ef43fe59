/**
 * Tenants for whoever administers them: what there are, and changes that are written to `tenants_dir` before they are
 * used. What cannot be written is not used, and what is written is used when the call returns.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { ConfigError, errorAt, type Problem } from "../../pipeline/config/problem.ts";
import { editYaml } from "../../pipeline/config/tree/edit.ts";
import type { Clock } from "../../pipeline/core/clock.ts";
import { type ErrorCode, GatewayError } from "../../pipeline/core/errors.ts";
import { mintApiKey } from "../../pipeline/tenants/identity/api_key.ts";
import { MAX_KEYS_PER_TENANT } from "../../pipeline/tenants/limits.ts";
import { isTenantId, WANTED_TENANT_ID } from "../../pipeline/tenants/schema.ts";
import { atPlace } from "../../pipeline/tenants/sources.ts";
import type { TenantSpec } from "../../pipeline/tenants/tenant_spec.ts";
import { replaceBy, replaceFile } from "../replace_file.ts";
import type { TenantDirectory } from "./directory.ts";
import { effectiveOf } from "./effective_tenant.ts";
import { isLinesFile, pathIn, type TenantFiles } from "./tenant_files.ts";
import {
  checkedSpec,
  expiryOf,
  hasId,
  idOfLine,
  linesOf,
  listIn,
  plainOf,
  type Settings,
  settingsOf,
  withHashes,
  withoutHashes,
} from "./written_tenant.ts";

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

  /**
   * Where a file system does not tell capital letters apart, both would be one file.
   *
   * @throws {TenantChangeError} Another tenant has this id but for its capital letters.
   */
  #checkCase(id: string): void {
    const lower = id.toLowerCase();
    const other = this.#directory.table?.ids().find((each) =>
      each.length === id.length && each.toLowerCase() === lower
    );
    if (other === undefined) return;
    const message =
      `Cannot make tenant ${id}: there is ${other}, wanted an id that differs in more than capital letters`;
    throw new TenantChangeError(message, "invalid_argument", 409);
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
    if (directory !== undefined) {
      this.#checkCase(id);
      return pathIn(directory, `${id}.yaml`);
    }
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
