/**
 * Configurations: named, versioned, never changed once they are there.
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";
import { counted } from "../../../pipeline/core/text.ts";
import { bytesToHex, hashConfigMap } from "../../protocol/hashes.ts";
import type { ConfigVersionRef } from "../agents.ts";
import { InvalidRequestError, type Problem, UnknownNameError } from "../errors.ts";
import type { ConfigFile, ConfigInfo, RolloutStore } from "../records.ts";

/** What configurations may cost. */
export const CONFIG_LIMITS = {
  maxFiles: 64,
  /** All bodies of one version together, bytes. An offer must fit into one message of 64 MiB. */
  maxBytes: 8 * 1024 * 1024,
  /** Versions of all names together. */
  maxVersions: 10_000,
} as const;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const MAX_FILE_NAME = 256;
const MAX_NOTE = 1_024;

/** A configuration with its files. */
export interface ConfigVersion extends ConfigInfo {
  readonly contents: readonly ConfigFile[];
}

/** A new version as it is asked for. */
export interface ConfigDraft {
  readonly name: string;
  readonly files: readonly ConfigFile[];
  readonly note: string;
}

export interface CatalogParts {
  readonly store: RolloutStore;
  readonly clock: Pick<Clock, "nowMs">;
}

/** `config_hash` of files, lower-case hex: of the content alone, whatever the order. */
export function hashOfFiles(files: readonly ConfigFile[]): string {
  return bytesToHex(hashConfigMap({ configMap: new Map(files.map((file) => [file.name, file])) }));
}

/** What an agent is offered that is to have none of ours: no file at all. */
export const NO_CONFIG: ConfigVersionRef = { name: "", version: 0, hash: hashOfFiles([]) };

/** "edge 7", or "no configuration". */
export function configText(config: ConfigVersionRef | undefined): string {
  return config === undefined || config.version === 0 ? "no configuration" : `${config.name} ${config.version}`;
}

/** All versions, their files in the store. */
export class ConfigCatalog {
  readonly #parts: CatalogParts;
  /** By name, the oldest first. */
  readonly #versions = new Map<string, ConfigInfo[]>();
  readonly #byHash = new Map<string, ConfigInfo>();
  #count = 0;

  constructor(parts: CatalogParts) {
    this.#parts = parts;
    for (const info of parts.store.configs()) this.#keep(info);
  }

  /** The newest of each name, in the order of names. */
  list(): ConfigInfo[] {
    return [...this.#versions.values()].flatMap((versions) => versions.at(-1) ?? [])
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** The newest first. @throws {UnknownNameError} */
  versions(name: string): ConfigInfo[] {
    const versions = this.#versions.get(name);
    if (versions === undefined) throw unknown(name, undefined);
    return [...versions].reverse();
  }

  /** @param version Default the newest. @throws {UnknownNameError} */
  info(name: string, version?: number): ConfigInfo {
    const versions = this.#versions.get(name);
    const found = version === undefined ? versions?.at(-1) : versions?.[version - 1];
    if (found === undefined) throw unknown(name, version);
    return found;
  }

  /** The newest version with this content; undefined when it is none of ours. */
  byHash(hash: string): ConfigVersionRef | undefined {
    return hash === NO_CONFIG.hash ? NO_CONFIG : this.#byHash.get(hash);
  }

  /** With its files. @throws {UnknownNameError} */
  get(name: string, version?: number): ConfigVersion {
    const info = this.info(name, version);
    return { ...info, contents: this.#parts.store.configFiles(info.name, info.version) };
  }

  /**
   * Makes a version. One with the content of the newest is that one: nothing is made. What the files say is for the
   * caller to check.
   *
   * @throws {InvalidRequestError} With every problem.
   */
  add(draft: ConfigDraft, who: string): ConfigInfo {
    const problems = this.#problemsOf(draft);
    if (problems.length > 0) throw new InvalidRequestError(`add a version of "${draft.name}"`, problems);
    const files = [...draft.files].sort((a, b) => a.name < b.name ? -1 : 1);
    const hash = hashOfFiles(files);
    const newest = this.#versions.get(draft.name)?.at(-1);
    if (newest?.hash === hash) return newest;
    const info: ConfigInfo = {
      name: draft.name,
      version: (newest?.version ?? 0) + 1,
      hash,
      files: files.map(({ name }) => name),
      byteLength: bytesOf(files),
      createdMs: this.#parts.clock.nowMs(),
      who,
      note: draft.note,
    };
    this.#parts.store.addConfig(info, files);
    this.#keep(info);
    return info;
  }

  #keep(info: ConfigInfo): void {
    const versions = this.#versions.get(info.name);
    if (versions === undefined) this.#versions.set(info.name, [info]);
    else versions.push(info);
    this.#byHash.set(info.hash, info);
    this.#count++;
  }

  #problemsOf({ name, files, note }: ConfigDraft): readonly Problem[] {
    const problems: Problem[] = [];
    const add = (path: string, message: string) => problems.push({ path, message });
    const { maxFiles, maxBytes, maxVersions } = CONFIG_LIMITS;
    if (!NAME.test(name)) add("name", "wanted letters, digits, '.', '_' and '-', 128 at the most");
    if (note.length > MAX_NOTE) add("note", `it has ${note.length} characters, wanted at most ${MAX_NOTE}`);
    if (files.length === 0 || files.length > maxFiles) {
      add("files", `there are ${files.length}, wanted 1 to ${maxFiles}`);
    }
    if (bytesOf(files) > maxBytes) add("files", `they have ${bytesOf(files)} bytes, wanted at most ${maxBytes}`);
    if (new Set(files.map((file) => file.name)).size < files.length) add("files", "two have the same name");
    files.forEach((file, index) => {
      if (file.name.length > MAX_FILE_NAME) add(`files[${index}].name`, `wanted at most ${MAX_FILE_NAME} characters`);
    });
    if (this.#count >= maxVersions) add("", `there are ${counted(this.#count, "versions")}, the most that are kept`);
    return problems;
  }
}

function bytesOf(files: readonly ConfigFile[]): number {
  return files.reduce((sum, { body }) => sum + body.length, 0);
}

function unknown(name: string, version: number | undefined): UnknownNameError {
  const what = version === undefined ? `"${name}"` : `version ${version} of "${name}"`;
  return new UnknownNameError(`Cannot find ${what}: there is no such configuration`);
}
