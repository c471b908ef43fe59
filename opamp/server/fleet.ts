/**
 * All agents of a server: who they are, how they are reached, what they are to run.
 *
 * Messages come in through {@link Fleet.receive}, from whichever transport; what changes is told to listeners and to the
 * store in batches. Nothing here opens a socket.
 * Source: opamp-spec, "Communication Model", "Duplicate Instance UIDs", "Throttling".
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Clock, Timer } from "../../pipeline/core/clock.ts";
import { UnavailableError } from "../../pipeline/core/errors.ts";
import { describeError, type Logger } from "../../pipeline/core/log.ts";
import type { Meter } from "../../pipeline/core/telemetry.ts";
import {
  AgentCapabilities,
  CommandType,
  hasBits,
  RemoteConfigStatuses,
  ServerErrorResponseType,
} from "../protocol/capabilities.ts";
import { MalformedMessageError } from "../protocol/errors.ts";
import { bytesToHex } from "../protocol/hashes.ts";
import {
  formatInstanceUid,
  INSTANCE_UID_RANDOM_BYTES,
  isInstanceUid,
  makeInstanceUid,
} from "../protocol/instance_uid.ts";
import {
  type AgentToServer,
  type ConnectionSettingsOffers,
  type CustomMessage,
  decodeAgentToServer,
  encodeServerToAgent,
} from "../protocol/messages.ts";
import {
  AgentChanges,
  AgentSession,
  asksForUid,
  isApplied,
  type ServerFace,
  type SessionLink,
} from "./agent_session.ts";
import { type AgentView, viewOf } from "./agent_view.ts";
import { FleetJournal } from "./fleet_journal.ts";
import type { AgentRow, FleetStore } from "./fleet_store.ts";
import type { MessageParts } from "./link.ts";
import { ConnectionOffer, type PackagesOffer, type RemoteConfigOffer } from "./offers.ts";
import { fieldBytes, findField, withoutField } from "./report_fields.ts";
import type { OpampServerSettings } from "./settings.ts";
import { SharedBytes } from "./shared_bytes.ts";

/** What changed about one agent since the last batch. */
export interface AgentChange {
  /** The uid in hexadecimal. */
  readonly uid: string;
  /** Mask of `AgentChanges`. */
  readonly changes: number;
}

/** An agent's wish for a certificate. */
export interface CertificateWish {
  /** In hexadecimal; a uid inside the request must be this one, or {@link newUid}. */
  readonly uid: string;
  /** The uid that the agent has been told to take, if any: the request may already name it. */
  readonly newUid: string | undefined;
  /** PEM. */
  readonly csr: Uint8Array;
}

/** What a fleet is made with. */
export interface FleetDeps {
  readonly settings: OpampServerSettings;
  /** `ServerCapabilities` and custom capabilities of this server. */
  readonly face: Pick<ServerFace, "capabilities" | "customCapabilities">;
  readonly clock: Clock;
  /** Bytes from a cryptographic source. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Where agents are kept over restarts. */
  readonly store?: FleetStore | undefined;
  /** The configuration of a hash, for agents that come from the store. */
  readonly findConfig?: ((hash: string) => RemoteConfigOffer | undefined) | undefined;
  /** Answers a wish for a certificate; a refusal throws. Without it such wishes are refused. */
  readonly issueCertificate?: ((wish: CertificateWish) => Promise<ConnectionSettingsOffers>) | undefined;
}

/** How an offer is made. */
export interface OfferOptions {
  /** Whether it also goes to agents that could not apply it. Default false. */
  readonly retryFailed?: boolean;
}

export class Fleet {
  readonly #deps: FleetDeps;
  readonly #face: ServerFace;
  readonly #shared = new SharedBytes();
  readonly #sessions = new Map<string, AgentSession>();
  /** Uids that agents have been told to take, and by whom. */
  readonly #expected = new Map<string, AgentSession>();
  /** AvailableComponents by hash, as an AgentToServer of that field alone. */
  readonly #components = new Map<string, Uint8Array>();
  readonly #listeners = new Set<(changes: readonly AgentChange[]) => void>();
  readonly #messageListeners = new Set<(uid: string, message: CustomMessage) => void>();

  #changed = new Map<string, number>();
  #changeTimer: Timer | undefined;
  readonly #toPush = new Set<AgentSession>();
  #pushTimer: Timer | undefined;
  readonly #journal: FleetJournal | undefined;
  #isStopped = false;
  #sweepTimer: Timer | undefined;
  #connected = 0;

  readonly #oversized;
  readonly #malformed;
  readonly #duplicates;
  readonly #connectedGauge;

  constructor(deps: FleetDeps) {
    this.#deps = deps;
    const { offerRetryMs, maxPendingMessages } = deps.settings;
    this.#face = { ...deps.face, offerRetryMs, maxPendingMessages };
    this.#oversized = deps.meter.counter("opamp_server_oversized_messages", {});
    this.#malformed = deps.meter.counter("opamp_server_malformed_messages", {});
    this.#duplicates = deps.meter.counter("opamp_server_duplicate_uids", {});
    this.#connectedGauge = deps.meter.gauge("opamp_server_connected_agents", {});
    this.#journal = deps.store && new FleetJournal({
      ...deps,
      store: deps.store,
      droppedEvents: deps.meter.counter("opamp_server_dropped_events", {}),
      rowOf: (uid) => this.#sessions.get(uid)?.toRow(),
    });
  }

  /** Reads the agents from the store and begins to watch them. */
  start(): void {
    for (const row of this.#deps.store?.readAgents() ?? []) this.#restore(row);
    this.#scheduleSweep();
  }

  /** Ends all timers, and writes what is not written. */
  shutdown(): void {
    const { clock } = this.#deps;
    for (const timer of [this.#sweepTimer, this.#pushTimer, this.#changeTimer]) {
      if (timer !== undefined) clock.clearTimer(timer);
    }
    this.#isStopped = true;
    this.#journal?.stop();
  }

  /**
   * One message of an agent.
   *
   * @param bytes An AgentToServer. Not kept; may be overwritten afterwards.
   * @returns What to answer; a promise where a certificate has to be issued first.
   */
  receive(link: SessionLink, bytes: Uint8Array): MessageParts | Promise<MessageParts> {
    let uid: Uint8Array | undefined;
    try {
      const message = this.#decode(bytes);
      uid = message.instanceUid;
      if (!isInstanceUid(uid)) throw new MalformedMessageError("Cannot read the report: instance_uid is not 16 bytes");
      return this.#process(link, message, bytes, uid);
    } catch (error) {
      return error instanceof MalformedMessageError ? this.refuse(error) : this.#fail(uid, error);
    }
  }

  /** The answer to what is no message: BAD_REQUEST. */
  refuse(error: MalformedMessageError): MessageParts {
    this.#malformed.add(1);
    return errorAnswer(undefined, ServerErrorResponseType.BadRequest, error.message);
  }

  /** The answer of a server that has too much to do: UNAVAILABLE, and when to come back. */
  busy(instanceUid: Uint8Array | undefined, text: string, retryAfterMs: number): MessageParts {
    return errorAnswer(instanceUid, ServerErrorResponseType.Unavailable, text, retryAfterMs);
  }

  /** A connection has ended: its agents are not reached over it any more. */
  detach(link: SessionLink): void {
    for (const session of link.sessions.splice(0)) this.#disconnect(session, "connection closed");
  }

  /** A connection can take messages again. */
  drained(link: SessionLink): void {
    for (const session of link.sessions) if (session.hasNews) this.#schedulePush(session);
  }

  /** How many agents are known, and how many of them are connected. */
  get counts(): { readonly known: number; readonly connected: number } {
    return { known: this.#sessions.size, connected: this.#connected };
  }

  /** All agents that are known. A view is made when its turn comes and does not change. */
  *agents(): IterableIterator<AgentView> {
    for (const session of this.#sessions.values()) yield viewOf(session);
  }

  /** @param uid In hexadecimal. */
  get(uid: string): AgentView | undefined {
    const session = this.#sessions.get(uid);
    return session && viewOf(session);
  }

  /** Whether an agent comes for another poll over HTTP, and not for the first time. @param uid In hexadecimal. */
  isPolling(uid: string): boolean {
    return this.#sessions.get(uid)?.connected === true;
  }

  /** AvailableComponents of a hash, as an AgentToServer of that field alone. */
  componentsOf(hash: string): Uint8Array | undefined {
    return this.#components.get(hash);
  }

  /**
   * Calls `listener` with what changed, a batch at a time.
   *
   * @returns Ends it.
   */
  onChanges(listener: (changes: readonly AgentChange[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Calls `listener` with every custom message of a capability that the server has.
   *
   * @returns Ends it.
   */
  onCustomMessage(listener: (uid: string, message: CustomMessage) => void): () => void {
    this.#messageListeners.add(listener);
    return () => void this.#messageListeners.delete(listener);
  }

  /**
   * What agents are to run; undefined: whatever they run. Goes to connected agents in the next turns, to the others when
   * they come back. Unknown uids are left out.
   */
  setDesired(uids: Iterable<string>, offer: RemoteConfigOffer | undefined, options: OfferOptions = {}): void {
    for (const session of this.#known(uids)) {
      const isSame = session.desiredConfig?.hash === offer?.hash;
      session.desiredConfig = offer;
      if (options.retryFailed === true && session.failedConfig === offer?.hash) session.retryFailed();
      else if (isSame) continue;
      this.#note(session, AgentChanges.desired);
      this.#schedulePush(session);
    }
  }

  /**
   * The connection settings that agents are to use. They are stored before they are offered.
   *
   * @throws {GatewayError} The store did not take them: nothing is offered.
   */
  setConnection(uids: Iterable<string>, settings: ConnectionSettingsOffers): ConnectionOffer {
    const offer = new ConnectionOffer(settings);
    const sessions = [...this.#known(uids)];
    this.#deps.store?.saveConnectionOffer(offer.hash, offer.encoded, sessions.map(({ uid }) => uid));
    for (const session of sessions) {
      session.desiredConnection = offer;
      this.#schedulePush(session);
    }
    return offer;
  }

  /** The packages that agents are to have. */
  setPackages(uids: Iterable<string>, offer: PackagesOffer | undefined): void {
    for (const session of this.#known(uids)) {
      session.desiredPackages = offer;
      this.#schedulePush(session);
    }
  }

  /** Tells agents to restart. @returns How many were told; the others cannot, or too much waits for them. */
  restart(uids: Iterable<string>): number {
    return this.#enqueue(
      uids,
      (session) => hasBits(session.capabilities, AgentCapabilities.AcceptsRestartCommand),
      { command: { type: CommandType.Restart } },
    );
  }

  /** Sends a custom message to agents that declared its capability. @returns How many get it. */
  sendCustomMessage(uids: Iterable<string>, customMessage: CustomMessage): number {
    const { capability = "" } = customMessage;
    if (!this.#face.customCapabilities.includes(capability)) return 0;
    return this.#enqueue(uids, (session) => session.customCapabilities.includes(capability), { customMessage });
  }

  /** Asks agents for everything they have to report. */
  requestFullState(uids: Iterable<string>): void {
    for (const session of this.#known(uids)) {
      session.wantsFullState = true;
      this.#schedulePush(session);
    }
  }

  /** Gives an agent a new uid. @returns It, in hexadecimal; undefined when the agent is not known. */
  assignUid(uid: string): string | undefined {
    const session = this.#sessions.get(uid);
    if (session === undefined) return undefined;
    this.#expectNewUid(session);
    this.#schedulePush(session);
    return session.newUid && bytesToHex(session.newUid);
  }

  /** Labels that operators put on an agent. */
  setLabels(uid: string, labels: Readonly<Record<string, string>>): void {
    const session = this.#sessions.get(uid);
    if (session === undefined) return;
    session.labels = labels;
    session.revision++;
    this.#note(session, AgentChanges.description);
  }

  /** Forgets an agent that is not connected. @returns Whether it is forgotten. */
  forget(uid: string): boolean {
    const session = this.#sessions.get(uid);
    if (session === undefined || session.connected) return false;
    this.#remove(session);
    return true;
  }

  /** Writes all changes now. @returns Whether all is written; what is not waits. */
  persist(): boolean {
    return this.#journal?.flush() ?? true;
  }

  /** Finds the agents over HTTP that have not come for too long, and forgets those that are gone for good. */
  sweep(): void {
    const { pollIntervalMs, missedPolls, forgetAfterMs } = this.#deps.settings;
    const nowMs = this.#deps.clock.nowMs();
    for (const session of this.#sessions.values()) {
      const silentMs = nowMs - session.lastSeenMs;
      if (session.connected) {
        const isGone = session.link === undefined && silentMs > pollIntervalMs * missedPolls;
        if (isGone) this.#disconnect(session, `no poll for ${missedPolls} intervals`);
      } else if (silentMs > forgetAfterMs) {
        this.#remove(session);
      }
    }
  }

  /** Forgets some of those gone longest, so that new ones find room without a search each. */
  #makeRoom(): void {
    const gone = [...this.#sessions.values()].filter(({ connected }) => !connected);
    gone.sort((a, b) => a.lastSeenMs - b.lastSeenMs);
    const share = Math.ceil(this.#deps.settings.maxAgents * FORGOTTEN_SHARE);
    for (const session of gone.slice(0, share)) this.#remove(session);
  }

  /** An effective configuration that another agent has reported is known to be well-formed: it is not read again. */
  #decode(bytes: Uint8Array): AgentToServer {
    const range = findField(bytes, "effectiveConfig");
    if (range === undefined || !this.#shared.has(bytes.subarray(range.from, range.to))) {
      return decodeAgentToServer(bytes);
    }
    const message = decodeAgentToServer(withoutField(bytes, range));
    return message.effectiveConfig === undefined ? { ...message, effectiveConfig: {} } : decodeAgentToServer(bytes);
  }

  #process(
    link: SessionLink,
    message: AgentToServer,
    bytes: Uint8Array,
    uid: Uint8Array,
  ): MessageParts | Promise<MessageParts> {
    const session = this.#sessionOf(link, message, uid);
    if (session === undefined) {
      const text = "Cannot take another agent: the server has as many as it may";
      return this.busy(uid, text, this.#deps.settings.maxRetryAfterMs);
    }
    if (this.#isDuplicate(session, link, message)) return this.#answerDuplicate(link, uid);
    const nowMs = this.#deps.clock.nowMs();
    this.#connect(session, link);
    const { changes, isIncomplete, isRepeated } = session.absorb(message, bytes, nowMs);
    if (isIncomplete) session.wantsFullState = true;
    if (changes !== 0) this.#noteReport(session, changes);
    this.#absorbComponents(session, message, bytes);
    if (asksForUid(message)) this.#expectNewUid(session);
    if (message.customMessage !== undefined && !isRepeated) this.#tellMessage(session, message.customMessage);
    const csr = message.connectionSettingsRequest?.opamp?.certificateRequest?.csr;
    if (csr !== undefined) return this.#answerCertificate(session, message, csr, uid);
    return this.#answer(session, link, message, nowMs);
  }

  #answer(session: AgentSession, link: SessionLink, message: AgentToServer, nowMs: number): MessageParts {
    const parts = this.#bounded(session, session.reply(nowMs, message) ?? []);
    if (message.agentDisconnect !== undefined) this.#leave(session, link);
    return parts;
  }

  /** What is too long for any agent to take is left out: the rest of the answer goes. */
  #bounded(session: AgentSession, parts: MessageParts): MessageParts {
    const [own] = parts;
    if (own === undefined || lengthOf(parts) <= this.#deps.settings.maxSendBytes) return parts;
    this.#oversized.add(1);
    this.#deps.logger.warn("an offer is larger than a message may be", { bytes: lengthOf(parts) });
    this.#event(session, "offer_too_large", `${lengthOf(parts)} bytes`);
    return own.length <= this.#deps.settings.maxSendBytes ? [own] : [];
  }

  /** The agent of a uid: known, known by another name until now, or new. */
  #sessionOf(link: SessionLink, message: AgentToServer, uid: Uint8Array): AgentSession | undefined {
    const first = link.sessions[0];
    if (first !== undefined && Buffer.compare(first.uid, uid) === 0) return first;
    const key = bytesToHex(uid);
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const former = this.#expected.get(key);
    if (former !== undefined) return this.#rename(former, uid);
    const { maxAgents, maxAgentsPerConnection } = this.#deps.settings;
    if (this.#sessions.size >= maxAgents) this.#makeRoom();
    if (this.#sessions.size >= maxAgents || link.sessions.length >= maxAgentsPerConnection) return undefined;
    const session = new AgentSession(uid.slice(), this.#face, this.#shared);
    this.#sessions.set(key, session);
    if (message.agentDescription === undefined) session.wantsFullState = true;
    return session;
  }

  /** The agent has taken the uid that it was given: the same agent under a new key. */
  #rename(former: AgentSession, uid: Uint8Array): AgentSession {
    const session = new AgentSession(uid.slice(), this.#face, this.#shared);
    session.takeOver(former);
    this.#remove(former);
    this.#sessions.set(session.key, session);
    this.#note(session, AgentChanges.uid);
    this.#event(session, "uid_changed", `was ${formatInstanceUid(former.uid)}`);
    return session;
  }

  /**
   * Whether this message comes from a second agent under the uid of a live one. An agent that reconnects goes on with
   * its sequence or comes after its old connection ended; one that starts anew while the other is alive is another.
   */
  #isDuplicate(session: AgentSession, link: SessionLink, message: AgentToServer): boolean {
    const { link: owner, sequence } = session;
    if (owner === link) return false;
    if (owner === undefined) return link.transport === "http" && session.regressions >= MAX_REGRESSIONS;
    if (sequence !== undefined && (message.sequenceNum ?? 0) > sequence) return false;
    const { pingIntervalMs, pongTimeoutMs } = this.#deps.settings;
    return this.#deps.clock.monotonicMs() - owner.heardAtMs <= pingIntervalMs + pongTimeoutMs;
  }

  #answerDuplicate(link: SessionLink, uid: Uint8Array): MessageParts {
    this.#duplicates.add(1);
    const newInstanceUid = this.#makeUid();
    const session = this.#sessions.get(bytesToHex(uid));
    if (session !== undefined) {
      session.regressions = 0;
      this.#event(session, "duplicate_uid", `the other is now ${formatInstanceUid(newInstanceUid)}`);
    }
    this.#deps.logger.warn("two agents have one uid", { uid: formatInstanceUid(uid), transport: link.transport });
    const { capabilities } = this.#face;
    return [encodeServerToAgent({ instanceUid: uid, capabilities, agentIdentification: { newInstanceUid } })];
  }

  #connect(session: AgentSession, link: SessionLink): void {
    session.transport = link.transport;
    if (session.link !== link) {
      const former = session.link;
      if (former !== undefined) this.#moveAway(session, former);
      if (link.transport === "websocket") {
        session.attach(link);
        link.sessions.push(session);
      } else if (former !== undefined) {
        session.attach(undefined);
      }
    }
    if (session.connected) return;
    session.connected = true;
    this.#connected++;
    this.#connectedGauge.set(this.#connected);
    this.#note(session, AgentChanges.connection);
    this.#event(session, "connected", link.transport);
  }

  /** The agent speaks over another connection now: the old one ends unless others use it. */
  #moveAway(session: AgentSession, former: SessionLink): void {
    removeFrom(former.sessions, session);
    if (former.sessions.length === 0) former.close(POLICY_VIOLATION, "the agent has another connection");
  }

  /** The agent has said that it goes. */
  #leave(session: AgentSession, link: SessionLink): void {
    removeFrom(link.sessions, session);
    this.#disconnect(session, "agent_disconnect");
  }

  #disconnect(session: AgentSession, why: string): void {
    session.attach(undefined);
    this.#toPush.delete(session);
    if (!session.connected) return;
    session.connected = false;
    this.#connected--;
    this.#connectedGauge.set(this.#connected);
    this.#note(session, AgentChanges.connection);
    this.#event(session, "disconnected", why);
  }

  #remove(session: AgentSession): void {
    if (session.newUid !== undefined) this.#expected.delete(bytesToHex(session.newUid));
    if (session.link !== undefined) removeFrom(session.link.sessions, session);
    if (session.connected) this.#connected--;
    this.#toPush.delete(session);
    this.#sessions.delete(session.key);
    this.#note(session, AgentChanges.removed);
    this.#journal?.noteRemoved(session.key);
    session.dispose();
  }

  /** Components are the same for many agents, so they are asked for once and kept by their hash. */
  #absorbComponents(session: AgentSession, message: AgentToServer, bytes: Uint8Array): void {
    const { availableComponents } = message;
    const hash = session.componentsHash;
    if (availableComponents === undefined || hash === undefined || this.#components.has(hash)) return;
    if (availableComponents.components === undefined || availableComponents.components.size === 0) {
      session.wantsComponents = true;
      return;
    }
    const content = fieldBytes(bytes, "availableComponents");
    if (content === undefined) return;
    const [oldest] = this.#components.keys();
    if (this.#components.size >= this.#deps.settings.maxComponentSets && oldest !== undefined) {
      this.#components.delete(oldest);
    }
    this.#components.set(hash, content.slice());
  }

  #expectNewUid(session: AgentSession): void {
    if (session.newUid !== undefined) return;
    session.newUid = this.#makeUid();
    this.#expected.set(bytesToHex(session.newUid), session);
  }

  #makeUid(): Uint8Array {
    return makeInstanceUid(this.#deps.clock.nowMs(), this.#deps.randomBytes(INSTANCE_UID_RANDOM_BYTES));
  }

  async #answerCertificate(
    session: AgentSession,
    message: AgentToServer,
    csr: Uint8Array,
    uid: Uint8Array,
  ): Promise<MessageParts> {
    const { issueCertificate, clock, logger } = this.#deps;
    const refuse = (text: string) => errorAnswer(uid, ServerErrorResponseType.BadRequest, text);
    if (issueCertificate === undefined) return refuse("Cannot issue a certificate: this server issues none");
    let settings: ConnectionSettingsOffers;
    try {
      const newUid = session.newUid && bytesToHex(session.newUid);
      settings = await issueCertificate({ uid: session.key, newUid, csr });
    } catch (error) {
      logger.warn("certificate refused", { uid: formatInstanceUid(uid), error: describeError(error) });
      return refuse("Cannot issue a certificate: the request is refused");
    }
    try {
      this.setConnection([session.key], settings);
      return this.#bounded(session, session.reply(clock.nowMs(), message) ?? []);
    } catch (error) {
      return this.#fail(uid, error);
    }
  }

  #fail(uid: Uint8Array | undefined, error: unknown): MessageParts {
    const agent = uid && formatInstanceUid(uid);
    this.#deps.logger.error("a report was not processed", { uid: agent, error: describeError(error) });
    if (error instanceof UnavailableError) {
      return this.busy(uid, error.message, error.retryAfterMs ?? this.#deps.settings.maxRetryAfterMs);
    }
    return errorAnswer(uid, ServerErrorResponseType.Unknown, "Cannot process the report: internal error");
  }

  #tellMessage(session: AgentSession, message: CustomMessage): void {
    if (!this.#face.customCapabilities.includes(message.capability ?? "")) return;
    for (const listener of this.#messageListeners) listener(session.key, message);
  }

  #enqueue(
    uids: Iterable<string>,
    may: (session: AgentSession) => boolean,
    message: Parameters<AgentSession["enqueue"]>[0],
  ): number {
    let told = 0;
    for (const session of this.#known(uids)) {
      if (!may(session) || !session.enqueue(message)) continue;
      this.#schedulePush(session);
      told++;
    }
    return told;
  }

  *#known(uids: Iterable<string>): IterableIterator<AgentSession> {
    for (const uid of uids) {
      const session = this.#sessions.get(uid);
      if (session !== undefined) yield session;
    }
  }

  #schedulePush(session: AgentSession): void {
    if (session.link === undefined) return;
    this.#toPush.add(session);
    if (!this.#isStopped) this.#pushTimer ??= this.#deps.clock.setTimer(() => this.#pushSome(), 0);
  }

  /** A few agents a turn, so that answers to others go out in between and the offers do not all wait in memory. */
  #pushSome(): void {
    this.#pushTimer = undefined;
    let left = this.#deps.settings.pushesPerTurn;
    const nowMs = this.#deps.clock.nowMs();
    for (const session of this.#toPush) {
      if (left-- <= 0) break;
      this.#toPush.delete(session);
      this.#push(session, nowMs);
    }
    if (this.#toPush.size > 0) this.#pushTimer ??= this.#deps.clock.setTimer(() => this.#pushSome(), 0);
  }

  /** Sends what an agent has coming. One that still has to read the last message gets the newest when it has. */
  #push(session: AgentSession, nowMs: number): void {
    while (session.link !== undefined && !session.link.isCongested) {
      const parts = session.reply(nowMs);
      if (parts === undefined) return;
      const bounded = this.#bounded(session, parts);
      if (bounded.length > 0) session.link.send(bounded);
    }
  }

  #noteReport(session: AgentSession, changes: number): void {
    this.#note(session, changes);
    if (changes & AgentChanges.remoteConfigStatus) this.#noteStatus(session);
    if (changes & AgentChanges.connectionSettings) this.#noteConnection(session);
  }

  #noteStatus(session: AgentSession): void {
    const { configStatus, desiredConfig } = session;
    if (configStatus === undefined || configStatus.status === RemoteConfigStatuses.APPLYING) return;
    const isFailed = configStatus.status === RemoteConfigStatuses.FAILED;
    if (!isFailed && session.failedConfig !== undefined && session.failedConfig === desiredConfig?.hash) {
      this.#event(session, "config_rolled_back", configStatus.hash);
    } else {
      const text = isFailed
        ? `${configStatus.hash}: ${configStatus.error.slice(0, MAX_EVENT_CHARS)}`
        : configStatus.hash;
      this.#event(session, isFailed ? "config_failed" : "config_applied", text);
    }
  }

  #noteConnection(session: AgentSession): void {
    const { desiredConnection, connectionStatus } = session;
    if (desiredConnection === undefined || !isApplied(connectionStatus, desiredConnection.hash)) return;
    this.#event(session, "connection_applied", desiredConnection.hash);
  }

  #note(session: AgentSession, changes: number): void {
    this.#changed.set(session.key, (this.#changed.get(session.key) ?? 0) | changes);
    if (!this.#isStopped) {
      this.#changeTimer ??= this.#deps.clock.setTimer(() => this.#tellChanges(), this.#deps.settings.changeDelayMs);
    }
    if (changes & PERSISTENT_CHANGES) this.#journal?.noteChanged(session.key);
  }

  #tellChanges(): void {
    this.#changeTimer = undefined;
    const batch = Array.from(this.#changed, ([uid, changes]) => ({ uid, changes }));
    this.#changed = new Map();
    for (const listener of this.#listeners) listener(batch);
  }

  #event(session: AgentSession, kind: string, text: string): void {
    this.#journal?.noteEvent({ atMs: this.#deps.clock.nowMs(), uid: session.uid, kind, text });
  }

  #scheduleSweep(): void {
    this.#sweepTimer = this.#deps.clock.setTimer(() => {
      this.sweep();
      this.#scheduleSweep();
    }, this.#deps.settings.pollIntervalMs / 2);
  }

  #restore(row: AgentRow): void {
    const session = new AgentSession(row.uid, this.#face, this.#shared);
    session.restore(row);
    const { findConfig, store } = this.#deps;
    if (row.desiredConfig !== undefined) session.desiredConfig = findConfig?.(row.desiredConfig);
    const connection = row.desiredConnection && store?.readConnectionOffer(row.desiredConnection);
    if (connection) session.desiredConnection = connection;
    this.#sessions.set(session.key, session);
  }
}

/** WebSocket close code of RFC 6455, 7.4.1. */
const POLICY_VIOLATION = 1008;

/** Over HTTP, a sequence that goes back so often is that of two agents. */
const MAX_REGRESSIONS = 3;

/** Of the agents that may be known, forgotten at once when there are too many. */
const FORGOTTEN_SHARE = 0.01;

/** Of an agent's own words in an event. */
const MAX_EVENT_CHARS = 1_000;

/** What is written; the rest is reported again after a restart. */
const PERSISTENT_CHANGES = AgentChanges.connection | AgentChanges.description | AgentChanges.capabilities |
  AgentChanges.health | AgentChanges.remoteConfigStatus | AgentChanges.connectionSettings | AgentChanges.uid |
  AgentChanges.desired;

function errorAnswer(
  instanceUid: Uint8Array | undefined,
  type: number,
  errorMessage: string,
  retryAfterMs?: number,
): MessageParts {
  const retryInfo = retryAfterMs === undefined ? undefined : { retryAfterNanoseconds: retryAfterMs * 1_000_000 };
  return [encodeServerToAgent({ instanceUid, errorResponse: { type, errorMessage, retryInfo } })];
}

function lengthOf(parts: MessageParts): number {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes;
}

function removeFrom(sessions: AgentSession[], session: AgentSession): void {
  const at = sessions.indexOf(session);
  if (at >= 0) sessions.splice(at, 1);
}
