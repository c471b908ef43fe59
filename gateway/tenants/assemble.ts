/**
 * Makes one table of the tenants of all sources. Each name is one tenant's: who was there first keeps it, and the other one
 * stays as it was, or is not there.
 *
 * @module
 */

import { errorAt, type Problem, sortProblems } from "../../pipeline/config/problem.ts";
import { MAX_TENANTS } from "../../pipeline/tenants/limits.ts";
import { atPlace, type TenantSources } from "../../pipeline/tenants/sources.ts";
import { KIND } from "../../pipeline/tenants/table/layout.ts";
import { type NameConflict, TableWriter } from "../../pipeline/tenants/table/writer.ts";
import type { LoadedTenant } from "./load_tenants.ts";
import type { Source, State } from "./read_sources.ts";
import type { TenantSlots } from "./slots.ts";

/** A tenant in the table that is used. */
export interface Used {
  readonly tenant: LoadedTenant;
  readonly source: Source;
}

/** Tenants as a table. */
export interface Assembled {
  readonly used: ReadonlyMap<string, Used>;
  readonly table: SharedArrayBuffer;
  readonly problems: readonly Problem[];
  /** The configuration names a default tenant that is not there; one of the problems. */
  readonly noDefault: Problem | undefined;
}

/** Of a configuration that knows no tenants. */
export const NOBODY: Assembled = {
  used: new Map(),
  table: new SharedArrayBuffer(0),
  problems: [],
  noDefault: undefined,
};

/** Who has a name before whom: those of the configuration, what is the same as before, what was changed, what is new. */
const RANK = { inline: 0, same: 1, changed: 2, fresh: 3 } as const;
type Rank = typeof RANK[keyof typeof RANK];

/** @param before What is used until now. */
export function assemble(state: State, before: ReadonlyMap<string, Used>, slots: TenantSlots): Assembled {
  const sources = [state.inline, ...state.files.values()];
  const ranked = rank(sources, before);
  const given = ranked.map((candidates) => candidates.map(({ tenant }) => slots.take(tenant.id)));
  const table = new Assembly(slots.used, ranked, before);
  ranked.forEach((candidates, rank) => {
    candidates.forEach((candidate, i) => {
      const slot = given[rank]?.[i];
      if (slot === undefined) table.hasNoRoom(candidate.tenant);
      else table.add(candidate, slot, rank === RANK.changed ? before.get(candidate.tenant.id) : undefined);
    });
  });
  const noDefault = missingDefault(state.sources, table.used);
  const problems = [
    ...sources.flatMap((source) => source.problems),
    ...state.trouble,
    ...table.problems,
    ...(noDefault === undefined ? [] : [noDefault]),
  ];
  return { used: table.used, table: table.finish(), problems: sortProblems(problems), noDefault };
}

/** The tenants of all sources, by RANK. */
function rank(sources: readonly Source[], before: ReadonlyMap<string, Used>): readonly Used[][] {
  const ranked: Used[][] = Object.values(RANK).map(() => []);
  for (const source of sources) {
    for (const tenant of source.tenants) ranked[rankOf(source, tenant, before)]?.push({ source, tenant });
  }
  return ranked;
}

function rankOf({ path }: Source, tenant: LoadedTenant, before: ReadonlyMap<string, Used>): Rank {
  if (path === undefined) return RANK.inline;
  const used = before.get(tenant.id);
  if (used?.source.path !== path) return RANK.fresh;
  return isSameTenant(tenant, used.tenant) ? RANK.same : RANK.changed;
}

export function isSameTenant(a: LoadedTenant, b: LoadedTenant | undefined): boolean {
  if (a === b) return true;
  if (a.byteLength !== b?.byteLength) return false;
  const [own, other] = [a.records, b.records];
  return own.every((byte, i) => byte === other[i]);
}

class Assembly {
  readonly used = new Map<string, Used>();
  readonly problems: Problem[] = [];
  readonly #writer: TableWriter;
  readonly #bySlot: LoadedTenant[] = [];

  /** There is room for all, and for those that were changed as they were as well. */
  constructor(slots: number, ranked: readonly Used[][], before: ReadonlyMap<string, Used>) {
    let [records, bytes] = [0, 0];
    const count = (tenant: LoadedTenant | undefined) => {
      records += tenant?.names ?? 0;
      bytes += tenant?.byteLength ?? 0;
    };
    for (const { tenant } of ranked.flat()) count(tenant);
    for (const { tenant } of ranked[RANK.changed] ?? []) count(before.get(tenant.id)?.tenant);
    this.#writer = new TableWriter({ slots, records, bytes });
  }

  /** @param old As it was: it stays so when it has a name of another one's now. */
  add(candidate: Used, slot: number, old: Used | undefined): void {
    const conflict = this.#tryAdd(candidate, slot);
    if (conflict === undefined) return;
    this.problems.push(conflictProblem(candidate.tenant, conflict, this.#bySlot[conflict.slot]));
    if (old !== undefined) this.#tryAdd(old, slot);
  }

  hasNoRoom({ id, place }: LoadedTenant): void {
    this.problems.push(errorAt(place, ["tenants", id], `is one too many: there is room for ${MAX_TENANTS}`));
  }

  finish(): SharedArrayBuffer {
    return this.#writer.finish();
  }

  #tryAdd(used: Used, slot: number): NameConflict | undefined {
    const { tenant } = used;
    const conflict = this.#writer.add(slot, tenant.records);
    if (conflict !== undefined) return conflict;
    this.used.set(tenant.id, used);
    this.#bySlot[slot] = tenant;
    return undefined;
  }
}

function missingDefault(sources: TenantSources | undefined, used: ReadonlyMap<string, Used>): Problem | undefined {
  const { defaultTenant } = sources ?? {};
  if (defaultTenant === undefined || used.has(defaultTenant.id)) return undefined;
  const { id, place } = defaultTenant;
  const message = `names ${JSON.stringify(id)}, which is no tenant, so that data without credentials is refused`;
  return errorAt(place, ["tenancy", "default_tenant"], message);
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
