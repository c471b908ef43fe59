/**
 * All tenants of a gateway, on its control thread: those of the configuration and those of `tenants_dir`, as one table
 * that is posted to the threads. A change of a file is a new table and nothing else.
 *
 * What is broken, or has a name that another tenant has, is told, and the tenant stays as it was; a tenant that is in no
 * file any more goes.
 *
 * @module
 */

import { formatProblem, type Problem } from "../../pipeline/config/problem.ts";
import type { Place } from "../../pipeline/config/tree/node.ts";
import type { Clock } from "../../pipeline/core/clock.ts";
import type { Logger } from "../../pipeline/core/log/logger.ts";
import type { Gauge, Meter } from "../../pipeline/core/telemetry/meter.ts";
import type { TenantSources } from "../../pipeline/tenants/sources.ts";
import { bytesFor, TenantCells } from "../../pipeline/tenants/rates/cells.ts";
import { MAX_TENANTS } from "../../pipeline/tenants/limits.ts";
import { type LiveTenant, liveTenant } from "../../pipeline/tenants/live.ts";
import { SharedClock } from "../../pipeline/tenants/rates/shared_clock.ts";
import { type TenantSnapshot, TenantTable } from "../../pipeline/tenants/table/table.ts";
import { assemble, type Assembled, isSameTenant, NOBODY, type Used } from "./assemble.ts";
import { type IsSettled, NO_STATE, readSources, type State } from "./read_sources.ts";
import { TenantSlots } from "./slots.ts";
import type { TenantFiles } from "./tenant_files.ts";

export type { IsSettled };

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

const ALL_SETTLED: IsSettled = () => true;

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
      const state = await readSources(sources(), this.#state, this.#options.files, isSettled);
      return this.#next(state, turn.resolve);
    } catch (thrown) {
      turn.resolve();
      throw thrown;
    }
  }

  #next(state: State, done: () => void): NextTenants {
    const isNew = state.sources?.directory !== this.#state.sources?.directory;
    const assembled = state.sources === undefined ? NOBODY : assemble(state, this.#used, this.#slots);
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

/** Ids in one line of the log. */
const MAX_NAMED = 20;
