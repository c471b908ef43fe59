/**
 * What each operation of the controller does: a line or two between the API's words and the fleet, the rollouts and
 * their store.
 *
 * @module
 */

import { type AgentTokens } from "../../opamp/server/agent_tokens.ts";
import type { Fleet } from "../../opamp/server/fleet.ts";
import type { OpampStore } from "../../opamp/server/store.ts";
import { hexToBytes } from "../../opamp/protocol/hashes.ts";
import {
  type CompilePattern,
  type ConfigCatalog,
  type ConfigFile,
  type ConfigInfo,
  ConflictError,
  diffFiles,
  type FleetPort,
  InvalidRequestError,
  parseSelector,
  type Rollouts,
  type RolloutView,
} from "../../opamp/rollouts/mod.ts";
import { ConfigError, type Problem } from "../../pipeline/config/problem.ts";
import type { Clock } from "../../pipeline/core/clock.ts";
import { NotFoundError } from "../admin/control.ts";
import { page } from "../api/call.ts";
import { HttpProblem } from "../api/problem_answer.ts";
import type { Handler, HandlersOf } from "../api/endpoint.ts";
import { agentDetail, type AgentParts, agentView } from "./agents.ts";
import type { ControllerEndpoints } from "./endpoints.ts";
import { toCamel, toSnake } from "./names.ts";
import type { ConfigFileView, ConfigUpload } from "./schemas.ts";

/** What the API is served from. */
export interface ControllerParts {
  readonly fleet: Fleet;
  /** The same fleet, as rollouts see it. */
  readonly port: FleetPort;
  readonly rollouts: Rollouts;
  readonly catalog: ConfigCatalog;
  readonly store: OpampStore;
  readonly tokens: AgentTokens;
  readonly clock: Clock;
  readonly compilePattern: CompilePattern;
  /** Every problem that a gateway would find in these files, laid over its own. */
  readonly validate: (files: readonly ConfigFile[], base: readonly ConfigFile[]) => Promise<readonly Problem[]>;
  /** Ends what came in with a token. */
  readonly cut: (tokenId: string) => void;
  readonly version: string;
  readonly startedMs: number;
}

type Handlers = HandlersOf<ControllerEndpoints>;

/** Agents that are shown of a selector. */
const FIRST_AGENTS = 20;

export function createControllerHandlers(parts: ControllerParts): Handlers {
  return explained({
    ...fleetHandlers(parts),
    ...configHandlers(parts),
    ...rolloutHandlers(parts),
    ...accessHandlers(parts),
  });
}

type FleetOperation =
  | "getControllerStatus"
  | "listAgents"
  | "getAgent"
  | "forgetAgent"
  | "setLabels"
  | "restartAgent"
  | "explainAgent"
  | "listAgentEvents"
  | "resolveSelector";

function fleetHandlers(parts: ControllerParts): Pick<Handlers, FleetOperation> {
  const { fleet, rollouts, store, port } = parts;
  const agentParts: AgentParts = { fleet, port, rollouts };
  const known = (id: string) => {
    const uid = id.replaceAll("-", "").toLowerCase();
    const view = fleet.get(uid);
    if (view === undefined) throw new NotFoundError(`Cannot find the agent ${JSON.stringify(id.slice(0, 40))}`);
    return view;
  };
  return {
    getControllerStatus: () => ({
      body: {
        version: parts.version,
        started_at_ms: parts.startedMs,
        agents: { ...fleet.counts },
        sync: { ...rollouts.drift() },
        active_rollouts: rollouts.list().filter(({ endedMs }) => endedMs === 0).length,
        memory_rss_bytes: Deno.memoryUsage().rss,
      },
    }),
    listAgents: ({ query: { selector, connected, healthy, sync, limit, cursor } }) => {
      const chosen = selector === undefined ? undefined : parseSelector(selector, parts.compilePattern);
      const start = Number(cursor ?? 0);
      const items: ReturnType<typeof agentView>[] = [];
      let at = 0;
      for (const view of fleet.agents()) {
        if (at++ < start) continue;
        if (connected !== undefined && String(view.connected) !== connected) continue;
        if (healthy !== undefined && String(view.healthy) !== healthy) continue;
        const agent = port.get(view.uid);
        if (agent === undefined || chosen?.matches(agent) === false) continue;
        const shown = agentView(view, agent, rollouts);
        if (sync !== undefined && shown.sync !== sync) continue;
        if (items.length === limit) return { body: { items, next_cursor: String(at - 1) } };
        items.push(shown);
      }
      return { body: { items, next_cursor: null } };
    },
    getAgent: ({ params }) => ({ body: agentDetail(known(params.id), agentParts) }),
    forgetAgent: ({ params }) => {
      const { uid } = known(params.id);
      if (!fleet.forget(uid)) throw new ConflictError("Cannot forget the agent: it is connected");
      return { body: { removed: true } };
    },
    setLabels: ({ params, body: { labels } }) => {
      const { uid } = known(params.id);
      fleet.setLabels(uid, labels);
      fleet.persist();
      const [view, agent] = [known(uid), port.get(uid)];
      if (agent === undefined) throw new NotFoundError("Cannot find the agent: it has gone");
      const detail = Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(", ");
      return { body: agentView(view, agent, rollouts), detail };
    },
    restartAgent: ({ params }) => ({ body: { told: fleet.restart([known(params.id).uid]) } }),
    explainAgent: ({ params }) => ({ body: toSnake(rollouts.explain(known(params.id).uid)) }),
    listAgentEvents: ({ params, query }) => {
      const uid = hexToBytes(params.id.replaceAll("-", ""));
      const events = store.readLatestEvents(uid, Number(query.cursor ?? Number.MAX_SAFE_INTEGER), query.limit);
      const items = events.map(({ id, atMs, kind, text }) => ({
        id,
        at_ms: atMs,
        uid: known(params.id).uid,
        kind,
        text,
      }));
      return { body: { items, next_cursor: events.length < query.limit ? null : lastId(events) } };
    },
    resolveSelector: ({ query }) => {
      const selector = parseSelector(query.selector, parts.compilePattern);
      const matched = [...port.agents()].filter((agent) => selector.matches(agent));
      return {
        body: {
          selector: selector.text,
          specificity: selector.specificity,
          matched: matched.length,
          connected: matched.filter((agent) => agent.connected).length,
          first: matched.slice(0, FIRST_AGENTS).map(({ uid }) => uid),
        },
      };
    },
  };
}

type ConfigOperation =
  | "listConfigs"
  | "listVersions"
  | "addVersion"
  | "getVersion"
  | "diffVersions"
  | "listAssignments"
  | "assign"
  | "unassign";

function configHandlers({ catalog, rollouts, validate }: ControllerParts): Pick<Handlers, ConfigOperation> {
  return {
    listConfigs: ({ query }) => ({ body: page(catalog.list().map(configView), query) }),
    listVersions: ({ params, query }) => ({ body: page(catalog.versions(params.name).map(configView), query) }),
    addVersion: async ({ params: { name }, body, who }) => {
      const files = body.files.map(toFile);
      const problems = body.validate ? await validate(files, body.base.map(toFile)) : [];
      if (problems.some(({ severity }) => severity === "error")) throw new ConfigError(problems);
      const info = catalog.add({ name, files, note: body.note }, who);
      return { body: configView(info), detail: `version ${info.version}` };
    },
    getVersion: ({ params: { name, version } }) => {
      const { contents, ...info } = catalog.get(name, version);
      return { body: { config: configView(info), files: contents.map(fileView) } };
    },
    diffVersions: ({ params: { name }, query }) => {
      const to = catalog.get(name, query.to);
      const from = catalog.get(name, query.from ?? Math.max(1, to.version - 1));
      const files = diffFiles(from.contents, to.contents);
      return { body: { from: refView(from), to: refView(to), files: toSnake(files) } };
    },
    listAssignments: ({ query }) => ({ body: page(toSnake(rollouts.assignments()), query) }),
    assign: ({ body, who }) => {
      const assignment = rollouts.assign(body, who);
      const { config: { name, version }, selector } = assignment;
      return { body: toSnake(assignment), detail: `${name} ${version} to ${selector}` };
    },
    unassign: ({ query: { selector, priority }, who }) => {
      rollouts.unassign(selector, priority, who);
      return { body: { removed: true }, detail: selector };
    },
  };
}

type RolloutOperation =
  | "listRollouts"
  | "startRollout"
  | "dryRun"
  | "getRollout"
  | "pauseRollout"
  | "resumeRollout"
  | "promoteRollout"
  | "retryRollout"
  | "abortRollout"
  | "unpinAgents"
  | "listRolloutAgents"
  | "listEvents";

function rolloutHandlers({ rollouts }: ControllerParts): Pick<Handlers, RolloutOperation> {
  const told = (view: RolloutView) => ({ body: toSnake(view), detail: `rollout ${view.id} is ${view.state}` });
  return {
    listRollouts: ({ query }) => {
      const { items, next_cursor } = page(rollouts.list(), query);
      return { body: { items: toSnake(items), next_cursor } };
    },
    startRollout: ({ body, who }) => told(rollouts.start(toCamel(body), who)),
    dryRun: ({ body }) => ({ body: toSnake(rollouts.dryRun(toCamel(body))) }),
    getRollout: ({ params }) => ({ body: toSnake(rollouts.get(params.id)) }),
    pauseRollout: ({ params, who }) => told(rollouts.pause(params.id, who)),
    resumeRollout: ({ params, who }) => told(rollouts.resume(params.id, who)),
    promoteRollout: ({ params, who }) => told(rollouts.promote(params.id, who)),
    retryRollout: ({ params, who }) => told(rollouts.retry(params.id, who)),
    abortRollout: ({ params, body, who }) => told(rollouts.abort(params.id, body, who)),
    unpinAgents: ({ params, who }) => ({ body: { told: rollouts.unpin(params.id, who) } }),
    listRolloutAgents: ({ params, query: { limit, cursor, phase } }) => {
      const members = rollouts.members(params.id, { phase, after: cursor, limit });
      const next = members.length < limit ? null : members.at(-1)?.uid ?? null;
      return { body: { items: toSnake(members), next_cursor: next } };
    },
    listEvents: ({ query: { limit, cursor, rollout } }) => {
      const events = rollouts.events({ rollout, before: cursor === undefined ? undefined : Number(cursor), limit });
      return { body: { items: toSnake(events), next_cursor: events.length < limit ? null : lastId(events) } };
    },
  };
}

type AccessOperation = "listTokens" | "makeToken" | "revokeToken" | "listAudit";

function accessHandlers({ tokens, store, clock, cut }: ControllerParts): Pick<Handlers, AccessOperation> {
  return {
    listTokens: ({ query }) => ({ body: page(toSnake(tokens.list()), query) }),
    makeToken: ({ body }) => {
      const made = tokens.issue(body.label, clock.nowMs());
      return { body: made, detail: `${made.id} for ${body.label}` };
    },
    revokeToken: ({ params }) => {
      if (!tokens.revoke(params.id)) throw new NotFoundError("Cannot find the token");
      cut(params.id);
      return { body: { removed: true } };
    },
    listAudit: ({ query }) => {
      const items = store.readAudit(query.limit).map(({ atMs, actor, action, subject, detail }) => ({
        at_ms: atMs,
        who: actor,
        operation: action,
        target: subject,
        detail,
      }));
      return { body: { items, next_cursor: null } };
    },
  };
}

/** Every handler, what it refuses told with its places. */
function explained(handlers: Handlers): Handlers {
  const wrap = (handler: Handler<ControllerEndpoints[keyof ControllerEndpoints]>) => async (call: never) => {
    try {
      return await handler(call);
    } catch (thrown) {
      if (!(thrown instanceof InvalidRequestError)) throw thrown;
      const problems = thrown.problems.map(({ path, message }) => ({
        severity: "error" as const,
        path,
        message,
        file: "body",
        line: 0,
        column: 0,
      }));
      throw new HttpProblem(400, thrown.message, { problems });
    }
  };
  return Object.fromEntries(
    Object.entries(handlers).map(([operation, handler]) => [operation, wrap(handler as never)]),
  ) as unknown as Handlers;
}

function configView({ name, version, hash, files, byteLength, createdMs, who, note }: ConfigInfo) {
  return { name, version, hash, files: [...files], byte_length: byteLength, created_ms: createdMs, who, note };
}

function refView({ name, version, hash }: ConfigInfo) {
  return { name, version, hash };
}

function toFile({ name, text, base64, content_type, role }: ConfigUpload["files"][number]): ConfigFile {
  const body = base64 === undefined ? new TextEncoder().encode(text) : Uint8Array.fromBase64(base64);
  return { name, body, contentType: content_type, role };
}

function fileView({ name, body, contentType, role }: ConfigFile): ConfigFileView {
  const shared = { name, content_type: contentType, role };
  try {
    return { ...shared, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body) };
  } catch {
    return { ...shared, base64: body.toBase64() };
  }
}

function lastId(events: readonly { readonly id: number }[]): string | null {
  const last = events.at(-1);
  return last === undefined ? null : String(last.id);
}
