/**
 * Agents as the API shows them.
 *
 * @module
 */

import { AgentCapabilities, nameOf, namesOf, PackageStatusEnum } from "../../opamp/protocol/capabilities.ts";
import { type ComponentDetails, type ComponentHealth, decodeAgentToServer } from "../../opamp/protocol/messages.ts";
import type { OfferStatus } from "../../opamp/server/store/fleet_store.ts";
import type { AgentView, Attributes } from "../../opamp/server/agents/agent_view.ts";
import type { Fleet } from "../../opamp/server/fleet/fleet.ts";
import { type ConfigState, type FleetAgent, type FleetPort, type Rollouts, syncOf } from "../../opamp/rollouts/mod.ts";
import { NotFoundError } from "../admin/control.ts";
import type { Agent, AgentDetail } from "./schemas.ts";

/** Of one file of an effective configuration, characters. */
const MAX_FILE_CHARS = 256 * 1024;
/** Components of a health tree that are shown, and of what an agent can run. */
const MAX_COMPONENTS = 1_000;
/** Of an agent's own words. */
const MAX_TEXT = 2_000;

export interface AgentParts {
  readonly fleet: Fleet;
  readonly port: FleetPort;
  readonly rollouts: Rollouts;
}

/** @param columns Attributes of its description that are shown. */
export function agentView(
  view: AgentView,
  agent: FleetAgent,
  rollouts: Rollouts,
  columns: readonly string[] = [],
): Agent {
  const assigned = rollouts.desired(view.uid);
  const { hash, state, error } = agent.report;
  return {
    uid: view.uid,
    service: agent.attribute("service.name") ?? "",
    host: agent.attribute("host.name") ?? "",
    connected: view.connected,
    transport: view.transport,
    last_seen_ms: view.lastSeenMs,
    healthy: view.healthy ?? null,
    labels: { ...view.labels },
    attributes: Object.fromEntries(columns.flatMap((key) => {
      const value = agent.attribute(key);
      return value === undefined ? [] : [[key, value.slice(0, MAX_TEXT)]];
    })),
    assigned: assigned === undefined ? null : { name: assigned.name, version: assigned.version, hash: assigned.hash },
    reported: { hash, state, error: error.slice(0, MAX_TEXT) },
    sync: syncOf(agent, assigned),
  };
}

/** @throws {NotFoundError} It has gone meanwhile. */
export function agentDetail(view: AgentView, { fleet, port, rollouts }: AgentParts): AgentDetail {
  const agent = port.get(view.uid);
  if (agent === undefined) throw new NotFoundError("Cannot find the agent: it has gone");
  const { identifying, other } = view.attributes();
  return {
    agent: agentView(view, agent, rollouts),
    capabilities: namesOf(AgentCapabilities, view.capabilities),
    identifying_attributes: texts(identifying),
    other_attributes: texts(other),
    health: healthOf(view.health()),
    effective_config: effectiveFiles(view),
    effective_hash: view.effectiveConfigHash() ?? null,
    packages: packagesOf(view),
    components: componentsOf(view, fleet),
    connection: connectionOf(view.connectionStatus),
  };
}

function texts(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value).slice(0, MAX_TEXT)]));
}

/** The tree as a list, a component before what it is made of. */
function healthOf(health: ComponentHealth | undefined): AgentDetail["health"] {
  const rows: AgentDetail["health"] = [];
  const add = (
    component: string,
    { healthy, status, lastError, statusTimeUnixNano, componentHealthMap }: ComponentHealth,
  ) => {
    if (rows.length >= MAX_COMPONENTS) return;
    rows.push({
      component,
      healthy: healthy ?? false,
      status: (status ?? "").slice(0, MAX_TEXT),
      last_error: (lastError ?? "").slice(0, MAX_TEXT),
      since_ms: Math.max(0, Number(statusTimeUnixNano ?? 0) / 1_000_000),
    });
    for (const [name, child] of componentHealthMap ?? []) {
      add(component === "" ? name : `${component} > ${name}`, child);
    }
  };
  if (health !== undefined) add("", health);
  return rows;
}

function effectiveFiles(view: AgentView): AgentDetail["effective_config"] {
  return Array.from(view.effectiveConfig()?.configMap?.configMap ?? [], ([name, { body, contentType }]) => {
    const text = new TextDecoder().decode(body);
    return {
      name,
      content_type: contentType ?? "",
      text: text.slice(0, MAX_FILE_CHARS),
      is_cut: text.length > MAX_FILE_CHARS,
    };
  });
}

function packagesOf(view: AgentView): AgentDetail["packages"] {
  return Array.from(view.packageStatuses()?.packages ?? [], ([name, { agentHasVersion, status, errorMessage }]) => ({
    name,
    version: agentHasVersion ?? "",
    status: nameOf(PackageStatusEnum, status),
    error: (errorMessage ?? "").slice(0, MAX_TEXT),
  }));
}

/** `receivers otlp` for a component of a group, the group alone when it has none. */
function componentsOf({ componentsHash }: AgentView, fleet: Fleet): string[] {
  const bytes = componentsHash === undefined ? undefined : fleet.componentsOf(componentsHash);
  if (bytes === undefined) return [];
  const groups = decodeAgentToServer(bytes).availableComponents?.components ?? new Map<string, ComponentDetails>();
  const names = Array.from(groups, ([group, { subComponentMap }]) => {
    const parts = [...subComponentMap?.keys() ?? []];
    return parts.length === 0 ? [group] : parts.map((part) => `${group} ${part}`);
  });
  return names.flat().slice(0, MAX_COMPONENTS);
}

const STATES: readonly ConfigState[] = ["unset", "applied", "applying", "failed"];

function connectionOf(status: OfferStatus | undefined): AgentDetail["connection"] {
  return status === undefined
    ? null
    : { hash: status.hash, state: STATES[status.status] ?? "unset", error: status.error.slice(0, MAX_TEXT) };
}
