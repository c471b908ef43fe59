/**
 * Which agents are there, and over which connection each is reached.
 *
 * Source: opamp-spec, "Communication Model", "Duplicate Instance UIDs".
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";
import type { AgentToServer } from "../../protocol/messages.ts";
import { AgentChanges } from "../agents/agent_changes.ts";
import type { AgentSession, SessionLink } from "../agents/agent_session.ts";
import { CloseCodes } from "../agents/link.ts";
import type { FleetMetrics } from "./fleet_metrics.ts";
import type { FleetNotes } from "./fleet_notes.ts";
import type { Outgoing } from "./outgoing.ts";
import type { OpampServerSettings } from "../settings.ts";

export interface PresenceDeps {
  readonly settings: OpampServerSettings;
  readonly clock: Clock;
  readonly metrics: FleetMetrics;
  readonly notes: FleetNotes;
  readonly outgoing: Outgoing;
}

export class Presence {
  readonly #deps: PresenceDeps;
  #connected = 0;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
  }

  /** How many agents are there. */
  get connected(): number {
    return this.#connected;
  }

  /** The agent has sent something over this connection. */
  connect(session: AgentSession, link: SessionLink): void {
    session.transport = link.transport;
    session.tokenId = link.tokenId;
    if (session.link !== link) {
      const former = session.link;
      if (former !== undefined) moveAway(session, former);
      if (link.transport === "websocket") {
        session.attach(link);
        link.sessions.push(session);
      } else if (former !== undefined) {
        session.attach(undefined);
      }
    }
    if (session.connected) return;
    session.connected = true;
    this.#count(1);
    this.#deps.notes.changed(session, AgentChanges.connection);
    this.#deps.notes.event(session, "connected", link.transport);
  }

  /** The agent has said that it goes. */
  leave(session: AgentSession, link: SessionLink): void {
    removeFrom(link.sessions, session);
    this.#disconnect(session, "agent_disconnect");
  }

  /** A connection has ended: its agents are not reached over it any more. */
  detach(link: SessionLink): void {
    for (const session of link.sessions.splice(0)) this.#disconnect(session, "connection closed");
  }

  /** An agent over HTTP that has not come for too long is gone. */
  checkPolls(session: AgentSession, silentMs: number): void {
    const { pollIntervalMs, missedPolls } = this.#deps.settings;
    if (session.link !== undefined || silentMs <= pollIntervalMs * missedPolls) return;
    this.#disconnect(session, `no poll for ${missedPolls} intervals`);
  }

  /** The agent is forgotten, or goes on under another uid: nobody is told that it went. */
  letGo(session: AgentSession): void {
    if (session.link !== undefined) removeFrom(session.link.sessions, session);
    if (session.connected) this.#count(-1);
    this.#deps.outgoing.drop(session);
  }

  /**
   * Whether this message comes from a second agent under the uid of a live one. An agent that reconnects goes on with
   * its sequence or comes after its old connection ended; one that starts anew while the other is alive is another, and
   * so is one that shows another token meanwhile: an agent that is given a new one is gone in between.
   */
  isDuplicate(session: AgentSession, link: SessionLink, message: AgentToServer): boolean {
    const { link: owner, sequence } = session;
    if (owner === link) return false;
    if (hasAnotherToken(session, link)) return true;
    if (owner === undefined) return link.transport === "http" && sequence.regressions >= MAX_REGRESSIONS;
    if (sequence.last !== undefined && (message.sequenceNum ?? 0) > sequence.last) return false;
    const { pingIntervalMs, pongTimeoutMs } = this.#deps.settings;
    return this.#deps.clock.monotonicMs() - owner.heardAtMs <= pingIntervalMs + pongTimeoutMs;
  }

  #disconnect(session: AgentSession, why: string): void {
    session.attach(undefined);
    this.#deps.outgoing.drop(session);
    if (!session.connected) return;
    session.connected = false;
    this.#count(-1);
    this.#deps.notes.changed(session, AgentChanges.connection);
    this.#deps.notes.event(session, "disconnected", why);
  }

  #count(by: 1 | -1): void {
    this.#connected += by;
    this.#deps.metrics.connected.set(this.#connected);
  }
}

/** Over HTTP, a sequence that goes back so often is that of two agents. */
const MAX_REGRESSIONS = 3;

function hasAnotherToken({ connected, tokenId }: AgentSession, link: SessionLink): boolean {
  return connected && tokenId !== undefined && tokenId !== link.tokenId;
}

/** The agent speaks over another connection now: the old one ends unless others use it. */
function moveAway(session: AgentSession, former: SessionLink): void {
  removeFrom(former.sessions, session);
  if (former.sessions.length === 0) former.close(CloseCodes.policyViolation, "the agent has another connection");
}

function removeFrom(sessions: AgentSession[], session: AgentSession): void {
  const at = sessions.indexOf(session);
  if (at >= 0) sessions.splice(at, 1);
}
