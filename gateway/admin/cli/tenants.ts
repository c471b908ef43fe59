/**
 * What each subcommand of `sluice admin tenants` asks, and how it shows the answer to people.
 *
 * @module
 */

import { anything } from "../../../pipeline/config/schema.ts";
import { DEFAULT_TREE_LIMITS, toPlain } from "../../../pipeline/config/tree/node.ts";
import { parseYaml } from "../../../pipeline/config/tree/yaml.ts";
import { systemClock } from "../../../pipeline/core/clock.ts";
import type { Tenant, UsageEntry } from "../../../routes/admin/tenants/schemas.ts";
import { ApiFailure, problemText } from "../../../routes/api/client.ts";
import type { AdminClient } from "./client.ts";
import { age, figure, plainLines, table, time } from "./table.ts";
import { all, type View } from "./views.ts";

type Settings = Tenant["settings"];

export function listTenants(search: string): View {
  return async (client) => {
    const json = await all((cursor) => client.ask("listTenants", { query: { search, limit: 500, ...cursor } }));
    const { body: { items: problems } } = await client.ask("listTenantProblems", { query: { limit: 20 } });
    const rows = json.map((
      { id, enabled, keys, refusals, place },
    ) => [id, enabled ? "yes" : "no", keys, refusals, place]);
    const note = problems.map(problemText);
    return { json, text: table(["TENANT", "ENABLED", "KEYS", "REFUSALS", "PLACE"], rows), note: note.join("\n") };
  };
}

export function showTenant(id: string): View {
  return async (client) => {
    const { body: json } = await client.ask("getTenant", { params: { id } });
    return { json, text: showSettings(json) };
  };
}

/** @param assignments `limits.all.requests_per_second=10`. Shown alone is the key, fit for a variable of a shell. */
export function createTenant(id: string, assignments: readonly string[], withKey: boolean): View {
  return async (client) => {
    const settings = assigned({}, assignments);
    const { body: json } = await client.ask("createTenant", { body: { id, settings, with_key: withKey } });
    if (json.key === null) return { json, text: `${id} is made, without a key` };
    return { json, text: json.key, note: `${id} is made; its key is shown this once:` };
  };
}

/** What is not named stays; nothing after the sign takes a setting away. */
export function setTenant(id: string, assignments: readonly string[], ifVersion: string | undefined): View {
  return async (client) => {
    const { body: before, etag } = await client.ask("getTenant", { params: { id } });
    const settings = assigned(before.settings, assignments);
    const ifMatch = ifVersion === undefined ? etag : `"${ifVersion}"`;
    const { body: json } = await client.ask("setTenant", { params: { id }, body: { settings }, ifMatch });
    return { json, text: showSettings(json) };
  };
}

export function removeTenant(id: string, ifVersion: string | undefined): View {
  return async (client) => {
    const ifMatch = await versionOf(client, id, ifVersion);
    const { body: json } = await client.ask("removeTenant", { params: { id }, ifMatch });
    return { json, text: `${id} is removed` };
  };
}

export function rotateKey(id: string, overlapMs: number, ifVersion: string | undefined): View {
  return async (client) => {
    const ifMatch = await versionOf(client, id, ifVersion);
    const body = { overlap_ms: overlapMs };
    const { body: json } = await client.ask("rotateTenantKey", { params: { id }, body, ifMatch });
    const note = `${id} has another key; those before it end at ${time(json.others_expire_ms)}. It is shown this once:`;
    return { json, text: json.key, note };
  };
}

export function showLimits(id: string): View {
  return async (client) => {
    const { body: json } = await client.ask("getTenantLimits", { params: { id } });
    const rows = json.limits.map(({ of, name, limit, share, room, left, full_in_ms }) => [
      ...[of, name, limit, `${Math.round(100 * share)}%`, room, left],
      full_in_ms === null ? "-" : age(full_in_ms),
    ]);
    const refusals = json.refusals.map(({ reason, requests }) => `${reason}: ${requests} requests`);
    const text = [table(["OF", "LIMIT", "CONFIGURED", "SHARE", "ROOM", "LEFT", "FULL IN"], rows), ...refusals];
    return { json, text: text.join("\n") };
  };
}

export const showFleet: View = async (client) => {
  const { body: json } = await client.ask("getTenantFleet", {});
  const { mode, connected, since_ms, replicas, leases } = json;
  if (mode === "none") return { json, text: "the configuration knows no tenants" };
  if (mode === "local") return { json, text: "local: this gateway has the whole of each limit" };
  if (mode === "divided") return { json, text: `divided: this gateway has one part of ${replicas} of each limit` };
  const state = connected ? "connected" : "NOT CONNECTED, the last shares count";
  const since = since_ms === null ? "" : ` since ${time(since_ms)}`;
  const text = `redis: ${state}${since}; ${replicas} gateways, ${leases} rates with a share of their own here`;
  return { json, text };
};

export function showRefusals(id: string | undefined): View {
  return async (client) => {
    if (id === undefined) throw new ApiFailure("Cannot show refusals: wanted a tenant's id, or --unknown");
    const json = await all((cursor) =>
      client.ask("listTenantRefusals", { params: { id }, query: { limit: 500, ...cursor } })
    );
    const rows = json.map(({ first_ms, last_ms, times, signal, reason, items, message }) => [
      ...[time(first_ms), time(last_ms), times, signal ?? "-", reason, items, message],
    ]);
    return { json, text: table(["FIRST", "LAST", "TIMES", "SIGNAL", "REASON", "ITEMS", "MESSAGE"], rows) };
  };
}

/** Whose credentials were refused. @param id Of a tenant, which has none of these. */
export function showUnknownRefusals(id: string | undefined): View {
  return async (client) => {
    if (id !== undefined) throw new ApiFailure(`Cannot show refusals of ${id} with --unknown: wanted one of the two`);
    const json = await all((cursor) => client.ask("listUnknownRefusals", { query: { limit: 500, ...cursor } }));
    const rows = json.map(({ address, first_ms, last_ms, times, signal, reason, message }) => [
      ...[address === "" ? "-" : address, time(first_ms), time(last_ms), times, signal ?? "-", reason, message],
    ]);
    return { json, text: table(["ADDRESS", "FIRST", "LAST", "TIMES", "SIGNAL", "REASON", "MESSAGE"], rows) };
  };
}

export interface UsageFlags {
  readonly signal?: string;
  readonly step: string;
  /** Milliseconds back from now. */
  readonly since: number;
  readonly csv: boolean;
}

/** @param tenant Absent: all. */
export function showUsage(tenant: string | undefined, { signal, step, since, csv }: UsageFlags): View {
  return async (client) => {
    const query = {
      ...{ step, from_ms: Math.max(0, systemClock.nowMs() - since) },
      ...tenant === undefined ? {} : { tenant },
      ...signal === undefined ? {} : { signal },
    };
    if (csv) {
      const text = await client.text("exportUsage", { query });
      return { json: text, text: plainLines(text.replaceAll("\r\n", "\n").trimEnd()) };
    }
    const { body: json } = await client.ask("getUsage", { query });
    const heads = ["TIME", "TENANT", "SIGNAL", "TO", "OUTCOME", "WHY", "REQUESTS", "ITEMS", "BYTES"];
    return { json, text: table(heads, json.map(usageRow)) };
  };
}

function usageRow({ time, tenant, signal, destination, outcome, reason, requests, items, bytes }: UsageEntry) {
  const what = [time, tenant, signal, destination === "" ? "-" : destination, outcome, reason === "" ? "-" : reason];
  return [...what, requests, items, figure(bytes)];
}

function showSettings({ id, place, version, effective }: Tenant): string {
  const lines = Object.entries(effective).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return plainLines([`${id}, ${place}, version ${version}`, ...lines].join("\n"));
}

async function versionOf(client: AdminClient, id: string, ifVersion: string | undefined): Promise<string> {
  return ifVersion === undefined ? (await client.ask("getTenant", { params: { id } })).etag : `"${ifVersion}"`;
}

/**
 * The settings with other values.
 *
 * @param assignments `key.key=value`, the value as YAML; without a value the setting is taken away.
 * @throws {ApiFailure} One is of another form.
 */
export function assigned(settings: Settings, assignments: readonly string[]): Settings {
  const changed = structuredClone(settings);
  for (const assignment of assignments) {
    const cut = assignment.indexOf("=");
    const path = assignment.slice(0, Math.max(0, cut)).trim().split(".");
    if (path.includes("") || path.includes("__proto__")) {
      throw new ApiFailure(`Cannot read ${JSON.stringify(assignment)}: wanted key.key=value`);
    }
    assign(changed, path, valueOf(assignment.slice(cut + 1)));
  }
  return changed;
}

function assign(settings: Settings, [key = "", ...below]: readonly string[], value: unknown): void {
  if (below.length > 0) {
    const next = settings[key];
    const map = typeof next === "object" && next !== null && !Array.isArray(next) ? next as Settings : {};
    settings[key] = map;
    assign(map, below, value);
  } else if (value === undefined) delete settings[key];
  else settings[key] = value;
}

const plain = anything("any");

function valueOf(text: string): unknown {
  if (text.trim() === "") return undefined;
  const { node, problems } = parseYaml(text, "value", DEFAULT_TREE_LIMITS);
  const [problem] = problems;
  if (problem !== undefined) throw new ApiFailure(`Cannot read ${JSON.stringify(text)}: ${problem.message}`);
  return plain.parse(toPlain(node));
}
