/**
 * What goes to agents: answers and pushes, none longer than a message may be.
 *
 * @module
 */

import type { Clock, Timer } from "../../../pipeline/core/clock.ts";
import type { Logger } from "../../../pipeline/core/log/logger.ts";
import type { AgentToServer } from "../../protocol/messages.ts";
import type { AgentSession } from "../agents/agent_session.ts";
import { lengthOf } from "../agents/answers.ts";
import type { FleetMetrics, OfferName } from "./fleet_metrics.ts";
import type { FleetNotes } from "./fleet_notes.ts";
import type { MessageParts } from "../agents/link.ts";
import type { OpampServerSettings } from "../settings.ts";

export interface OutgoingDeps {
  readonly settings: Pick<OpampServerSettings, "maxSendBytes" | "pushesPerTurn">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: FleetMetrics;
  readonly notes: FleetNotes;
}

export class Outgoing {
  readonly #deps: OutgoingDeps;
  readonly #waiting = new Set<AgentSession>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(deps: OutgoingDeps) {
    this.#deps = deps;
  }

  /** What a report is answered. */
  answer(session: AgentSession, report: AgentToServer): MessageParts {
    return this.#bounded(session, session.reply(this.#deps.clock.nowMs(), report) ?? []);
  }

  /** What waits for the agent goes out in one of the next turns, where it can be reached. */
  schedule(session: AgentSession): void {
    if (session.link === undefined) return;
    this.#waiting.add(session);
    this.#scheduleTurn();
  }

  /** The agent is not reached any more. */
  drop(session: AgentSession): void {
    this.#waiting.delete(session);
  }

  stop(): void {
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer);
    this.#isStopped = true;
  }

  #scheduleTurn(): void {
    if (!this.#isStopped) this.#timer ??= this.#deps.clock.setTimer(() => this.#takeTurn(), 0);
  }

  /** A few agents a turn, so that answers to others go out in between and the offers do not all wait in memory. */
  #takeTurn(): void {
    this.#timer = undefined;
    let left = this.#deps.settings.pushesPerTurn;
    const nowMs = this.#deps.clock.nowMs();
    for (const session of this.#waiting) {
      if (left-- <= 0) break;
      this.#waiting.delete(session);
      this.#push(session, nowMs);
    }
    if (this.#waiting.size > 0) this.#scheduleTurn();
  }

  /** Sends what an agent has coming. One that still has to read the last message gets the newest when it has. */
  #push(session: AgentSession, nowMs: number): void {
    while (session.link !== undefined && !session.link.isCongested) {
      const parts = session.reply(nowMs);
      if (parts === undefined) return;
      const bounded = this.#bounded(session, parts);
      if (bounded.length === 0) continue;
      this.#deps.metrics.pushes.add(1);
      session.link.send(bounded);
    }
  }

  /** What is too long for any agent to take is left out: the rest of the message goes. */
  #bounded(session: AgentSession, parts: MessageParts): MessageParts {
    const { settings: { maxSendBytes }, metrics, notes, logger } = this.#deps;
    const [own] = parts;
    const bytes = lengthOf(parts);
    if (own === undefined || bytes <= maxSendBytes) {
      for (let index = 1; index < parts.length; index++) metrics.offers[offerName(parts[index]!)].add(1);
      return parts;
    }
    metrics.refused.too_large.add(1);
    logger.warn("an offer is larger than a message may be", { bytes });
    notes.event(session, "offer_too_large", `${bytes} bytes`);
    return own.length <= maxSendBytes ? [own] : [];
  }
}

/** An offer is one field of a ServerToAgent, with its tag. */
function offerName([tag = 0]: Uint8Array): OfferName {
  const field = tag >> 3;
  return field === REMOTE_CONFIG ? "config" : field === CONNECTION_SETTINGS ? "connection_settings" : "packages";
}

/** Numbers of fields of a ServerToAgent. */
const REMOTE_CONFIG = 3;
const CONNECTION_SETTINGS = 4;
