/**
 * What the subcommands of `sluice admin` that are about the configuration ask, and how they show the answer to people.
 *
 * @module
 */

import { readNamedFile } from "../../../pipeline/config/environment.ts";
import { countProblems } from "../../../pipeline/config/problem.ts";
import { counted } from "../../../pipeline/core/text.ts";
import type { Applied, HistoryEntry } from "../../../routes/admin/schemas.ts";
import { problemText } from "../../../routes/api/client.ts";
import type { AdminClient } from "./client.ts";
import { plain, plainLines, table, time } from "./table.ts";
import { all, type Shown, type View } from "./views.ts";

/** Between two looks at what became of a change, milliseconds. */
const LOOK_MS = 500;
/** How much longer than its window a change may take to be judged, milliseconds: to go back is a change too. */
const GRACE_MS = 60_000;

export const showConfig: View = async (client) => {
  const { body: json } = await client.ask("getConfig");
  return { json, text: plainLines(json.yaml.trimEnd()) };
};

export function showValues(prefix: string): View {
  return async (client) => {
    const json = await all((cursor) => client.ask("listConfigValues", { query: { prefix, limit: 500, ...cursor } }));
    const rows = json.map(({ path, value, origin: { kind, source, line, expanded_from } }) => {
      const place = line === 0 ? source : `${source}:${line}`;
      return [path, value.slice(0, 60), [kind, place, ...expanded_from].filter((each) => each !== "").join(" ")];
    });
    return { json, text: table(["PATH", "VALUE", "FROM"], rows) };
  };
}

export function checkConfig(files: readonly string[]): View {
  return async (client) => {
    const { body: json } = await client.ask("validateConfig", { body: await readFiles(files) });
    const problems = json.problems.map(problemText);
    const counts = [
      ...json.problems.length > 0 ? [countProblems(json.problems)] : [],
      ...json.obstacles.length > 0 ? [counted(json.obstacles.length, "obstacles")] : [],
    ];
    const verdict = [json.valid ? "valid" : "not valid", ...counts].join(", ");
    const lines = [...problems, ...json.obstacles, verdict];
    return { json, text: lines.map(plainLines).join("\n"), isBad: !json.valid };
  };
}

export function diffConfig(files: readonly string[]): View {
  return async (client) => {
    const { body: json } = await client.ask("diffConfig", { body: await readFiles(files) });
    return { json, text: json.diff === "" ? "no difference" : plainLines(json.diff.trimEnd()) };
  };
}

/** How a change is asked for. */
export interface ChangeFlags {
  /** The version that must run. Absent: the one that runs when it is asked. */
  readonly ifVersion?: string;
  /** Whether to wait until it is known what becomes of it. */
  readonly wait: boolean;
}

export function applyConfig(files: readonly string[], flags: ChangeFlags): View {
  return async (client) => await changed(client, "applyConfig", await readFiles(files), flags);
}

export function reloadConfig(flags: ChangeFlags): View {
  return (client) => changed(client, "reloadConfig", undefined, flags);
}

export function rollbackConfig(id: number, flags: ChangeFlags): View {
  return (client) => changed(client, "rollbackConfig", { id }, flags);
}

export const showHistory: View = async (client) => {
  const json = await all((cursor) => client.ask("listHistory", { query: { limit: 500, ...cursor } }));
  return { json, text: table(["ENTRY", "TIME", "WHO", "FROM", "OUTCOME", "VERSION", "WHY"], json.map(historyRow)) };
};

async function changed(
  client: AdminClient,
  operation: "applyConfig" | "reloadConfig" | "rollbackConfig",
  body: unknown,
  { ifVersion, wait }: ChangeFlags,
): Promise<Shown> {
  const ifMatch = ifVersion === undefined ? (await client.ask("getConfig")).etag : `"${ifVersion}"`;
  const { body: json } = await client.ask(operation, { body, ifMatch });
  const { entry, watch } = json;
  const text = [changeText(json), ...watch === null ? [] : [watchText(watch, wait)]].join("\n");
  if (!wait || watch === null) return { json, text };
  return { json, text, next: () => outcomeOf(client, entry.id, watch.until_ms - entry.at_ms + GRACE_MS) };
}

function changeText({ entry, changed, kept, replaced, added, removed, watch }: Applied): string {
  if (!changed) return `version ${entry.version} runs already: nothing was changed`;
  const change = `${added.length} added, ${removed.length} removed, ${replaced.length} replaced, ${kept.length} kept`;
  const end = watch === null ? "; not watched" : "";
  return `entry ${entry.id}, version ${entry.version}, has the traffic: ${change}${end}`;
}

function watchText({ until_ms, back_to }: NonNullable<Applied["watch"]>, isAwaited: boolean): string {
  const where = isAwaited ? "" : "; `sluice admin history` tells";
  return `watched until ${time(until_ms).slice("2026-01-01T".length)}, back to entry ${back_to.id}, ` +
    `version ${back_to.version}, if the gateway does worse${where}`;
}

/** @param withinMs How long it may take. */
async function outcomeOf(client: AdminClient, id: number, withinMs: number): Promise<Shown> {
  for (let waitedMs = 0;; waitedMs += LOOK_MS) {
    const { body: { items } } = await client.ask("listHistory", { query: { limit: 500 } });
    const entry = items.find((each) => each.id === id);
    if (entry === undefined) return { json: null, text: `entry ${id} is no longer in the history`, isBad: true };
    if (entry.outcome !== "watching" || waitedMs > withinMs) return outcomeText(entry, items[0]?.id);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const OUTCOMES: Readonly<Record<HistoryEntry["outcome"], string>> = {
  watching: "is still watched",
  good: "is good",
  rolled_back: "was gone back from",
  superseded: "was followed by another before its window was over",
  failed: "never ran",
  interrupted: "may run: its end, or the way back, failed",
};

function outcomeText(entry: HistoryEntry, runningId: number | undefined): Shown {
  const { id, outcome, reasons } = entry;
  if (outcome === "good") {
    const verdict = reasons.length === 0 ? "is good" : "stays";
    return { json: entry, text: plain([`entry ${id} ${verdict}`, ...reasons].join(", ")) };
  }
  const what = OUTCOMES[outcome];
  const now = runningId === undefined || runningId === id ? "" : `; entry ${runningId} is the last`;
  return {
    json: entry,
    text: [`entry ${id} ${what}${now}`, ...reasons.map((each) => `  ${plain(each)}`)].join("\n"),
    isBad: true,
  };
}

function historyRow({ id, at_ms, who, origin, outcome, version, reasons }: HistoryEntry) {
  return [id, time(at_ms), who, origin, outcome, version, firstOf(reasons)];
}

/** The others are in its JSON, and on the page. */
function firstOf(reasons: readonly string[]): string {
  return reasons.length > 1 ? `${reasons[0]} (+${reasons.length - 1} more)` : reasons[0] ?? "";
}

async function readFiles(files: readonly string[]) {
  const sources = await Promise.all(files.map(async (path) => ({
    name: path.replace(/[^\w.@/-]/g, "_").slice(-200),
    text: await readNamedFile(path, path, Deno.readTextFile),
  })));
  return { sources };
}
