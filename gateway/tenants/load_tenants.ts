/**
 * From the text of one source to its tenants as records of the table, or to what is wrong with them, each by itself: what
 * is broken keeps nothing else from being loaded.
 *
 * @module
 */

import { checkSection } from "../../pipeline/config/check_section.ts";
import { errorAt, type Problem } from "../../pipeline/config/problem.ts";
import { Scalar } from "../../pipeline/config/schema.ts";
import { DEFAULT_TREE_LIMITS, type MapNode, type Place, type TreeLimits } from "../../pipeline/config/tree/node.ts";
import { parseYaml } from "../../pipeline/config/tree/yaml.ts";
import { describeError } from "../../pipeline/core/log/logger.ts";
import { pipelineProblems } from "../../pipeline/tenants/catalog.ts";
import {
  isTenantId,
  OWN_KEYS,
  type TenantDefaults,
  TenantReader,
  tenantSchema,
  type TenantSettings,
  WANTED_TENANT_ID,
} from "../../pipeline/tenants/schema.ts";
import type { TenantSources } from "../../pipeline/tenants/sources.ts";
import { TenantResolver } from "../../pipeline/tenants/settings.ts";
import { recordsOf, writeTenant } from "../../pipeline/tenants/table/record.ts";
import { SimpleYaml } from "./simple_yaml.ts";
import { idOfFile, isLinesFile, MAX_TENANT_FILE_BYTES, type TenantFiles } from "./tenant_files.ts";

/**
 * A tenant, ready for the table. There are many, and each is copied twice before it is old: what can be made of something
 * else is not kept.
 */
export class LoadedTenant {
  readonly id: string;
  /** How many records it has. */
  readonly names: number;
  /** Of its records. */
  readonly byteLength: number;
  readonly #chunk: ArrayBuffer;
  readonly #start: number;
  readonly #file: string;
  readonly #line: number;
  readonly #column: number;

  /** @param records As `writeTenant` made them. */
  constructor(id: string, { file, line, column }: Place, records: Uint8Array<ArrayBuffer>, names: number) {
    this.id = id;
    this.names = names;
    this.byteLength = records.length;
    this.#chunk = records.buffer;
    this.#start = records.byteOffset;
    this.#file = file;
    this.#line = line;
    this.#column = column;
  }

  get place(): Place {
    return { file: this.#file, line: this.#line, column: this.#column };
  }

  get records(): Uint8Array {
    return new Uint8Array(this.#chunk, this.#start, this.byteLength);
  }
}

/** What came of one source. */
export interface LoadedSource {
  /** No two of one id. */
  readonly tenants: readonly LoadedTenant[];
  readonly problems: readonly Problem[];
  /** Tenants that it has and that are broken. */
  readonly broken: ReadonlySet<string>;
  /** Whether all of its tenants are known by id; if not, one that seems to be gone may be one that is broken. */
  readonly isWhole: boolean;
}

/** What tenants are resolved with. */
export type TenantContext = Pick<TenantSources, "defaults" | "pipelines">;

const LIMITS: TreeLimits = { ...DEFAULT_TREE_LIMITS, maxSourceBytes: MAX_TENANT_FILE_BYTES, maxDepth: 16 };

/** Problems of one source that are told. */
const MAX_PROBLEMS = 100;

/** The tenants of the configuration itself, which was checked. */
export function loadInline({ tenants, defaults, pipelines }: TenantSources): LoadedSource {
  const loader = new Loader({ defaults, pipelines }, new LoadingTools());
  for (const { id, settings, place } of tenants) loader.add(id, settings, place);
  return loader.done();
}

/** What the files of one directory have in common: what was read of one is known of the next. */
export class LoadingTools {
  readonly yaml = new SimpleYaml(OWN_KEYS);
  readonly #reader = new TenantReader();
  readonly #resolver = new TenantResolver();
  readonly #packer = new Packer();
  readonly #pack = (records: Uint8Array<ArrayBuffer>) => this.#packer.pack(records);

  /**
   * A tenant as it is written, without a tree.
   *
   * @param id When it does not say one itself.
   * @returns undefined when something is wrong, or somebody has to be told: a tree tells what and where.
   */
  plain(
    written: Record<string, unknown> | undefined,
    id: string | undefined,
    place: Place,
    { defaults }: TenantContext,
  ): LoadedTenant | undefined {
    if (written === undefined) return undefined;
    const { id: own = id } = written;
    if (typeof own !== "string" || !isTenantId(own)) return undefined;
    written["id"] = undefined;
    const settings = this.#reader.read(written, withScalars);
    if (settings === undefined || settings.pipelines !== undefined) return undefined;
    const tenant = this.make(own, settings, place, defaults);
    return typeof tenant === "string" ? undefined : tenant;
  }

  /** @returns Why it cannot be in a table, else. */
  make(id: string, settings: TenantSettings, place: Place, defaults: TenantDefaults): LoadedTenant | string {
    try {
      const tenant = this.#resolver.resolve(id, settings, defaults);
      return new LoadedTenant(id, place, writeTenant(tenant, this.#pack), recordsOf(tenant));
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      return describeError(thrown);
    }
  }
}

/** A source of which nothing is to be told but its tenants: most are such, and share what they have nothing in. */
const WELL: Omit<LoadedSource, "tenants"> = { problems: [], broken: new Set(), isWhole: true };

/** At once, where the file is small. @throws {Error} It cannot be read; or the promise is rejected. */
export function loadFile(
  path: string,
  files: TenantFiles,
  context: TenantContext,
  tools: LoadingTools,
): LoadedSource | Promise<LoadedSource> {
  if (isLinesFile(path)) return loadLines(path, files, new Loader(context, tools));
  const text = files.readText(path);
  return typeof text === "string"
    ? loadText(text, path, context, tools)
    : text.then((read) => loadText(read, path, context, tools));
}

/** A file of one tenant; as a line, without a tree where it can be. */
function loadText(text: string, file: string, context: TenantContext, tools: LoadingTools): LoadedSource {
  const id = idOfFile(file);
  const tenant = tools.plain(tools.yaml.read(text), id, { file, line: 1, column: 1 }, context);
  if (tenant !== undefined) return { tenants: [tenant], ...WELL };
  const loader = new Loader(context, tools);
  loader.addText(text, file, 0, id);
  return loader.done();
}

/** One JSON object a line. Empty lines do not count. */
async function loadLines(path: string, files: TenantFiles, loader: Loader): Promise<LoadedSource> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 0;
  let rest = "";
  for await (const piece of files.readPieces(path)) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) loader.addLine(text, path, ++line);
    if (rest.length > MAX_TENANT_FILE_BYTES) {
      throw new RangeError(`line ${line + 1} is longer than ${MAX_TENANT_FILE_BYTES} bytes`);
    }
  }
  loader.addLine(rest + decoder.decode(), path, ++line);
  return loader.done();
}

class Loader {
  readonly #context: TenantContext;
  readonly #tenants = new Map<string, LoadedTenant>();
  readonly #broken = new Set<string>();
  readonly #problems: Problem[] = [];
  readonly #tools: LoadingTools;
  #isWhole = true;
  #untold = 0;

  constructor(context: TenantContext, tools: LoadingTools) {
    this.#context = context;
    this.#tools = tools;
  }

  done(): LoadedSource {
    const [last] = this.#problems.slice(-1);
    if (this.#untold > 0 && last !== undefined) {
      this.#problems.push(errorAt({ ...last, line: 0, column: 0 }, [], `has ${this.#untold} further problems`));
    }
    const tenants = [...this.#tenants.values()];
    return { tenants, problems: this.#problems, broken: this.#broken, isWhole: this.#isWhole };
  }

  /** One line of JSON. What is right is read without a tree; what is wrong is read again to find its place. */
  addLine(text: string, file: string, line: number): void {
    if (text.trim() === "") return;
    const tenant = this.#tools.plain(parseLine(text), undefined, { file, line, column: 1 }, this.#context);
    if (tenant === undefined) this.addText(text, file, line - 1, undefined);
    else this.#put(tenant);
  }

  /** A YAML document, or JSON. @param linesAbove Of the file. @param id When it does not say one itself. */
  addText(text: string, file: string, linesAbove: number, id: string | undefined): void {
    const parsed = parseYaml(text, file, LIMITS);
    const start = { file, line: 1, column: 1 };
    const down = (problem: Problem) => ({ ...problem, line: problem.line === 0 ? 0 : problem.line + linesAbove });
    const { node, problems } = parsed;
    if (problems.length > 0) return this.#isUnreadable(problems.map(down));
    if (node.kind !== "map") {
      return this.#isUnreadable([down(errorAt(start, [], "is no map, wanted the keys of one tenant"))]);
    }
    const ownId = node.entries.get("id");
    const known = ownId?.node.kind === "scalar" ? ownId.node.text : ownId === undefined ? id : undefined;
    if (known === undefined || !isTenantId(known)) {
      const place = ownId?.node.place ?? start;
      const message = known === undefined ? "is missing" : `is ${JSON.stringify(known.slice(0, 60))}`;
      return this.#isUnreadable([down(errorAt(place, ["id"], `${message}, ${WANTED_TENANT_ID}`))]);
    }
    const section = withoutId(node);
    const path = ["tenants", known];
    const { config, problems: own } = checkSection(section, tenantSchema, path);
    this.#tell(own.map(down));
    if (config === undefined) return void this.#broken.add(known);
    const pipelines = pipelineProblems(config, section, path, this.#context.pipelines);
    this.#tell(pipelines.map((problem) => down({ ...problem, severity: "warning" })));
    this.add(known, config, { ...start, line: linesAbove + 1 });
  }

  add(id: string, settings: TenantSettings, place: Place): void {
    const made = this.#tools.make(id, settings, place, this.#context.defaults);
    if (typeof made !== "string") return this.#put(made);
    this.#tell([errorAt(place, ["tenants", id], `is too large: ${made}`)]);
    this.#broken.add(id);
  }

  #put(tenant: LoadedTenant): void {
    const { id, place } = tenant;
    const first = this.#tenants.get(id);
    if (first === undefined) this.#tenants.set(id, tenant);
    else this.#tell([errorAt(place, ["tenants", id], `is in line ${first.place.line} already, which is used`)]);
  }

  #isUnreadable(problems: readonly Problem[]): void {
    this.#isWhole = false;
    this.#tell(problems);
  }

  #tell(problems: readonly Problem[]): void {
    for (const problem of problems) {
      if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem);
      else this.#untold += 1;
    }
  }
}

/** What is written; undefined when it is no object. */
function parseLine(text: string): Record<string, unknown> | undefined {
  if (text.includes("__proto__")) return undefined; // a key that an object cannot be given like any other
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return value as Record<string, unknown>;
}

/** A copy: what was read of one file may be another one's too. */
function withScalars(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean") return new Scalar(value, String(value));
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withScalars);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, withScalars(child)]));
}

function withoutId(node: MapNode): MapNode {
  return { ...node, entries: new Map([...node.entries].filter(([key]) => key !== "id")) };
}

/** Puts many small pieces of memory into few large ones. */
class Packer {
  #chunk = new Uint8Array(0);
  #at = 0;
  #nextBytes = 1_024;

  pack(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    if (this.#at + bytes.length > this.#chunk.length) {
      this.#chunk = new Uint8Array(Math.max(bytes.length, this.#nextBytes));
      this.#nextBytes = Math.min(256 * 1024, 2 * this.#nextBytes);
      this.#at = 0;
    }
    const packed = this.#chunk.subarray(this.#at, this.#at + bytes.length);
    packed.set(bytes);
    this.#at += bytes.length;
    return packed;
  }
}
