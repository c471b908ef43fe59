/**
 * What each subcommand of `sluice controller` asks, and how it shows the answer to people.
 *
 * @module
 */

import { basename } from "node:path";
import { age, figure, plain, plainLines, table, time } from "../../gateway/admin/cli/table.ts";
import type { AnswerOf, ControllerOperation } from "../../routes/controller/endpoints.ts";
import type { Agent, Rollout } from "../../routes/controller/schemas.ts";
import { all } from "./pages.ts";
import type { ControllerView } from "./run.ts";

export * from "./package_views.ts";

type ConfigRef = NonNullable<Agent["assigned"]>;

export const showControllerStatus: ControllerView = async (client) => {
  const { body: json } = await client.ask("getControllerStatus");
  const sync = Object.entries(json.sync).filter(([, agents]) => agents > 0);
  const rows = [
    ["version", json.version],
    ["up since", time(json.started_at_ms)],
    ["agents", `${json.agents.connected} of ${json.agents.known} connected`],
    ["configuration", sync.map(([state, agents]) => `${agents} ${words(state)}`).join(", ")],
    ["rollouts", `${json.active_rollouts} active`],
    ["memory", `${figure(json.memory_rss_bytes)}B`],
  ];
  return { json, text: pairs(rows) };
};

export interface AgentFilter {
  readonly selector?: string;
  readonly sync?: string;
  readonly disconnected: boolean;
  readonly unhealthy: boolean;
  /** Attributes of the description, with commas between them. */
  readonly columns?: string;
}

export function showAgents({ selector, sync, disconnected, unhealthy, columns }: AgentFilter): ControllerView {
  return async (client) => {
    const query = {
      ...selector === undefined ? {} : { selector },
      ...sync === undefined ? {} : { sync },
      ...disconnected ? { connected: "false" } : {},
      ...unhealthy ? { healthy: "false" } : {},
      ...columns === undefined ? {} : { attributes: columns },
    };
    const names = columns?.split(",") ?? [];
    const json = await all((page) => client.ask("listAgents", { query: { ...query, ...page } }));
    const heads = [
      ...["AGENT", "SERVICE", "HOST", ...names.map((name) => name.toUpperCase())],
      ...["CONNECTED", "HEALTHY", "ASSIGNED", "STATE", "LABELS"],
    ];
    const rows = json.map((agent) => [
      ...[agent.uid, agent.service, agent.host, ...names.map((name) => agent.attributes[name] ?? "-")],
      agent.connected ? agent.transport : `no, ${time(agent.last_seen_ms)}`,
      ...[agent.healthy === null ? "-" : yesNo(agent.healthy), refText(agent.assigned), words(agent.sync)],
      Object.entries(agent.labels).map(([name, value]) => `${name}=${value}`).join(","),
    ]);
    return { json, text: table(heads, rows) };
  };
}

export function showAgent(id: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("getAgent", { params: { id } });
    const { agent, identifying_attributes, other_attributes, health, effective_config, packages } = json;
    const attributes = Object.entries({ ...identifying_attributes, ...other_attributes });
    const sections = [
      pairs([
        ["agent", agent.uid],
        ["connected", agent.connected ? agent.transport : `no, last seen ${time(agent.last_seen_ms)}`],
        ["assigned", refText(agent.assigned)],
        ["state", `${words(agent.sync)}${agent.reported.error === "" ? "" : `: ${agent.reported.error}`}`],
        ["labels", Object.entries(agent.labels).map(([name, value]) => `${name}=${value}`).join(", ")],
        ["accepts", json.capabilities.join(", ")],
      ]),
      table(["ATTRIBUTE", "VALUE"], attributes),
      table(
        ["COMPONENT", "HEALTHY", "STATUS", "LAST ERROR"],
        health.map((each) => [each.component || "(agent)", yesNo(each.healthy), each.status, each.last_error]),
      ),
      ...packages.length === 0 ? [] : [
        table(["PACKAGE", "VERSION", "STATUS", "ERROR"], packages.map((each) => Object.values(each))),
      ],
      ...effective_config.map(({ name, text }) => `effective configuration ${name}\n${plainLines(text.trimEnd())}`),
    ];
    return { json, text: sections.join("\n\n") };
  };
}

export function explainAgent(id: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("explainAgent", { params: { id } });
    const rows = json.rules.map((rule) => [
      ...[rule.wins ? "*" : "", rule.rollout === 0 ? rule.kind : `${rule.kind} ${rule.rollout}`, rule.selector],
      ...[rule.priority, refText(rule.config), rule.why],
    ]);
    const head = `${json.uid} is to have ${refText(json.assigned)}: ${words(json.sync)}`;
    return { json, text: `${head}\n\n${table(["", "RULE", "SELECTOR", "PRIORITY", "CONFIG", "WHY"], rows)}` };
  };
}

export function showAgentEvents(id: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("listAgentEvents", { params: { id }, query: { limit: 100 } });
    return {
      json,
      text: table(["TIME", "EVENT", "TEXT"], json.items.map((each) => [time(each.at_ms), each.kind, each.text])),
    };
  };
}

/** @param words `name=value`, in the place of all labels. */
export function setLabels(id: string, labels: readonly string[]): ControllerView {
  return async (client) => {
    const body = { labels: Object.fromEntries(labels.map(readLabel)) };
    const { body: json } = await client.ask("setLabels", { params: { id }, body });
    return { json, text: `${json.uid} has ${labels.length === 0 ? "no labels" : labels.join(", ")}` };
  };
}

export function restartAgent(id: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("restartAgent", { params: { id } });
    return { json, text: json.told === 1 ? "told to restart" : "it cannot be told to restart", isBad: json.told === 0 };
  };
}

export function forgetAgent(id: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("forgetAgent", { params: { id } });
    return { json, text: "forgotten" };
  };
}

export function resolveSelector(selector: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("resolveSelector", { query: { selector } });
    const head = `${json.selector} matches ${json.matched} agents, ${json.connected} of them connected`;
    return { json, text: plainLines([head, ...json.first.map((uid) => `  ${uid}`)].join("\n")) };
  };
}

export const showConfigs: ControllerView = async (client) => {
  const json = await all((page) => client.ask("listConfigs", { query: page }));
  return { json, text: configTable(json) };
};

export function showVersions(name: string): ControllerView {
  return async (client) => {
    const json = await all((page) => client.ask("listVersions", { params: { name }, query: page }));
    return { json, text: configTable(json) };
  };
}

export interface UploadFlags {
  readonly note: string;
  readonly validate: boolean;
  /** Files that the gateways have of their own. */
  readonly base: readonly string[];
}

export function uploadConfig(name: string, files: readonly string[], flags: UploadFlags): ControllerView {
  return async (client) => {
    const contents = await Promise.all(files.map(async (path) => ({
      name: files.length === 1 ? "" : basename(path),
      text: await Deno.readTextFile(path),
    })));
    const base = await Promise.all(
      flags.base.map(async (path) => ({ name: basename(path), text: await Deno.readTextFile(path) })),
    );
    const body = { files: contents, base, note: flags.note, validate: flags.validate };
    const { body: json } = await client.ask("addVersion", { params: { name }, body });
    return { json, text: `${json.name} ${json.version}: ${json.files.length} files, ${json.byte_length} bytes` };
  };
}

export function showConfig(name: string, version: string | undefined): ControllerView {
  return async (client) => {
    const number = version ?? String((await client.ask("listVersions", { params: { name } })).body.items[0]?.version);
    const { body: json } = await client.ask("getVersion", { params: { name, version: number } });
    const files = json.files.map((file) => `# ${file.name || "(unnamed)"}\n${file.text ?? "(not text)"}`);
    return { json, text: plainLines(files.join("\n").trimEnd()) };
  };
}

export function diffConfig(name: string, versions: readonly string[]): ControllerView {
  return async (client) => {
    const [from, to] = versions;
    const query = { ...from === undefined ? {} : { from }, ...to === undefined ? {} : { to } };
    const { body: json } = await client.ask("diffVersions", { params: { name }, query });
    return { json, text: diffText(json.files) };
  };
}

export const showAssignments: ControllerView = async (client) => {
  const json = await all((page) => client.ask("listAssignments", { query: page }));
  const rows = json.map((each) => [
    ...[each.selector, each.priority, refText(each.config), time(each.changed_ms), each.who],
  ]);
  return { json, text: table(["SELECTOR", "PRIORITY", "CONFIG", "SINCE", "WHO"], rows) };
};

export function assign(selector: string, config: string, priority: number): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("assign", { body: { selector, priority, config: readRef(config) } });
    return { json, text: plain(`${refText(json.config)} to agents with ${json.selector}`) };
  };
}

export function unassign(selector: string, priority: number): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("unassign", { query: { selector, priority } });
    return { json, text: "taken back" };
  };
}

export const showRollouts: ControllerView = async (client) => {
  const json = await all((page) => client.ask("listRollouts", { query: page }));
  const rows = json.map((each) => [
    ...[each.id, stateText(each), refText(each.config), each.selector, stageText(each), each.counts["released"] ?? 0],
    ...[each.counts["applied"] ?? 0, each.counts["failed"] ?? 0, each.error_rate, each.who, each.reason],
  ]);
  const heads = [
    "ID",
    "STATE",
    "CONFIG",
    "SELECTOR",
    "STAGE",
    "GIVEN",
    "APPLIED",
    "FAILED",
    "ERROR RATE",
    "WHO",
    "WHY",
  ];
  return { json, text: table(heads, rows) };
};

export interface RolloutFlags {
  /** `1%:5m` or `10:0s`: how far, and how long it is watched. */
  readonly stage: readonly string[];
  readonly priority: number;
  readonly queue: boolean;
  readonly applyTimeout?: number;
  /** Share of agents, and of items, that may go wrong. */
  readonly threshold?: number;
}

/** @param parseDurationMs Milliseconds; undefined for what is none. */
export function startRollout(
  selector: string,
  config: string,
  flags: RolloutFlags & { readonly dryRun: boolean },
  parseDurationMs: (text: string) => number | undefined,
): ControllerView {
  return async (client) => {
    const body = rolloutBody(selector, config, flags, parseDurationMs);
    if (flags.dryRun) {
      const { body: json } = await client.ask("dryRun", { body });
      return { json, text: dryRunText(json), isBad: json.problems.length > 0 };
    }
    const { body: json } = await client.ask("startRollout", { body });
    return { json, text: `rollout ${json.id} is ${json.state}` };
  };
}

function rolloutBody(
  selector: string,
  config: string,
  { stage, priority, queue, applyTimeout, threshold }: RolloutFlags,
  parseDurationMs: (text: string) => number | undefined,
) {
  return {
    selector,
    priority,
    config: readRef(config),
    on_conflict: queue ? "queue" : "refuse",
    ...stage.length === 0 ? {} : { stages: stage.map((each) => readStage(each, parseDurationMs)) },
    ...applyTimeout === undefined ? {} : { apply_timeout_ms: applyTimeout },
    ...threshold === undefined ? {} : {
      limits: Object.fromEntries(
        ["failed", "stuck", "silent", "unhealthy", "disconnected", "error_rate"].map((name) => [name, threshold]),
      ),
    },
  };
}

export function showRollout(id: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("getRollout", { params: { id } });
    const counts = Object.entries(json.counts).filter(([, agents]) => agents > 0);
    const rows = [
      ["rollout", `${json.id}, ${json.name}`],
      ["state", `${stateText(json)}${json.reason === "" ? "" : `: ${json.reason}`}`],
      ["config", refText(json.config)],
      ["selector", json.selector],
      ["agents", counts.map(([name, agents]) => `${agents} ${words(name)}`).join(", ")],
      ...json.error_rate === "" ? [] : [["error rate", json.error_rate]],
      ...json.progress === undefined ? [] : [["stage", progressText(json)]],
      ...json.waits_for.length === 0 ? [] : [["waits for", json.waits_for.join(", ")]],
    ];
    const stages = json.stages.map(({ reach, soak_ms, state, judged }, at) => [
      ...[at + 1, amountText(reach), age(soak_ms), state, JUDGED_TEXTS[String(judged)] ?? ""],
    ]);
    return { json, text: `${pairs(rows)}\n\n${table(["STAGE", "REACH", "SOAK", "STATE", "ERROR RATE"], stages)}` };
  };
}

/** Of a stage's error rate; of a stage that was not passed nothing. */
const JUDGED_TEXTS: Readonly<Record<string, string>> = { true: "judged", false: "not judged" };

/** A rollout that has completed without anything to judge its error rate by is not the same as one that did well. */
function stateText({ state, judged }: { readonly state: string; readonly judged: boolean | null }): string {
  return state === "completed" && judged === false ? "completed (not judged)" : state;
}

type Verb = Extract<ControllerOperation, `${string}Rollout`>;

/** A word to a rollout. */
export function tellRollout(operation: Verb, id: string, body?: unknown): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask(operation, { params: { id }, body });
    return { json, text: plain(`rollout ${json.id} is ${json.state}${json.reason === "" ? "" : `: ${json.reason}`}`) };
  };
}

export function unpinAgents(id: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("unpinAgents", { params: { id } });
    return { json, text: `${json.told} agents follow the rules again` };
  };
}

export function showRolloutAgents(id: string): ControllerView {
  return async (client) => {
    const json = await all((page) => client.ask("listRolloutAgents", { params: { id }, query: page }));
    const rows = json.map((each) => [each.uid, each.phase, time(each.released_ms), each.error]);
    return { json, text: table(["AGENT", "PHASE", "GIVEN", "ERROR"], rows) };
  };
}

/** @param rollout Only of this one. */
export function showEvents(rollout: string | undefined): ControllerView {
  return async (client) => {
    const query = { limit: 200, ...rollout === undefined ? {} : { rollout } };
    const { body: json } = await client.ask("listEvents", { query });
    const rows = json.items.toReversed().map((each) => [
      ...[time(each.at_ms), each.rollout === 0 ? "" : String(each.rollout), each.kind, each.who, each.text],
    ]);
    return { json, text: table(["TIME", "ROLLOUT", "EVENT", "WHO", "TEXT"], rows) };
  };
}

export const showTokens: ControllerView = async (client) => {
  const json = await all((page) => client.ask("listTokens", { query: page }));
  return {
    json,
    text: table(["ID", "LABEL", "MADE"], json.map((each) => [each.id, each.label, time(each.created_ms)])),
  };
};

export function makeToken(label: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("makeToken", { body: { label } });
    return { json, text: json.token, note: `token ${json.id}, shown this once` };
  };
}

export function revokeToken(id: string): ControllerView {
  return async (client) => {
    const { body: json } = await client.ask("revokeToken", { params: { id } });
    return { json, text: "revoked, and who came with it is cut" };
  };
}

export const showControllerAudit: ControllerView = async (client) => {
  const { body: json } = await client.ask("listAudit", { query: { limit: 200 } });
  const rows = json.items.map((each) => [time(each.at_ms), each.who, each.operation, each.target, each.detail]);
  return { json, text: table(["TIME", "WHO", "OPERATION", "TARGET", "DETAIL"], rows) };
};

function configTable(configs: AnswerOf<"listConfigs">["items"]): string {
  const rows = configs.map((each) => [
    ...[each.name, each.version, each.files.length, each.byte_length, time(each.created_ms), each.who, each.note],
  ]);
  return table(["NAME", "VERSION", "FILES", "BYTES", "MADE", "WHO", "NOTE"], rows);
}

function dryRunText({ matched, changing, changing_away, unchanged, shadowed, incapable, ...plan }: AnswerOf<"dryRun">) {
  const { stages, origins, conflicts, problems } = plan;
  const rows = [
    ["matched", String(matched)],
    ["change", `${changing}, and ${changing_away} that are away`],
    ["have it", String(unchanged)],
    ["other rule", String(shadowed)],
    ["cannot", String(incapable)],
    ...conflicts.length === 0 ? [] : [["conflicts", `rollouts ${conflicts.join(", ")}`]],
    ...problems.map((problem) => ["problem", problem]),
  ];
  const reach = stages.map((
    { reach, agents, first },
    at,
  ) => [at + 1, amountText(reach), agents, first.slice(0, 3).join(" ")]);
  const diffs = origins.map(({ config, agents, diff }) =>
    `${agents} agents have ${refText(config)}\n${diffText(diff)}`
  );
  return [pairs(rows), table(["STAGE", "REACH", "AGENTS", "FIRST"], reach), ...diffs].join("\n\n");
}

function diffText(files: readonly { readonly file: string; readonly change: string; readonly diff: string }[]): string {
  if (files.length === 0) return "no difference";
  return plainLines(
    files.map(({ file, change, diff }) => `${file || "(unnamed)"} is ${change}\n${diff.trimEnd()}`).join("\n"),
  );
}

function stageText({ stage, stages, state }: Rollout): string {
  return state === "completed" ? "done" : `${stage + 1} of ${stages.length}`;
}

function progressText({ progress, stage, stages }: Rollout): string {
  if (progress === undefined) return "";
  const soak = progress.soak_left_ms === null ? "" : `, watched for ${age(progress.soak_left_ms)} more`;
  return `${stage + 1} of ${stages.length}, ${stages[stage]?.state}: to reach ${progress.target} agents${soak}`;
}

type Amount = Rollout["stages"][number]["reach"];

function amountText(amount: Amount): string {
  return "share" in amount ? `${Number((amount.share * 100).toFixed(4))} %` : `${amount.count} agents`;
}

function refText(config: ConfigRef | null): string {
  if (config === null) return "-";
  return config.version === 0 ? "none" : `${config.name} ${config.version}`;
}

/** `edge` or `edge@7`. */
function readRef(text: string): { name: string; version?: number } {
  const [, name = text, version] = /^(.+)@(\d+)$/.exec(text) ?? [];
  return version === undefined ? { name } : { name, version: Number(version) };
}

/** @throws {TypeError} */
function readStage(text: string, parseDurationMs: (text: string) => number | undefined) {
  const [, number, percent, soak = "0s"] = /^(\d+(?:\.\d+)?)(%?)(?::(.+))?$/.exec(text) ?? [];
  const soakMs = parseDurationMs(soak);
  if (number === undefined || soakMs === undefined) {
    throw new TypeError(`Cannot read the stage ${JSON.stringify(text)}: wanted 1%:5m or 10:30s`);
  }
  return { ...percent === "%" ? { share: Number(number) / 100 } : { count: Number(number) }, soak_ms: soakMs };
}

/** @throws {TypeError} */
function readLabel(text: string): [string, string] {
  const cut = text.indexOf("=");
  if (cut < 1) throw new TypeError(`Cannot read the label ${JSON.stringify(text)}: wanted name=value`);
  return [text.slice(0, cut), text.slice(cut + 1)];
}

function pairs(rows: readonly (readonly string[])[]): string {
  return rows.map(([name = "", value = ""]) => `${name.padEnd(14)} ${plain(value)}`).join("\n");
}

function words(name: string): string {
  return name.replaceAll("_", " ");
}

function yesNo(is: boolean): string {
  return is ? "yes" : "no";
}
