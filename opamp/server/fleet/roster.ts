/**
 * Who the agents are: by uid, with the uids that they have been told to take, within the bound of how many are known.
 *
 * Source: opamp-spec, "AgentIdentification Message".
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";
import { bytesToHex, sameBytes } from "../../protocol/hashes.ts";
import { formatInstanceUid, INSTANCE_UID_RANDOM_BYTES, makeInstanceUid } from "../../protocol/instance_uid.ts";
import type { AgentToServer } from "../../protocol/messages.ts";
import { AgentChanges } from "../agents/agent_changes.ts";
import { AgentSession, type ServerFace, type SessionLink } from "../agents/agent_session.ts";
import type { FleetMetrics } from "./fleet_metrics.ts";
import type { FleetNotes } from "./fleet_notes.ts";
import type { OpampServerSettings } from "../settings.ts";
import type { SharedBytes } from "../agents/shared_bytes.ts";

export interface RosterDeps {
  readonly settings: Pick<OpampServerSettings, "maxAgents" | "maxAgentsPerToken" | "maxAgentsPerConnection">;
  readonly face: ServerFace;
  readonly shared: SharedBytes;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly metrics: FleetMetrics;
  readonly notes: FleetNotes;
  /** Lets go of the connection of an agent that is forgotten, or goes on under another uid. */
  readonly letGo: (session: AgentSession) => void;
}

export class Roster {
  readonly #deps: RosterDeps;
  readonly #sessions = new Map<string, AgentSession>();
  /** Uids that agents have been told to take, and by whom. */
  readonly #expected = new Map<string, AgentSession>();

  /** How many agents each token has brought. */
  readonly #brought = new Map<string, number>();

  constructor(deps: RosterDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#sessions.size;
  }

  all(): IterableIterator<AgentSession> {
    return this.#sessions.values();
  }

  uids(): IterableIterator<string> {
    return this.#sessions.keys();
  }

  /** @param uid In hexadecimal. */
  get(uid: string): AgentSession | undefined {
    return this.#sessions.get(uid);
  }

  /** Those of these agents that are known. @param uids In hexadecimal. */
  *known(uids: Iterable<string>): IterableIterator<AgentSession> {
    for (const uid of uids) {
      const session = this.#sessions.get(uid);
      if (session !== undefined) yield session;
    }
  }

  /** The agent of a message: known, known by another name until now, or new; undefined when there is no room. */
  of(link: SessionLink, message: AgentToServer, uid: Uint8Array): AgentSession | undefined {
    const first = link.sessions[0];
    if (first !== undefined && sameBytes(first.uid, uid)) return first;
    const key = bytesToHex(uid);
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const former = this.#expected.get(key);
    if (former !== undefined) return this.#rename(former, uid);
    const { maxAgents, maxAgentsPerConnection } = this.#deps.settings;
    if (this.#sessions.size >= maxAgents) this.#makeRoom(maxAgents, () => true);
    if (this.#sessions.size >= maxAgents || link.sessions.length >= maxAgentsPerConnection) return undefined;
    if (!this.#hasRoomFor(link.tokenId)) return undefined;
    const session = this.add(new Uint8Array(uid));
    this.#count(session, link.tokenId);
    if (message.agentDescription === undefined) session.wantsFullState = true;
    return session;
  }

  #hasRoomFor(tokenId: string | undefined): boolean {
    if (tokenId === undefined) return true;
    const { maxAgentsPerToken: max } = this.#deps.settings;
    if (this.#broughtBy(tokenId) >= max) this.#makeRoom(max, ({ broughtBy }) => broughtBy === tokenId);
    return this.#broughtBy(tokenId) < max;
  }

  #broughtBy(tokenId: string): number {
    return this.#brought.get(tokenId) ?? 0;
  }

  #count(session: AgentSession, tokenId: string | undefined): void {
    session.broughtBy = tokenId;
    if (tokenId !== undefined) this.#brought.set(tokenId, this.#broughtBy(tokenId) + 1);
  }

  #discount({ broughtBy }: AgentSession): void {
    if (broughtBy === undefined) return;
    const left = this.#broughtBy(broughtBy) - 1;
    if (left > 0) this.#brought.set(broughtBy, left);
    else this.#brought.delete(broughtBy);
  }

  /** A new agent. @param uid Kept. */
  add(uid: Uint8Array): AgentSession {
    const session = new AgentSession(uid, this.#deps.face, this.#deps.shared);
    this.#sessions.set(session.key, session);
    this.#deps.metrics.known.set(this.#sessions.size);
    return session;
  }

  remove(session: AgentSession): void {
    if (session.newUid !== undefined) this.#expected.delete(bytesToHex(session.newUid));
    this.#deps.letGo(session);
    this.#sessions.delete(session.key);
    this.#discount(session);
    this.#deps.metrics.known.set(this.#sessions.size);
    this.#deps.notes.removed(session);
    session.dispose();
  }

  /** Has an agent take a new uid. */
  expectNewUid(session: AgentSession): void {
    if (session.newUid !== undefined) return;
    session.newUid = this.makeUid();
    this.#expected.set(bytesToHex(session.newUid), session);
  }

  makeUid(): Uint8Array {
    return makeInstanceUid(this.#deps.clock.nowMs(), this.#deps.randomBytes(INSTANCE_UID_RANDOM_BYTES));
  }

  /** The agent has taken the uid that it was given: the same agent under a new key. */
  #rename(former: AgentSession, uid: Uint8Array): AgentSession {
    const session = new AgentSession(new Uint8Array(uid), this.#deps.face, this.#deps.shared);
    session.takeOver(former);
    this.#count(session, former.broughtBy);
    this.remove(former);
    this.#sessions.set(session.key, session);
    this.#deps.metrics.known.set(this.#sessions.size);
    this.#deps.notes.changed(session, AgentChanges.uid);
    this.#deps.notes.event(session, "uid_changed", `was ${formatInstanceUid(former.uid)}`);
    return session;
  }

  /** Forgets some of those gone longest, so that new ones find room without a search each. */
  #makeRoom(maxAgents: number, isOne: (session: AgentSession) => boolean): void {
    const gone = [...this.#sessions.values()].filter((session) => !session.connected && isOne(session));
    gone.sort((a, b) => a.lastSeenMs - b.lastSeenMs);
    const share = Math.ceil(maxAgents * FORGOTTEN_SHARE);
    for (const session of gone.slice(0, share)) this.remove(session);
  }
}

/** Of the agents that may be known, forgotten at once when there are too many. */
const FORGOTTEN_SHARE = 0.01;
