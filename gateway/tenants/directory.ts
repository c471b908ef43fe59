/**
 * All tenants of a gateway, on its control thread: those of the configuration and those of `tenants_dir`, as one table
 * that is posted to the threads. A change of a file is a new table and nothing else.
 *
 * What is broken, or has a name that another tenant has, is told, and the tenant stays as it was; a tenant that is in no
 * file any more goes.
 *
 * @module
 */

import { errorAt, formatProblem, type Problem, sortProblems } from "../../pipeline/config/problem.ts";
import type { Place } from "../../pipeline/config/tree/node.ts";
import type { Clock } from "../../pipeline/core/clock.ts";
import { describeError, type Logger } from "../../pipeline/core/log.ts";
import type { Gauge, Meter } from "../../pipeline/core/telemetry/meter.ts";
import { atPlace, type TenantSources } from "../../pipeline/tenants/sources.ts";
import { bytesFor, TenantCells } from "../../pipeline/tenants/rates/cells.ts";
import { MAX_TENANTS } from "../../pipeline/tenants/limits.ts";
import { type LiveTenant, liveTenant } from "../../pipeline/tenants/live.ts";
import { SharedClock } from "../../pipeline/tenants/rates/shared_clock.ts";
import { type TenantSnapshot, TenantTable } from "../../pipeline/tenants/table/table.ts";
import { KIND } from "../../pipeline/tenants/table/layout.ts";
import { type NameConflict, TableWriter } from "../../pipeline/tenants/table/writer.ts";
import type { LoadedSource, LoadedTenant } from "./load_tenants.ts";
import { TenantSlots } from "./slots.ts";
import type { TenantFiles } from "./tenant_files.ts";

export interface TenantDirectoryOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: how many tenants there are is not counted. */
  readonly meter?: Meter;
  /** Absent: there are no files here. */
  readonly files: TenantFiles | undefined;
  /** Files have changed: the threads are to use it from now on. Settles when they do. */
  readonly publish: (snapshot: TenantSnapshot) => void | Promise<void>;
  /** Slots that there are. Default MAX_TENANTS. */
  readonly capacity?: number;
}

/** Tenants that were read and are not yet used. Exactly one of its methods is called; until then nothing else changes. */
export interface NextTenants {
  /** What the threads are to have; the one that they have where nothing is new. */
  readonly snapshot: TenantSnapshot | undefined;
  /** Why a directory that was not read before cannot be, or who is missing; undefined: they can be used. */
  readonly obstacle: Problem | undefined;
  /** The threads have them now. */
  commit(): void;
  discard(): void;
}

/** Whether a file is whole: not in the middle of being written. */
export type IsSettled = (path: string, mark: string) => boolean;

const ALL_SETTLED: IsSettled = () => true;

/** Where tenants come from: the configuration, or a file. */
interface Source {
  /** A file's path; undefined: the configuration. */
  readonly path: string | undefined;
  /** What the file was when it was read; undefined: it could not be, and is read again. */
  readonly mark: string | undefined;
  readonly tenants: ReadonlyMap<string, LoadedTenant>;
  readonly problems: readonly Problem[];
}

/** All sources of one moment. */
interface State {
  readonly sources: TenantSources | undefined;
  readonly inline: Source;
  /** By path, sorted. */
  readonly files: ReadonlyMap<string, Source>;
  /** Why the directory itself cannot be read. */
  readonly trouble: readonly Problem[];
}

/** A tenant in the table that is used. */
interface Used {
  readonly tenant: LoadedTenant;
  readonly source: Source;
}

/** Tenants as a table. */
interface Assembled {
  readonly used: ReadonlyMap<string, Used>;
  readonly table: SharedArrayBuffer;
  readonly problems: readonly Problem[];
  /** The configuration names a default tenant that is not there; one of the problems. */
  readonly noDefault: Problem | undefined;
}

/** Reads one file. */
type Load = (path: string, files: TenantFiles) => Promise<LoadedSource>;

/** Which files need not be read. */
interface Looks {
  /** It was read when it was this, and would be read as the same again. */
  isKnown(source: Source | undefined, mark: string): boolean;
  readonly isSettled: IsSettled;
}

/** What reads tenants is loaded where there are some. */
const loading = () => import("./load_tenants.ts");

const NOBODY: Assembled = { used: new Map(), table: new SharedArrayBuffer(0), problems: [], noDefault: undefined };
const NO_SOURCE: Source = { path: undefined, mark: undefined, tenants: new Map(), problems: [] };
const NO_STATE: State = { sources: undefined, inline: NO_SOURCE, files: new Map(), trouble: [] };

export class TenantDirectory {
  readonly #options: TenantDirectoryOptions;
  readonly #slots: TenantSlots;
  #cells: { readonly memory: SharedArrayBuffer; readonly view: TenantCells; readonly clock: SharedClock } | undefined;
  #state = NO_STATE;
  #used: ReadonlyMap<string, Used> = new Map();
  #snapshot: TenantSnapshot | undefined;
  #table: TenantTable | undefined;
  #problems: readonly Problem[] = [];
  #version = 0;
  #gauges: Readonly<Record<"tenants" | "problems", Gauge>> | undefined;
  /** The change that is under way; the next waits for it. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: TenantDirectoryOptions) {
    this.#options = options;
    this.#slots = new TenantSlots({
      capacity: options.capacity ?? MAX_TENANTS,
      nowMs: () => options.clock.monotonicMs(),
      onReuse: (slot) => this.#cells?.view.clear(slot),
    });
  }

  /** What the threads have; undefined while the configuration knows no tenants. */
  get snapshot(): TenantSnapshot | undefined {
    return this.#snapshot;
  }

  /** The memory that all threads share. */
  get cells(): TenantCells {
    return this.#cellMemory().view;
  }

  get table(): TenantTable | undefined {
    return this.#table;
  }

  /** Why tenants that are written are not used, or not as they are written now. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** What the configuration that runs says of tenants. */
  get sources(): TenantSources | undefined {
    return this.#state.sources;
  }

  /** Where the tenant is written that is used; its version changes with it. */
  find(
    id: string,
  ): { readonly place: Place; readonly path: string | undefined; readonly records: Uint8Array } | undefined {
    const used = this.#used.get(id);
    if (used === undefined) return undefined;
    return { place: used.tenant.place, path: used.source.path, records: used.tenant.records };
  }

  /** What is left of a tenant's limits now; undefined: there is no such tenant. */
  live(id: string): LiveTenant | undefined {
    const row = this.#table?.find(id);
    if (row === undefined || this.#cells === undefined) return undefined;
    const { view, clock } = this.#cells;
    return liveTenant(row, view, clock.nowNs());
  }

  /**
   * Reads the tenants of another configuration; undefined when it knows none. Tenants that cannot be read are among
   * `problems`, once it is committed.
   */
  prepare(sources: TenantSources | undefined): Promise<NextTenants> {
    return this.#inTurn(() => sources, ALL_SETTLED);
  }

  /** Reads again what has changed of the directory. @param isSettled Files that are not are left for later. */
  async refresh(isSettled = ALL_SETTLED): Promise<void> {
    const next = await this.#inTurn(() => this.#state.sources, isSettled);
    const { version } = this.#snapshot ?? {};
    next.commit();
    if (this.#snapshot !== undefined && this.#snapshot.version !== version) {
      await this.#options.publish(this.#snapshot);
    }
  }

  /** Gives back what the requests of a thread held that has died. */
  recover(thread: number): void {
    if (this.#cells === undefined) return;
    new TenantCells(this.#cells.memory, thread).recover();
    this.#cells.clock.nowNs(); // the next one begins at the latest time that was told
  }

  async #inTurn(sources: () => TenantSources | undefined, isSettled: IsSettled): Promise<NextTenants> {
    const turn = Promise.withResolvers<void>();
    const before = this.#turn;
    this.#turn = turn.promise;
    await before;
    try {
      const state = await this.#read(sources(), isSettled);
      return this.#next(state, turn.resolve);
    } catch (thrown) {
      turn.resolve();
      throw thrown;
    }
  }

  #next(state: State, done: () => void): NextTenants {
    const isNew = state.sources?.directory !== this.#state.sources?.directory;
    const assembled = state.sources === undefined ? NOBODY : this.#assemble(state);
    const snapshot = state.sources === undefined ? undefined : this.#snapshotOf(assembled);
    return {
      snapshot,
      obstacle: (isNew ? state.trouble[0] : undefined) ?? assembled.noDefault,
      commit: () => {
        this.#use(state, assembled, snapshot);
        done();
      },
      discard: () => {
        this.#slots.keep(this.#used);
        done();
      },
    };
  }

  async #read(sources: TenantSources | undefined, isSettled: IsSettled): Promise<State> {
    if (sources === undefined) return NO_STATE;
    const { loadInline } = await loading();
    const before = this.#state;
    const inline: Source = { ...NO_SOURCE, ...loadInline(sources) };
    const isSame = before.sources?.directory === sources.directory;
    const isReadable = before.sources?.defaultsFingerprint === sources.defaultsFingerprint;
    const known = isSame ? before.files : new Map<string, Source>();
    const isKnown = (source: Source | undefined, mark: string) => isReadable && source?.mark === mark;
    const { files, trouble } = await this.#readDirectory(sources, known, { isKnown, isSettled });
    return { sources, inline, files, trouble };
  }

  async #readDirectory(sources: TenantSources, known: ReadonlyMap<string, Source>, looks: Looks) {
    const { directory } = sources;
    if (directory === undefined) return { files: new Map<string, Source>(), trouble: [] };
    const files = new Map<string, Source>();
    const { loadFile, LoadingTools } = await loading();
    const tools = new LoadingTools();
    const load: Load = (path, disk) => loadFile(path, disk, sources, tools);
    try {
      if (this.#options.files === undefined) throw new Error("there are no files here");
      for (const name of await this.#options.files.list(directory)) {
        const path = `${directory.replace(/\/+$/, "")}/${name}`;
        const source = await this.#readFile(path, this.#options.files, load, known.get(path), looks);
        if (source !== undefined) files.set(path, source);
      }
      return { files, trouble: [] };
    } catch (thrown) {
      const message = `cannot be read, so that its tenants stay as they are: ${describeError(thrown)}`;
      return { files: known, trouble: [errorAt(wholeOf(directory), ["tenants_dir"], message)] };
    }
  }

  /** @returns undefined when it is gone. */
  async #readFile(
    path: string,
    files: TenantFiles,
    load: Load,
    known: Source | undefined,
    { isKnown, isSettled }: Looks,
  ): Promise<Source | undefined> {
    const mark = await files.mark(path);
    if (mark === undefined) return undefined;
    if (isKnown(known, mark) || !isSettled(path, mark)) return known;
    try {
      return withOld({ path, mark, ...await load(path, files) }, known);
    } catch (thrown) {
      const problem = errorAt(wholeOf(path), [], `cannot be read: ${describeError(thrown)}`);
      return { path, mark, tenants: known?.tenants ?? new Map(), problems: [problem] };
    }
  }

  /** The one that is used, when it would be the same. */
  #snapshotOf({ used, table }: Assembled): TenantSnapshot {
    const isSame = used.size === this.#used.size &&
      [...used].every(([id, { tenant }]) => isSameTenant(tenant, this.#used.get(id)?.tenant));
    if (isSame && this.#snapshot !== undefined) return this.#snapshot;
    return { version: ++this.#version, table, cells: this.#cellMemory().memory };
  }

  #use(state: State, { used, problems }: Assembled, snapshot: TenantSnapshot | undefined): void {
    const gone = [...this.#used.keys()].filter((id) => !used.has(id));
    this.#state = state;
    this.#used = used;
    this.#slots.keep(used);
    this.#tell(problems, gone);
    this.#count(state, used.size, problems.length);
    if (snapshot === this.#snapshot) return;
    this.#snapshot = snapshot;
    this.#table = snapshot === undefined ? undefined : new TenantTable(snapshot.table);
    this.#options.logger.info("Tenants have changed", { tenants: used.size, version: snapshot?.version });
  }

  /** Who was there first keeps a name: what is the same as before, then what was changed, then what is new. */
  #assemble({ sources, inline, files, trouble }: State): Assembled {
    const candidates = [inline, ...files.values()].flatMap((source) =>
      [...source.tenants.values()].map((tenant) => ({ source, tenant, rank: this.#rank(source, tenant) }))
    );
    const ranked = [0, 1, 2, 3].flatMap((rank) => candidates.filter((candidate) => candidate.rank === rank));
    const used = new Map<string, Used>();
    const problems = [inline, ...files.values()].flatMap((source) => source.problems).concat(trouble);
    const slots = ranked.map(({ tenant }) => this.#slots.take(tenant.id));
    const room = [...candidates.map(({ tenant }) => tenant), ...this.#changed(ranked)];
    const writer = new TableWriter({
      slots: this.#slots.used,
      records: room.reduce((sum, { names }) => sum + names, 0),
      bytes: room.reduce((sum, { records }) => sum + records.length, 0),
    });
    const bySlot = new Map<number, LoadedTenant>();
    const add = (source: Source, tenant: LoadedTenant, slot: number): NameConflict | undefined => {
      const conflict = writer.add(slot, tenant.records);
      if (conflict !== undefined) return conflict;
      used.set(tenant.id, { tenant, source });
      bySlot.set(slot, tenant);
      return undefined;
    };
    for (const [i, { source, tenant, rank }] of ranked.entries()) {
      const slot = slots[i];
      if (slot === undefined) {
        problems.push(
          errorAt(tenant.place, ["tenants", tenant.id], `is one too many: there is room for ${MAX_TENANTS}`),
        );
        continue;
      }
      const conflict = add(source, tenant, slot);
      if (conflict === undefined) continue;
      problems.push(conflictProblem(tenant, conflict, bySlot.get(conflict.slot)));
      const old = rank === 2 ? this.#used.get(tenant.id) : undefined;
      if (old !== undefined) add(old.source, old.tenant, slot);
    }
    const noDefault = missingDefault(sources, used);
    if (noDefault !== undefined) problems.push(noDefault);
    return { used, table: writer.finish(), problems: sortProblems(problems), noDefault };
  }

  #rank({ path }: Source, tenant: LoadedTenant): number {
    if (path === undefined) return 0;
    const used = this.#used.get(tenant.id);
    if (used?.source.path !== path) return 3;
    return isSameTenant(tenant, used.tenant) ? 1 : 2;
  }

  /** As they were, those that were changed: one that has a name of another's now stays so. */
  #changed(ranked: readonly { readonly tenant: LoadedTenant; readonly rank: number }[]): LoadedTenant[] {
    return ranked.filter(({ rank }) => rank === 2).flatMap(({ tenant }) => this.#used.get(tenant.id)?.tenant ?? []);
  }

  /** Nothing where tenants were never known. */
  #count({ sources }: State, tenants: number, problems: number): void {
    const { meter } = this.#options;
    if (meter === undefined || (sources === undefined && this.#gauges === undefined)) return;
    this.#gauges ??= {
      tenants: meter.gauge("sluice_tenants", {}),
      problems: meter.gauge("sluice_tenant_problems", {}),
    };
    this.#gauges.tenants.set(tenants);
    this.#gauges.problems.set(problems);
  }

  #tell(problems: readonly Problem[], gone: readonly string[]): void {
    const { logger } = this.#options;
    const told = new Set(this.#problems.map(formatProblem));
    for (const problem of problems) {
      const text = formatProblem(problem);
      if (!told.has(text)) {
        logger[problem.severity === "error" ? "error" : "warn"]("A tenant needs a look", { problem: text });
      }
    }
    if (gone.length > 0) {
      const some = gone.slice(0, MAX_NAMED).join(", ");
      logger.info("Tenants are gone", { count: gone.length, tenants: gone.length > MAX_NAMED ? `${some} …` : some });
    }
    this.#problems = problems;
  }

  /** Reserved once, for as many as there may ever be: what nobody has written to costs no memory. */
  #cellMemory() {
    if (this.#cells === undefined) {
      const memory = new SharedArrayBuffer(bytesFor(this.#options.capacity ?? MAX_TENANTS));
      const view = new TenantCells(memory);
      this.#cells = { memory, view, clock: new SharedClock(view, this.#options.clock) };
    }
    return this.#cells;
  }
}

function missingDefault(sources: TenantSources | undefined, used: ReadonlyMap<string, Used>): Problem | undefined {
  const { defaultTenant } = sources ?? {};
  if (defaultTenant === undefined || used.has(defaultTenant.id)) return undefined;
  const { id, place } = defaultTenant;
  const message = `names ${JSON.stringify(id)}, which is no tenant, so that data without credentials is refused`;
  return errorAt(place, ["tenancy", "default_tenant"], message);
}

/** Ids in one line of the log. */
const MAX_NAMED = 20;

const wholeOf = (file: string): Place => ({ file, line: 0, column: 0 });

function isSameTenant(a: LoadedTenant, b: LoadedTenant | undefined): boolean {
  if (a === b) return true;
  return a.records.length === b?.records.length && a.records.every((byte, i) => byte === b.records[i]);
}

/** A file as it is now, with the tenants of before that are broken in it, or may be. */
function withOld(
  { broken, isWhole, ...source }: LoadedSource & Pick<Source, "path" | "mark">,
  known: Source | undefined,
) {
  const old = [...known?.tenants ?? []].filter(([id]) => !source.tenants.has(id) && (broken.has(id) || !isWhole));
  return old.length === 0 ? source : { ...source, tenants: new Map([...source.tenants, ...old]) };
}

const KIND_NAMES = new Map<number, string>(Object.entries(KIND).map(([name, kind]) => [kind, name]));

function conflictProblem(
  tenant: LoadedTenant,
  { kind, name }: NameConflict,
  holder: LoadedTenant | undefined,
): Problem {
  const path = ["tenants", tenant.id];
  const where = holder === undefined ? "" : atPlace(holder.place);
  if (kind === KIND.tenant) return errorAt(tenant.place, path, `is in ${where} already, which is used`);
  const what = `has the ${KIND_NAMES.get(kind) ?? ""} ${JSON.stringify(name)}`;
  if (holder === undefined) return errorAt(tenant.place, path, `${what} twice`);
  return errorAt(tenant.place, path, `${what}, which the tenant ${holder.id} in ${where} has: it is not used`);
}
