/**
 * The fleet as rollouts see it.
 *
 * @module
 */

import { AgentCapabilities, hasBits, RemoteConfigStatuses } from "../../protocol/capabilities.ts";
import type { ConfigReport, ConfigState, ConfigVersionRef, FleetAgent, FleetPort } from "../../rollouts/agents.ts";
import type { AgentView } from "../agents/agent_view.ts";
import type { Fleet } from "./fleet.ts";
import type { RemoteConfigOffer } from "../offers.ts";

/** What rollouts need: offers that are answered, or nothing can be known of them. */
const FOLLOWS = AgentCapabilities.AcceptsRemoteConfig | AgentCapabilities.ReportsRemoteConfig;

const STATES: Readonly<Record<number, ConfigState>> = {
  [RemoteConfigStatuses.UNSET]: "unset",
  [RemoteConfigStatuses.APPLIED]: "applied",
  [RemoteConfigStatuses.APPLYING]: "applying",
  [RemoteConfigStatuses.FAILED]: "failed",
};

/**
 * @param offerOf The offer of a version: the same object for the same version, so that it is encoded once.
 */
export function createFleetPort(fleet: Fleet, offerOf: (version: ConfigVersionRef) => RemoteConfigOffer): FleetPort {
  return {
    *agents() {
      for (const view of fleet.agents()) yield toFleetAgent(view);
    },
    get(uid) {
      const view = fleet.get(uid);
      return view && toFleetAgent(view);
    },
    offer(uid, version, again) {
      fleet.setDesired([uid], offerOf(version), { retryFailed: again });
    },
  };
}

/** Attributes are read from the kept bytes when one is asked for, once a view. */
function toFleetAgent(view: AgentView): FleetAgent {
  let attributes: ReturnType<AgentView["attributes"]> | undefined;
  return {
    uid: view.uid,
    connected: view.connected,
    isDescribed: view.isDescribed,
    followsConfig: hasBits(view.capabilities, FOLLOWS),
    reportsMetrics: hasBits(view.capabilities, AgentCapabilities.ReportsOwnMetrics),
    revision: view.revision,
    attribute(key) {
      attributes ??= view.attributes();
      const value = attributes.identifying[key] ?? attributes.other[key];
      return value === undefined ? undefined : String(value);
    },
    label: (key) => Object.hasOwn(view.labels, key) ? view.labels[key] : undefined,
    report: toReport(view),
    healthy: view.healthy,
    get effectiveHash() {
      return view.effectiveConfigHash();
    },
  };
}

function toReport({ configStatus, statusRevision }: AgentView): ConfigReport {
  const { hash = "", status = RemoteConfigStatuses.UNSET, error = "" } = configStatus ?? {};
  return { hash, state: STATES[status] ?? "unset", error, revision: statusRevision };
}
