/**
 * All agents of a server: who they are, how they are reached, what they are to run.
 *
 * Messages come in through {@link Fleet.receive}, from whichever transport; what changes is told to listeners and to the
 * store in batches. Nothing here opens a socket.
 * Source: opamp-spec, "Communication Model", "Duplicate Instance UIDs", "Throttling".
 *
 * @module
 */

import type { Timer } from "../../../pipeline/core/clock.ts";
import { UnavailableError } from "../../../pipeline/core/errors.ts";
import { describeError } from "../../../pipeline/core/log/logger.ts";
import { AgentCapabilities, CommandType, hasBits, ServerErrorResponseType } from "../../protocol/capabilities.ts";
import { MalformedMessageError } from "../../protocol/errors.ts";
import { bytesToHex } from "../../protocol/hashes.ts";
import { formatInstanceUid, isInstanceUid } from "../../protocol/instance_uid.ts";
import {
  type AgentToServer,
  type ConnectionSettingsOffers,
  type CustomMessage,
  decodeAgentToServer,
  encodeServerToAgent,
} from "../../protocol/messages.ts";
import { type AgentChange, AgentChanges } from "../agents/agent_changes.ts";
import {
  type AgentSession,
  asksForUid,
  type PendingMessage,
  type ServerFace,
  type SessionLink,
} from "../agents/agent_session.ts";
import { AgentView, isAnother } from "../agents/agent_view.ts";
import { busyAnswer, errorAnswer } from "../agents/answers.ts";
import { ComponentSets } from "../agents/component_sets.ts";
import { CustomMessages, type MessageListener } from "./custom_messages.ts";
import type { FleetDeps, OfferOptions } from "./fleet_deps.ts";
import { createFleetMetrics, type FleetMetrics } from "./fleet_metrics.ts";
import { FleetNotes } from "./fleet_notes.ts";
import type { AgentRow } from "../store/fleet_store.ts";
import type { MessageParts } from "../agents/link.ts";
import { ConnectionOffer, type PackagesOffer, type RemoteConfigOffer } from "../offers.ts";
import { Outgoing } from "./outgoing.ts";
import { Presence } from "./presence.ts";
import { findField, withoutField } from "../agents/report_fields.ts";
import { Roster } from "./roster.ts";
import { SharedBytes } from "../agents/shared_bytes.ts";

export class Fleet {
  readonly #deps: FleetDeps;
  readonly #face: ServerFace;
  readonly #metrics: FleetMetrics;
  readonly #shared = new SharedBytes();
  readonly #notes: FleetNotes;
  readonly #outgoing: Outgoing;
  readonly #presence: Presence;
  readonly #roster: Roster;
  readonly #components: ComponentSets;
  readonly #messages: CustomMessages;
  #sweepTimer: Timer | undefined;

  constructor(deps: FleetDeps) {
    this.#deps = deps;
    const { offerRetryMs, maxPendingMessages, maxComponentSets } = deps.settings;
    const face = this.#face = { ...deps.face, offerRetryMs, maxPendingMessages };
    const metrics = this.#metrics = createFleetMetrics(deps.meter);
    const notes = this.#notes = new FleetNotes({ ...deps, metrics, rowOf: (uid) => this.#roster.get(uid)?.toRow() });
    const outgoing = this.#outgoing = new Outgoing({ ...deps, metrics, notes });
    const presence = this.#presence = new Presence({ ...deps, metrics, notes, outgoing });
    const letGo = (session: AgentSession) => presence.letGo(session);
    this.#roster = new Roster({ ...deps, face, shared: this.#shared, metrics, notes, letGo });
    this.#components = new ComponentSets(maxComponentSets);
    this.#messages = new CustomMessages(face.customCapabilities);
  }

  /** Reads the agents from the store and begins to watch them. */
  start(): void {
    for (const row of this.#deps.store?.readAgents() ?? []) this.#restore(row);
    this.#scheduleSweep();
  }

  /** Ends all timers, and writes what is not written. */
  shutdown(): void {
    if (this.#sweepTimer !== undefined) this.#deps.clock.clearTimer(this.#sweepTimer);
    this.#outgoing.stop();
    this.#notes.stop();
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
    this.#metrics.refused.malformed.add(1);
    return errorAnswer(undefined, ServerErrorResponseType.BadRequest, error.message);
  }

  /** A connection has ended: its agents are not reached over it any more. */
  detach(link: SessionLink): void {
    this.#presence.detach(link);
  }

  /** A connection can take messages again. */
  drained(link: SessionLink): void {
    for (const session of link.sessions) if (session.hasNews) this.#outgoing.schedule(session);
  }

  /** How many agents are known, and how many of them are connected. */
  get counts(): { readonly known: number; readonly connected: number } {
    return { known: this.#roster.size, connected: this.#presence.connected };
  }

  /** All agents that are known. A view is made when its turn comes and does not change. */
  *agents(): IterableIterator<AgentView> {
    for (const session of this.#roster.all()) yield new AgentView(session);
  }

  /** Of all agents that are known, in hexadecimal. */
  uids(): IterableIterator<string> {
    return this.#roster.uids();
  }

  /** @param uid In hexadecimal. */
  get(uid: string): AgentView | undefined {
    const session = this.#roster.get(uid);
    return session && new AgentView(session);
  }

  /** Whether an agent comes for another poll over HTTP, and not for the first time. @param uid In hexadecimal. */
  isPolling(uid: string): boolean {
    return this.#roster.get(uid)?.connected === true;
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
    return this.#notes.onChanges(listener);
  }

  /**
   * Calls `listener` with every custom message of a capability that the server has.
   *
   * @returns Ends it.
   */
  onCustomMessage(listener: MessageListener): () => void {
    return this.#messages.listen(listener);
  }

  /**
   * What agents are to run; undefined: whatever they run. Goes to connected agents in the next turns, to the others when
   * they come back. Unknown uids are left out.
   */
  setDesired(uids: Iterable<string>, offer: RemoteConfigOffer | undefined, options: OfferOptions = {}): void {
    for (const session of this.#roster.known(uids)) {
      const isSame = session.desiredConfig?.hash === offer?.hash;
      session.desiredConfig = offer;
      if (options.retryFailed === true && session.failedConfig === offer?.hash) session.retryFailed();
      else if (isSame) continue;
      this.#notes.changed(session, AgentChanges.desired);
      this.#outgoing.schedule(session);
    }
  }

  /**
   * The connection settings that agents are to use. They are stored before they are offered.
   *
   * @throws {GatewayError} The store did not take them: nothing is offered.
   */
  setConnection(uids: Iterable<string>, settings: ConnectionSettingsOffers): ConnectionOffer {
    const offer = new ConnectionOffer(settings);
    const sessions = [...this.#roster.known(uids)];
    this.#deps.store?.saveConnectionOffer(offer.hash, offer.encoded, sessions.map(({ uid }) => uid));
    for (const session of sessions) {
      session.desiredConnection = offer;
      this.#outgoing.schedule(session);
    }
    return offer;
  }

  /** The packages that agents are to have; undefined: whatever they have. */
  setPackages(uids: Iterable<string>, offer: PackagesOffer | undefined): void {
    for (const session of this.#roster.known(uids)) {
      if (session.desiredPackages?.hash === offer?.hash) continue;
      session.desiredPackages = offer;
      this.#outgoing.schedule(session);
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
    if (!this.#messages.knows(customMessage)) return 0;
    return this.#enqueue(uids, (session) => session.customCapabilities.includes(capability), { customMessage });
  }

  /** Asks agents for everything they have to report. */
  requestFullState(uids: Iterable<string>): void {
    for (const session of this.#roster.known(uids)) {
      session.wantsFullState = true;
      this.#outgoing.schedule(session);
    }
  }

  /** Gives an agent a new uid. @returns It, in hexadecimal; undefined when the agent is not known. */
  assignUid(uid: string): string | undefined {
    const session = this.#roster.get(uid);
    if (session === undefined) return undefined;
    this.#roster.expectNewUid(session);
    this.#outgoing.schedule(session);
    return session.newUid && bytesToHex(session.newUid);
  }

  /** A token is revoked: its agents may come back with another at once. */
  forgetToken(tokenId: string): void {
    for (const session of this.#roster.all()) if (session.tokenId === tokenId) session.tokenId = undefined;
  }

  /** Labels that operators put on an agent. */
  setLabels(uid: string, labels: Readonly<Record<string, string>>): void {
    const session = this.#roster.get(uid);
    if (session === undefined) return;
    session.labels = labels;
    session.revision++;
    this.#notes.changed(session, AgentChanges.description);
  }

  /** Forgets an agent that is not connected. @returns Whether it is forgotten. */
  forget(uid: string): boolean {
    const session = this.#roster.get(uid);
    if (session === undefined || session.connected) return false;
    this.#roster.remove(session);
    return true;
  }

  /** Writes all changes now. @returns Whether all is written; what is not waits. */
  persist(): boolean {
    return this.#notes.persist();
  }

  /** Finds the agents over HTTP that have not come for too long, and forgets those that are gone for good. */
  sweep(): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const session of this.#roster.all()) {
      const silentMs = nowMs - session.lastSeenMs;
      if (session.connected) this.#presence.checkPolls(session, silentMs);
      else if (silentMs > this.#deps.settings.forgetAfterMs) this.#roster.remove(session);
    }
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
    const session = this.#roster.of(link, message, uid);
    if (session === undefined) return this.#answerTooMany(uid);
    if (this.#presence.isDuplicate(session, link, message)) return this.#answerDuplicate(session, link);
    this.#presence.connect(session, link);
    const { description } = session;
    const { changes, isIncomplete, isRepeated } = session.absorb(message, bytes, this.#deps.clock.nowMs());
    if (isIncomplete) session.wantsFullState = true;
    if (changes !== 0) this.#notes.reported(session, changes);
    if (changes & AgentChanges.description && isAnother(description, session.description)) this.#noteIdentity(session);
    this.#components.absorb(session, message, bytes);
    if (asksForUid(message)) this.#roster.expectNewUid(session);
    if (message.customMessage !== undefined && !isRepeated) this.#messages.tell(session.key, message.customMessage);
    const csr = message.connectionSettingsRequest?.opamp?.certificateRequest?.csr;
    if (csr !== undefined) return this.#answerCertificate(session, message, csr);
    const answer = this.#outgoing.answer(session, message);
    if (message.agentDisconnect !== undefined) this.#presence.leave(session, link);
    return answer;
  }

  /** It may be another agent under the same uid: without tokens nothing else tells. */
  #noteIdentity(session: AgentSession): void {
    const times = session.noteRepeated("identity_changed", this.#deps.clock.monotonicMs());
    if (times === undefined) return;
    this.#notes.event(session, "identity_changed", `its identifying attributes are others than before${often(times)}`);
    this.#deps.logger.warn("an agent's identifying attributes are others than before", {
      uid: formatInstanceUid(session.uid),
      times,
      transport: session.transport,
    });
  }

  #answerTooMany(uid: Uint8Array): MessageParts {
    this.#metrics.refused.too_many_agents.add(1);
    const text = "Cannot take another agent: the server has as many as it may";
    return busyAnswer(uid, text, this.#deps.settings.maxRetryAfterMs);
  }

  #answerDuplicate(session: AgentSession, link: SessionLink): MessageParts {
    const { uid: instanceUid, sequence } = session;
    this.#metrics.refused.duplicate_uid.add(1);
    const newInstanceUid = this.#roster.makeUid();
    sequence.regressions = 0;
    const times = session.noteRepeated("duplicate_uid", this.#deps.clock.monotonicMs());
    if (times !== undefined) {
      const other = `the other is now ${formatInstanceUid(newInstanceUid)}${often(times)}`;
      this.#notes.event(session, "duplicate_uid", other);
      this.#deps.logger.warn("two agents have one uid", {
        uid: formatInstanceUid(instanceUid),
        times,
        transport: link.transport,
      });
    }
    const { capabilities } = this.#face;
    return [encodeServerToAgent({ instanceUid, capabilities, agentIdentification: { newInstanceUid } })];
  }

  async #answerCertificate(session: AgentSession, message: AgentToServer, csr: Uint8Array): Promise<MessageParts> {
    const { issueCertificate, logger } = this.#deps;
    const { uid, key } = session;
    const refuse = (text: string) => {
      this.#metrics.refused.certificate.add(1);
      return errorAnswer(uid, ServerErrorResponseType.BadRequest, text);
    };
    if (issueCertificate === undefined) return refuse("Cannot issue a certificate: this server issues none");
    let settings: ConnectionSettingsOffers;
    try {
      settings = await issueCertificate({ uid: key, newUid: session.newUid && bytesToHex(session.newUid), csr });
    } catch (error) {
      logger.warn("certificate refused", { uid: formatInstanceUid(uid), error: describeError(error) });
      return refuse("Cannot issue a certificate: the request is refused");
    }
    try {
      this.setConnection([key], settings);
      return this.#outgoing.answer(session, message);
    } catch (error) {
      return this.#fail(uid, error);
    }
  }

  #fail(uid: Uint8Array | undefined, error: unknown): MessageParts {
    const agent = uid && formatInstanceUid(uid);
    this.#deps.logger.error("a report was not processed", { uid: agent, error: describeError(error) });
    if (error instanceof UnavailableError) {
      return busyAnswer(uid, error.message, error.retryAfterMs ?? this.#deps.settings.maxRetryAfterMs);
    }
    return errorAnswer(uid, ServerErrorResponseType.Unknown, "Cannot process the report: internal error");
  }

  #enqueue(uids: Iterable<string>, may: (session: AgentSession) => boolean, message: PendingMessage): number {
    let told = 0;
    for (const session of this.#roster.known(uids)) {
      if (!may(session) || !session.enqueue(message)) continue;
      this.#outgoing.schedule(session);
      told++;
    }
    return told;
  }

  #scheduleSweep(): void {
    this.#sweepTimer = this.#deps.clock.setTimer(() => {
      this.sweep();
      this.#scheduleSweep();
    }, this.#deps.settings.pollIntervalMs / 2);
  }

  #restore(row: AgentRow): void {
    const session = this.#roster.add(row.uid);
    session.restore(row);
    const { findConfig, store } = this.#deps;
    if (row.desiredConfig !== undefined) session.desiredConfig = findConfig?.(row.desiredConfig);
    const connection = row.desiredConnection && store?.readConnectionOffer(row.desiredConnection);
    if (connection) session.desiredConnection = connection;
  }
}

function often(times: number): string {
  return times === 1 ? "" : `, ${times} times since it was told last`;
}
