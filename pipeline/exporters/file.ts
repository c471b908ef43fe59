/**
 * Exporter `file`: OTLP as lines of JSON, or as protobuf messages with their lengths, into one file or one for each
 * value of a resource attribute.
 *
 * An answer of 200 means that the data is on disk (`fsync: true`, ours; the collector answers before it writes).
 * With `fsync: false` it means that the operating system has the data, and `flush_interval` says how long it may keep
 * it from the disk. Files are shared by all data workers and signals: see `file/append_file.ts`. A start goes on behind
 * what a file has (`append: true`, ours; the collector empties it, with all that was acknowledged).
 * Source: collector reference 5.5; contrib's fileexporter v0.157 for what the reference leaves open.
 *
 * @module
 */

import type { z } from "zod";
import { dirname } from "node:path";
import { bool, durationMs, int, oneOf, optionalSection, requiredText, section, text } from "../config/schema.ts";
import type { ComponentDeps, ExporterFactory } from "../contract/component.ts";
import { type Consumer, KEPT, type Lifecycle, type Outcome } from "../contract/consumer.ts";
import { sumOfLengths } from "../core/bytes.ts";
import { RejectedError, UnavailableError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import { payloadToJson } from "../otlp/json_encode.ts";
import { DEFAULT_PAYLOAD_LIMITS } from "../otlp/limits.ts";
import { type Payload, payloadBytes } from "../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../otlp/signals.ts";
import { readPayload } from "../otlp/validate.ts";
import { createSenderChain } from "../queue/sender_chain.ts";
import { type RetryConfig, retrySchema } from "../queue/settings.ts";
import { compress } from "../wire/compression.ts";
import { AppendFile, type AppendFileOptions, FileWriteError } from "./file/append_file.ts";
import { groupByResource, groupPath } from "./file/grouping.ts";

const MEGABYTE = 1024 * 1024;
/** System errors that the same data meets again: a group's value that makes no file name. */
const FINAL_CODES = new Set(["ENAMETOOLONG", "EINVAL", "EISDIR", "ENOTDIR"]);

/** Validated when they came in; here only counted. */
const COUNT_ONLY = {
  ...DEFAULT_PAYLOAD_LIMITS,
  maxBodyBytes: Infinity,
  maxItems: Infinity,
  maxEnvelopes: Infinity,
};
/** The collector's has no retries either: its sender is told, and comes back. */
const NO_RETRY: RetryConfig = { ...retrySchema.parse({}), enabled: false };

const groupBySchema = section({
  enabled: bool().default(false),
  resource_attribute: text().default("fileexporter.path_segment"),
  max_open_files: int({ min: 1, max: 10_000 }).default(100),
});

const fileSchema = section({
  path: requiredText(),
  append: bool().default(true),
  rotation: optionalSection({
    max_megabytes: int({ min: 0, max: 1_000_000 }).default(100),
    max_days: int({ min: 0 }).default(0),
    max_backups: int({ min: 0 }).default(100),
    localtime: bool().default(false),
  }),
  format: oneOf(["json", "proto"]).default("json"),
  encoding: text().default(""),
  compression: oneOf(["", "none", "zstd"]).default("none"),
  compression_params: section({ level: int({ min: 0, max: 22 }).default(0) }).prefault({}),
  flush_interval: durationMs().default(1_000),
  fsync: bool().default(true),
  create_directory: bool().default(false),
  directory_permissions: text().optional(),
  group_by: groupBySchema.prefault({}),
}).superRefine((config, context) => {
  const refuse = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
  if (config.encoding !== "") {
    refuse(["encoding"], "names an encoding extension, which this gateway has none of; wanted format: json or proto");
  }
  if (config.directory_permissions !== undefined) {
    if (!config.create_directory) refuse(["directory_permissions"], "is set, wanted create_directory: true with it");
    if (!/^0?[0-7]{1,3}$/.test(config.directory_permissions)) {
      refuse(["directory_permissions"], `is "${config.directory_permissions}", wanted an octal mode like "0755"`);
    }
  }
  if (config.group_by.enabled) refuseGrouping(config, refuse);
});

function refuseGrouping(
  config: {
    readonly path: string;
    readonly rotation?: unknown;
    readonly group_by: { readonly resource_attribute: string };
  },
  refuse: (path: string[], message: string) => void,
): void {
  const parts = config.path.split("*");
  if (parts.length !== 2 || parts[0] === "") {
    refuse(["path"], `is "${config.path}", wanted exactly one * behind a directory, because group_by is enabled`);
  }
  if (config.group_by.resource_attribute === "") {
    refuse(["group_by", "resource_attribute"], "is empty, wanted the name of a resource attribute");
  }
  if (config.rotation !== undefined) refuse(["rotation"], "is set, wanted none of it beside group_by");
}

export type FileConfig = z.output<typeof fileSchema>;

export const fileFactory: ExporterFactory<FileConfig> = {
  type: "file",
  summary: "Appends OTLP to files, as JSON lines or length-prefixed protobuf, and answers when it is on disk.",
  schema: fileSchema,
  warnings: (config) =>
    isEmptiedAtStart(config) ? [{ path: "append", message: `is false: every start empties ${config.path}` }] : [],
  signals: SIGNAL_NAMES,
  create: (config, deps) =>
    createSenderChain(new FileExporter(config, deps), {
      timeoutMs: 0,
      retry_on_failure: NO_RETRY,
      sending_queue: undefined,
    }, deps),
};

/** A rotated file goes on where it was, and so does a group's, which may have been closed for want of handles. */
function isEmptiedAtStart({ append, rotation, group_by }: FileConfig): boolean {
  return !append && rotation === undefined && !group_by.enabled;
}

/** Makes the messages, and hands each to the file that it belongs into. */
class FileExporter implements Consumer, Lifecycle {
  readonly #config: FileConfig;
  readonly #deps: ComponentDeps & { readonly signal: Signal };
  /** Open files by path, the one used last at the end; more than one only with `group_by`. */
  readonly #files = new Map<string, AppendFile>();
  readonly #closing = new Set<Promise<void>>();

  constructor(config: FileConfig, deps: ComponentDeps & { readonly signal: Signal }) {
    this.#config = config;
    this.#deps = deps;
  }

  /** @throws {UnavailableError} The file cannot be opened; the config that wants it does not start. */
  start(): Promise<void> {
    const { path, create_directory, group_by } = this.#config;
    try {
      if (create_directory) this.#makeDirectory(dirname(path.split("*")[0] + "x"));
      if (!group_by.enabled) this.#file(path);
    } catch (error) {
      const code = codeOf(error);
      const wanted = code === "ENOENT"
        ? "wanted create_directory: true, or a directory that is there"
        : "wanted a file that can be written";
      throw new UnavailableError(`Cannot open ${JSON.stringify(path)}: ${code}, ${wanted}`); // the code says it all
    }
    return Promise.resolve();
  }

  consume(payload: Payload): Promise<Outcome> {
    return this.#config.group_by.enabled ? this.#consumeGroups(payload) : this.#keep(this.#config.path, payload);
  }

  async shutdown(): Promise<void> {
    for (const path of this.#files.keys()) this.#close(path);
    await Promise.all(this.#closing);
  }

  /** Groups that are kept stay kept when another fails; the sender's retry doubles them. */
  async #consumeGroups(payload: Payload): Promise<Outcome> {
    const { path, group_by } = this.#config;
    const groups = groupByResource(payload, group_by.resource_attribute);
    const kept = Array.from(groups.bySegment, ([segment, chunks]) => {
      const target = groupPath(path, segment);
      return this.#keep(target, payloadOfChunks(payload, chunks), () => this.#makeDirectory(dirname(target)));
    });
    await Promise.all(kept);
    if (groups.rest.length === 0) return KEPT;
    const rejectedItems = payloadOfChunks(payload, groups.rest).itemCount;
    const items = counted(rejectedItems, SIGNALS[payload.signal].itemName);
    return {
      rejectedItems,
      message: `${items} without a resource attribute "${group_by.resource_attribute}" that is a path`,
    };
  }

  async #keep(path: string, payload: Payload, prepare = () => {}): Promise<Outcome> {
    const message = await this.#encode(payload);
    try {
      if (!this.#files.has(path)) prepare();
      await this.#file(path).append(message);
      return KEPT;
    } catch (error) {
      throw this.#failure(payload, error);
    }
  }

  async #encode(payload: Payload): Promise<Uint8Array> {
    const { format, compression, compression_params } = this.#config;
    const plain = format === "json" ? payloadToJson(payload) : payloadBytes(payload);
    if (compression === "zstd") return withLength(await compress("zstd", [plain], compression_params.level));
    return format === "json" ? asLine(plain) : withLength(plain);
  }

  #file(path: string): AppendFile {
    const open = this.#files.get(path) ?? this.#openFile(path);
    this.#files.delete(path);
    this.#files.set(path, open);
    return open;
  }

  #openFile(path: string): AppendFile {
    const [oldest] = this.#files.keys();
    if (oldest !== undefined && this.#files.size >= this.#config.group_by.max_open_files) this.#close(oldest);
    return new AppendFile(this.#fileOptions(path));
  }

  #fileOptions(path: string): AppendFileOptions {
    const { rotation, fsync, flush_interval } = this.#config;
    return {
      path,
      truncate: isEmptiedAtStart(this.#config),
      rotation: rotation === undefined ? undefined : {
        maxBytes: (rotation.max_megabytes || 100) * MEGABYTE,
        maxDays: rotation.max_days,
        maxBackups: rotation.max_backups,
        localtime: rotation.localtime,
      },
      fsync,
      flushIntervalMs: flush_interval,
      clock: this.#deps.clock,
    };
  }

  #close(path: string): void {
    const file = this.#files.get(path);
    if (file === undefined) return;
    this.#files.delete(path);
    const closed = file.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  #makeDirectory(path: string): void {
    const mode = Number.parseInt(this.#config.directory_permissions ?? "0755", 8);
    Deno.mkdirSync(path, { recursive: true, mode });
  }

  #failure(payload: Payload, error: unknown): Error {
    const code = codeOf(error);
    const items = counted(payload.itemCount, SIGNALS[payload.signal].itemName);
    const what = `Cannot write ${items} to a file: ${code}`;
    return FINAL_CODES.has(code) && this.#config.group_by.enabled
      ? new RejectedError(`${what}, wanted a name that the file system takes`, "invalid_argument", { cause: error })
      : new UnavailableError(`${what}, wanted a file that can be written`, { cause: error });
  }
}

/** The operating system's. */
function codeOf(error: unknown): string {
  return error instanceof FileWriteError ? error.code : (error as { code?: string }).code ?? "unknown";
}

function payloadOfChunks(payload: Payload, chunks: readonly Uint8Array[]): Payload {
  const bytes = payloadBytes({
    ...payload,
    chunks,
    byteLength: sumOfLengths(chunks),
  });
  return readPayload(payload.signal, bytes, COUNT_ONLY, payload.origin);
}

/** One message a line: JSON has no raw line break inside. */
function asLine(json: Uint8Array): Uint8Array {
  const line = new Uint8Array(json.length + 1);
  line.set(json);
  line[json.length] = 0x0a;
  return line;
}

/** The message behind its length, four bytes, big-endian. */
function withLength(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(4 + message.length);
  new DataView(framed.buffer).setUint32(0, message.length);
  framed.set(message, 4);
  return framed;
}
