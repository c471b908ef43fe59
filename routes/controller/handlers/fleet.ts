/**
 * Agents: who they are, how they are, what they have and why.
 *
 * @module
 */

import { hexToBytes } from "../../../opamp/protocol/hashes.ts";
import { ConflictError, parseSelector } from "../../../opamp/rollouts/mod.ts";
import { NotFoundError } from "../../admin/control.ts";
import type { HandlersOf } from "../../api/endpoint.ts";
import { eventStream } from "../../api/event_stream.ts";
import { agentDetail, type AgentParts, agentView } from "../agents.ts";
import type { FLEET_ENDPOINTS } from "../endpoints/fleet.ts";
import { toSnake } from "../names.ts";
import { type ControllerParts, lastId } from "./parts.ts";

/** Agents that are shown of a selector. */
const FIRST_AGENTS = 20;

export function fleetHandlers(parts: ControllerParts): HandlersOf<typeof FLEET_ENDPOINTS> {
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
    listAgents: ({ query: { selector, connected, healthy, sync, attributes, limit, cursor } }) => {
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
        const shown = agentView(view, agent, rollouts, attributes?.split(","));
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
    tapAgent: ({ params, query }) => eventStream(parts.tap(known(params.id).uid, query)),
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
