/**
 * Brings the packages of an agent to what a server offers: gets what is missing, checks it, has it installed, and tells
 * how it goes. Where packages are kept and what installing means is the store's matter.
 *
 * A download that breaks goes on where it broke, also in the next process. Content is installed only when its SHA-256 is
 * the offered one and its signature, where one is wanted, verifies. A package that fails keeps no other from coming.
 * Source: opamp-spec "Packages", "Downloading Packages", "Package Status Reporting"; RFC 9110, 14 (ranges).
 *
 * @module
 */

import { concatBytes } from "../../../pipeline/core/bytes.ts";
import { type Clock, sleep } from "../../../pipeline/core/clock.ts";
import { describeError } from "../../../pipeline/core/log/logger.ts";
import { counted } from "../../../pipeline/core/text.ts";
import { PackageStatusEnum } from "../../protocol/capabilities.ts";
import { bytesToHex, sameBytes, sha256 } from "../../protocol/hashes.ts";
import type { PackageAvailable, PackagesAvailable, PackageStatus, PackageStatuses } from "../../protocol/messages.ts";
import type { Problem } from "./offer_follower.ts";
import { type HeaderList, headerList } from "../transports/server_connection.ts";

/** A package that the agent has. */
export interface InstalledPackage {
  readonly type: number;
  readonly version: string;
  /** The server's, of all but the content's place. */
  readonly hash: Uint8Array;
  /** SHA-256 of the content. */
  readonly contentHash: Uint8Array;
}

export interface InstalledPackages {
  /** Of the offer that was taken whole last. */
  readonly allPackagesHash: Uint8Array | undefined;
  readonly packages: ReadonlyMap<string, InstalledPackage>;
}

/** Keeps packages. All of it survives a crash once it has settled. */
export interface PackageStore {
  installed(): Promise<InstalledPackages>;
  /** The content of an installed package. */
  content(name: string): Promise<Uint8Array>;
  /** What has been downloaded of a content so far. */
  partial(contentHash: string): Promise<Uint8Array>;
  append(contentHash: string, chunk: Uint8Array): Promise<void>;
  discard(contentHash: string): Promise<void>;
  /** Puts a package in the place of the one of its name. @returns Why it is refused: then the old one is still there. */
  install(name: string, info: InstalledPackage, content: Uint8Array): Promise<Problem>;
  remove(name: string): Promise<void>;
  /** Everything of this offer is there. */
  complete(allPackagesHash: Uint8Array): Promise<void>;
}

/** An answer to a download. */
export interface Download {
  readonly status: number;
  /** In which the content comes; let go of when it is not read to its end. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Length of the whole content, bytes, if it was told. */
  readonly totalBytes: number | undefined;
}

export interface Downloader {
  /** @throws When there is no answer, or `abort` fires. */
  get(url: string, headers: HeaderList, fromByte: number, abort: AbortSignal): Promise<Download>;
}

export interface PackagePolicy {
  /** Largest content, bytes. */
  readonly maxBytes: number;
  /** Most packages in an offer. */
  readonly maxPackages: number;
  /** The local view of a package before it is downloaded: why it is refused. */
  readonly check?: (name: string, offer: PackageAvailable) => Problem;
  /** The local view of its content: where a signature is wanted, it is verified here. */
  readonly verify?: (name: string, content: Uint8Array, signature: Uint8Array | undefined) => Promise<Problem>;
}

export const DEFAULT_PACKAGE_POLICY: PackagePolicy = { maxBytes: 16 * 1024 * 1024, maxPackages: 32 };

export interface PackageSyncDeps {
  readonly store: PackageStore;
  readonly downloader: Downloader;
  readonly clock: Clock;
  readonly policy: PackagePolicy;
  /** `OpampClient.setPackageStatuses`. */
  readonly report: (statuses: PackageStatuses) => void;
}

/** How often a download is begun before it is given up, and the wait before each further time, milliseconds. */
const DOWNLOAD_ATTEMPTS = 3;
const RETRY_WAIT_MS = 1_000;

/** Progress is told no more often, milliseconds. */
const PROGRESS_MS = 1_000;

const PARTIAL_CONTENT = 206;
const RANGE_NOT_SATISFIABLE = 416;

export class PackageSync {
  readonly #deps: PackageSyncDeps;
  readonly #statuses = new Map<string, PackageStatus>();
  #allPackagesHash: Uint8Array | undefined;

  constructor(deps: PackageSyncDeps) {
    this.#deps = deps;
  }

  /** Tells what is installed; at the start. */
  async reportInstalled(): Promise<void> {
    const { allPackagesHash, packages } = await this.#deps.store.installed();
    this.#allPackagesHash = allPackagesHash;
    for (const [name, has] of packages) this.#set(name, { ...had(has), status: PackageStatusEnum.Installed });
    this.#report();
  }

  /** For `ClientCallbacks.onPackages`. @returns Which packages failed. */
  async sync(offer: PackagesAvailable, abort: AbortSignal): Promise<Problem> {
    const { store, policy } = this.#deps;
    const { allPackagesHash, packages: offered = new Map<string, PackageAvailable>() } = offer;
    const before = await store.installed();
    this.#begin(before, offered, allPackagesHash);
    if (sameBytes(allPackagesHash, before.allPackagesHash)) return this.#end();
    if (offered.size > policy.maxPackages) {
      return this.#end(`it has ${counted(offered.size, "packages")}, wanted ${policy.maxPackages} at the most`);
    }
    const problems: string[] = [];
    for (const [name, available] of [...offered].sort(([a], [b]) => a < b ? -1 : 1)) {
      const problem = await this.#bring(name, available, before.packages.get(name), abort);
      if (abort.aborted) return problem;
      if (problem !== undefined) problems.push(`${name || "(unnamed)"}: ${problem}`);
    }
    for (const name of before.packages.keys()) if (!offered.has(name)) await this.#remove(name);
    if (problems.length > 0) return this.#end(problems.join("; "), false);
    if (allPackagesHash !== undefined) await store.complete(allPackagesHash);
    return this.#end();
  }

  /** All that the agent has or is to have is in the report from the start. */
  #begin(
    { packages }: InstalledPackages,
    offered: ReadonlyMap<string, PackageAvailable>,
    allPackagesHash: Uint8Array | undefined,
  ): void {
    this.#allPackagesHash = allPackagesHash;
    this.#statuses.clear();
    for (const [name, has] of packages) this.#set(name, { ...had(has), status: PackageStatusEnum.Installed });
    for (const [name, { version, hash }] of offered) {
      const has = packages.get(name);
      const isThere = sameBytes(has?.hash, hash);
      this.#set(name, {
        ...(has && had(has)),
        serverOfferedVersion: version,
        serverOfferedHash: hash,
        status: isThere ? PackageStatusEnum.Installed : PackageStatusEnum.InstallPending,
      });
    }
  }

  /** @param isOfAll Whether the problem is none of a single package. */
  #end(problem?: string, isOfAll = true): Problem {
    this.#report(isOfAll ? problem : undefined);
    return problem;
  }

  async #bring(
    name: string,
    available: PackageAvailable,
    has: InstalledPackage | undefined,
    abort: AbortSignal,
  ): Promise<Problem> {
    if (has !== undefined && sameBytes(has.hash, available.hash)) return undefined;
    let problem: Problem;
    try {
      problem = await this.#install(name, available, has, abort);
    } catch (error) {
      problem = describeError(error);
    }
    if (problem !== undefined && !abort.aborted) {
      this.#change(name, { status: PackageStatusEnum.InstallFailed, errorMessage: problem });
    }
    return problem;
  }

  async #install(
    name: string,
    available: PackageAvailable,
    has: InstalledPackage | undefined,
    abort: AbortSignal,
  ): Promise<Problem> {
    const { store, policy } = this.#deps;
    const { type = 0, version = "", hash, file } = available;
    const contentHash = file?.contentHash;
    if (hash === undefined || contentHash === undefined) return "it has no hash, or its file has none";
    const refusal = policy.check?.(name, available);
    if (refusal !== undefined) return refusal;
    const isSame = has !== undefined && sameBytes(has.contentHash, contentHash);
    const content = isSame ? await store.content(name) : await this.#download(name, available, contentHash, abort);
    if (typeof content === "string") return content;
    const info = { type, version, hash, contentHash };
    return await this.#verified(name, info, content, file?.signature);
  }

  async #verified(
    name: string,
    info: InstalledPackage,
    content: Uint8Array,
    signature: Uint8Array | undefined,
  ): Promise<Problem> {
    const { store, policy } = this.#deps;
    this.#change(name, { status: PackageStatusEnum.Installing });
    const problem = await policy.verify?.(name, content, signature) ?? await store.install(name, info, content);
    await store.discard(bytesToHex(info.contentHash));
    if (problem === undefined) this.#change(name, { ...had(info), status: PackageStatusEnum.Installed });
    return problem;
  }

  /** @returns The content, whose hash is right; or why there is none. */
  async #download(
    name: string,
    { file }: PackageAvailable,
    contentHash: Uint8Array,
    abort: AbortSignal,
  ): Promise<Uint8Array | string> {
    const { clock, store } = this.#deps;
    const url = file?.downloadUrl ?? "";
    const key = bytesToHex(contentHash);
    this.#change(name, { status: PackageStatusEnum.Downloading });
    let problem = "";
    for (let attempt = 1; attempt <= DOWNLOAD_ATTEMPTS; attempt++) {
      if (attempt > 1 && !await sleep(clock, RETRY_WAIT_MS * attempt, abort)) break;
      const result = await this.#fetch(name, url, headerList(file?.headers), key, abort);
      if (result.content !== undefined && sameBytes(sha256(result.content), contentHash)) return result.content;
      problem = result.problem ?? "its content does not have the offered hash";
      if (result.content !== undefined) await store.discard(key);
      // What began in another attempt may be of another version of the file: that alone is worth a new beginning.
      const isHopeless = result.content !== undefined ? !result.isResumed : result.isFinal;
      if (isHopeless) break;
    }
    return problem === "" ? "the download was given up" : problem;
  }

  async #fetch(
    name: string,
    url: string,
    headers: HeaderList,
    key: string,
    abort: AbortSignal,
  ): Promise<FetchResult> {
    const { store, downloader } = this.#deps;
    const earlier = await store.partial(key);
    try {
      const answer = await downloader.get(url, headers, earlier.length, abort);
      if (answer.status === RANGE_NOT_SATISFIABLE) return { content: earlier, isResumed: true };
      if (answer.status === PARTIAL_CONTENT && earlier.length > 0) {
        return await this.#receive(name, key, answer, earlier);
      }
      if (answer.status !== 200) {
        return { problem: `the download was answered with status ${answer.status}`, isFinal: answer.status < 500 };
      }
      if (earlier.length > 0) await store.discard(key);
      return await this.#receive(name, key, answer, new Uint8Array());
    } catch (error) {
      return { problem: `the download broke: ${describeError(error)}`, isFinal: abort.aborted };
    }
  }

  /** Reads the rest of a content, and keeps what comes at once. */
  async #receive(name: string, key: string, { body, totalBytes }: Download, earlier: Uint8Array): Promise<FetchResult> {
    const { store, clock, policy: { maxBytes } } = this.#deps;
    const chunks = [earlier];
    const progress = new Progress(clock, earlier.length, totalBytes);
    for await (const chunk of body) {
      if (progress.add(chunk.length) > maxBytes) {
        await store.discard(key);
        return { problem: `its content is larger than ${maxBytes} bytes`, isFinal: true };
      }
      chunks.push(chunk);
      await store.append(key, chunk);
      const downloadDetails = progress.take();
      if (downloadDetails) this.#change(name, { status: PackageStatusEnum.Downloading, downloadDetails });
    }
    return { content: concatBytes(chunks), isResumed: earlier.length > 0 };
  }

  async #remove(name: string): Promise<void> {
    await this.#deps.store.remove(name);
    this.#statuses.delete(name);
  }

  /** What belongs to one state only is not carried into the next. */
  #change(name: string, change: PackageStatus): void {
    this.#set(name, { ...this.#statuses.get(name), errorMessage: undefined, downloadDetails: undefined, ...change });
    this.#report();
  }

  #set(name: string, status: PackageStatus): void {
    this.#statuses.set(name, { ...status, name });
  }

  #report(errorMessage?: string): void {
    this.#deps.report({
      packages: new Map(this.#statuses),
      serverProvidedAllPackagesHash: this.#allPackagesHash,
      errorMessage,
    });
  }
}

/** What one attempt gave: a content whose hash is to be looked at, or a problem. */
type FetchResult =
  | { readonly content: Uint8Array; readonly isResumed: boolean; readonly problem?: undefined }
  | { readonly content?: undefined; readonly problem: string; readonly isFinal: boolean };

function had({ version, hash }: InstalledPackage): PackageStatus {
  return { agentHasVersion: version, agentHasHash: hash };
}

/** Measures a download. */
class Progress {
  readonly #clock: Clock;
  readonly #earlierBytes: number;
  readonly #totalBytes: number | undefined;
  readonly #beganAtMs: number;
  #toldAtMs: number;
  #bytes = 0;

  constructor(clock: Clock, earlierBytes: number, totalBytes: number | undefined) {
    this.#clock = clock;
    this.#earlierBytes = earlierBytes;
    this.#totalBytes = totalBytes;
    this.#beganAtMs = this.#toldAtMs = clock.monotonicMs();
  }

  /** @returns How much there is of the content, bytes. */
  add(bytes: number): number {
    this.#bytes += bytes;
    return this.#bytes + this.#earlierBytes;
  }

  /** What to tell, when it is time. */
  take(): PackageStatus["downloadDetails"] {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldAtMs < PROGRESS_MS) return undefined;
    this.#toldAtMs = nowMs;
    const share = this.#totalBytes ? (this.#bytes + this.#earlierBytes) / this.#totalBytes : 0;
    return {
      downloadPercent: Math.min(share, 1) * 100,
      downloadBytesPerSecond: this.#bytes * 1_000 / (nowMs - this.#beganAtMs),
    };
  }
}
