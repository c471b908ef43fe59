/**
 * The agent's side of OpAMP: tells a server what the agent is and does, and takes what the server offers.
 *
 * What the agent is told, it decides in the callbacks; what it has to say, it sets here at any time, connected or not.
 * Source: opamp-spec v0.18.0 and its unreleased changes up to 2026-07. Which rule is proven where:
 * tests/opamp/client/conformance_test.ts.
 *
 * @module
 */

import { describeError, type Logger } from "../../pipeline/core/log/logger.ts";
import { AgentCapabilities, hasBits, RemoteConfigStatuses } from "../protocol/capabilities.ts";
import { bytesToHex, hexToBytes, sha256 } from "../protocol/hashes.ts";
import {
  formatInstanceUid,
  INSTANCE_UID_RANDOM_BYTES,
  makeInstanceUid,
  parseInstanceUid,
} from "../protocol/instance_uid.ts";
import { DEFAULT_MAX_MESSAGE_BYTES } from "../protocol/limits.ts";
import type {
  AgentDescription,
  AgentRemoteConfig,
  AvailableComponents,
  ComponentHealth,
  ConnectionSettingsOffers,
  CustomMessage,
  EffectiveConfig,
  PackagesAvailable,
  PackageStatuses,
} from "../protocol/messages.ts";
import { DEFAULT_BACKOFF } from "./backoff.ts";
import { type ClientState, parseClientState, type StateStore, type StoredStatus } from "./client_state.ts";
import { type ConnectionCallbacks, ConnectionOffers, type ConnectionPolicy } from "./offers/connection_offers.ts";
import { type CustomMessageResult, CustomMessages } from "./custom_messages.ts";
import { Identity } from "./identity.ts";
import { Inbox, type InboxCallbacks } from "./inbox.ts";
import { OfferFollower, type OfferStatus, type Problem } from "./offers/offer_follower.ts";
import { Outbox } from "./outbox.ts";
import { type PartName, Report } from "./report.ts";
import { MAX_INTERVAL_MS, type ServerConnection, type TransportKind } from "./transports/server_connection.ts";
import { Session, type SessionDeps, type SessionHooks, type SessionSettings, type Verdict } from "./session.ts";
import { StateKeeper } from "./state_keeper.ts";

export interface ClientSettings {
  /** The local view of the server; an accepted offer goes before it. */
  readonly connection: ServerConnection;
  /** `AgentCapabilities`; ReportsStatus is always set. */
  readonly capabilities: number;
  /** Names of custom messages that the agent understands. Default none. */
  readonly customCapabilities?: readonly string[];
  /** 16 bytes, fixed by the configuration; else the stored one, else a new one. */
  readonly instanceUid?: Uint8Array | undefined;
  /** 16 bytes: what a new one is. Default one of this moment, of version 7. */
  readonly firstInstanceUid?: Uint8Array | undefined;
  /** Whether the server is asked for a uid when none is stored. Default false. */
  readonly requestInstanceUid?: boolean;
  /** Milliseconds between heartbeats on a WebSocket when the server has not said; 0 = none. Default 30 s. */
  readonly heartbeatIntervalMs?: number;
  /** Milliseconds between polls over HTTP when the server has not said. Default 30 s. */
  readonly pollIntervalMs?: number;
  readonly policy?: ConnectionPolicy;
  readonly session?: Partial<SessionSettings>;
}

/** Why it was not taken, undefined when it was: also when it throws, the message is told to the server. */

export interface ClientCallbacks extends ConnectionCallbacks, InboxCallbacks {
  /** Takes a config. Settles when it runs, or when it will not and the old one does; `abort`: a newer one came. */
  onRemoteConfig?(offer: AgentRemoteConfig, abort: AbortSignal): Promise<Problem>;
  /** Gets and installs packages; what becomes of them is told with `setPackageStatuses`. */
  onPackages?(offer: PackagesAvailable, abort: AbortSignal): Promise<Problem>;
}

export interface ClientDeps extends SessionDeps {
  readonly store: StateStore;
  /** From a cryptographic source. */
  readonly randomBytes: (length: number) => Uint8Array;
}

const DEFAULT_INTERVAL_MS = 30_000;

const DEFAULT_SESSION: SessionSettings = {
  backoff: DEFAULT_BACKOFF,
  answerTimeoutMs: 60_000,
  throttledMinMs: 30_000,
  leaveTimeoutMs: 2_000,
  trialTimeoutMs: 10_000,
  link: { maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES, gzip: false },
};

export class OpampClient {
  readonly #settings: ClientSettings;
  readonly #callbacks: ClientCallbacks;
  readonly #deps: ClientDeps;
  readonly #logger: Logger;
  readonly #report = new Report();
  readonly #customMessages: CustomMessages;
  readonly #outbox: Outbox;
  /** Set by `start`. */
  #parts: Parts | undefined;

  constructor(settings: ClientSettings, callbacks: ClientCallbacks, deps: ClientDeps) {
    this.#settings = settings;
    this.#callbacks = callbacks;
    this.#deps = deps;
    this.#logger = deps.logger;
    this.#report.capabilities = settings.capabilities;
    const { customCapabilities = [], session } = settings;
    this.#customMessages = new CustomMessages(customCapabilities);
    if (customCapabilities.length > 0) this.#report.set("customCapabilities", { capabilities: customCapabilities });
    this.#outbox = new Outbox({
      report: this.#report,
      customMessages: this.#customMessages,
      maxMessageBytes: session?.link?.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
      logger: deps.logger,
    });
  }

  /** What the agent is called; not before `start` has settled. */
  get instanceUid(): Uint8Array {
    return this.#started().identity.uid;
  }

  /** Whether the server has answered on the link that is open. */
  get isConnected(): boolean {
    return this.#parts?.session.isConnected ?? false;
  }

  /** The server that is connected to, tried, or waited for. */
  get connection(): ServerConnection {
    return this.#parts?.session.connection ?? this.#settings.connection;
  }

  /** What became of the config that was offered last. */
  get remoteConfigStatus(): OfferStatus | undefined {
    return this.#parts?.remoteConfig.status;
  }

  /** Connects, and stays connected until `stop`. Settles when the state is loaded; does not wait for the server. */
  async start(): Promise<void> {
    const stored = await this.#loadState();
    const parts = this.#makeParts(stored);
    this.#parts = parts;
    this.#report.wantsInstanceUid = parts.identity.isTemporary;
    this.#tellStatus("remoteConfigStatus", parts.remoteConfig.status);
    // The server may know it as being applied, and would wait for ever.
    if (stored?.remoteConfigStatus?.state === "APPLYING") this.#report.set("remoteConfigStatus", NONE_RECEIVED);
    this.#tellStatus("connectionSettingsStatus", parts.connectionSettings.status);
    this.#callbacks.onInstanceUid?.(parts.identity.uid);
    void this.#restore(parts);
    const { candidate } = parts.keeper.state;
    if (candidate === undefined) parts.session.start();
    else parts.connectionSettings.resume(() => parts.connectionOffers.tryServer(candidate.connection));
  }

  /** Takes leave of the server. What is being applied is aborted. */
  async stop(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    for (const follower of [parts.remoteConfig, parts.connectionSettings, parts.packages]) follower.stop();
    await parts.session.stop();
    await parts.keeper.settled();
  }

  /** @param mask `AgentCapabilities`. */
  setCapabilities(mask: number): void {
    this.#report.capabilities = mask;
    this.#poke();
  }

  setAgentDescription(description: AgentDescription): void {
    this.#report.set("agentDescription", description);
    this.#poke();
  }

  /** Every change is told: set what has changed, not what has been looked at. */
  setHealth(health: ComponentHealth): void {
    this.#report.set("health", health);
    this.#poke();
  }

  /** @param get The config that runs, without secrets. Called now, to see whether it changed, and when it is sent. */
  setEffectiveConfig(get: () => EffectiveConfig): void {
    this.#report.setEffectiveConfig(get);
    this.#poke();
  }

  /** Another state of the config that was received last, such as FAILED after it had run for a while. */
  setRemoteConfigStatus(status: OfferStatus): void {
    this.#started().remoteConfig.override(status);
  }

  setAvailableComponents(components: NonNullable<AvailableComponents["components"]>): void {
    this.#report.setComponents(components);
    this.#poke();
  }

  setPackageStatuses(statuses: PackageStatuses): void {
    this.#report.set("packageStatuses", statuses);
    this.#poke();
  }

  /** @param names Replace those that were declared before. */
  setCustomCapabilities(names: readonly string[]): void {
    this.#customMessages.own = names;
    this.#report.set("customCapabilities", { capabilities: names });
    this.#poke();
  }

  /** Sent once, and lost with the connection. */
  sendCustomMessage(message: CustomMessage): CustomMessageResult {
    if (!this.isConnected) return "not connected";
    const result = this.#customMessages.add(message);
    this.#poke();
    return result;
  }

  /**
   * Asks for a client certificate, when the server grants any; it comes as an offer of connection settings.
   *
   * @param csr PEM.
   * @param keyPem Its private key, which stays here.
   */
  async requestCertificate(csr: Uint8Array, keyPem: string): Promise<void> {
    await this.#started().keeper.change({ pendingKeyPem: keyPem });
    this.#outbox.requestCertificate(csr);
    this.#poke();
  }

  #started(): Parts {
    if (this.#parts === undefined) throw new TypeError("Cannot use the client: it has not been started");
    return this.#parts;
  }

  async #restore({ connectionOffers }: Parts): Promise<void> {
    const reason = await connectionOffers.restore(new AbortController().signal);
    if (reason !== undefined) this.#logger.error("connection settings from before the restart failed", { reason });
  }

  async #loadState(): Promise<ClientState | undefined> {
    try {
      const state = await this.#deps.store.load();
      return state === undefined ? undefined : parseClientState(JSON.stringify(state));
    } catch (error) {
      this.#logger.error("the state of the OpAMP client cannot be read: it begins anew", {
        reason: describeError(error),
      });
      return undefined;
    }
  }

  #makeParts(stored: ClientState | undefined): Parts {
    const { connection, policy = { allowInsecureSkipVerify: false } } = this.#settings;
    const { clock, logger, store } = this.#deps;
    const identity = this.#makeIdentity(stored);
    const basis = fingerprint(connection);
    const state = withoutOtherBasis(stored, basis);
    const keeper = new StateKeeper(
      store,
      { ...state, version: 1, instanceUid: formatInstanceUid(identity.uid) },
      logger,
    );
    if (!identity.isTemporary) void keeper.change({});
    const session = new Session(
      { ...DEFAULT_SESSION, ...this.#settings.session },
      state?.accepted?.connection ?? connection,
      this.#hooks(identity),
      this.#deps,
    );
    const connectionOffers = new ConnectionOffers({
      callbacks: this.#callbacks,
      policy,
      session,
      keeper,
      store,
      basis,
      capabilities: () => this.#report.capabilities,
      onOtherServer: () => this.#onOtherServer(),
    });
    const common = { clock, logger };
    const remoteConfig = new OfferFollower<AgentRemoteConfig>({
      ...common,
      what: "remote config",
      apply: (offer, abort) => this.#callbacks.onRemoteConfig?.(offer, abort) ?? NOBODY,
      onStatus: (status, isRepeated) => this.#onStatus("remoteConfigStatus", status, isRepeated),
    }, readStatus(state?.remoteConfigStatus, false));
    const connectionSettings = new OfferFollower<ConnectionSettingsOffers>({
      ...common,
      what: "set of connection settings",
      apply: async (offer, abort) => {
        await remoteConfig.settled(); // came first, and may not want to change servers
        return connectionOffers.apply(offer, abort);
      },
      onStatus: (status, isRepeated) => this.#onStatus("connectionSettingsStatus", status, isRepeated),
    }, readStatus(state?.connectionSettingsStatus, state?.candidate !== undefined));
    const packages = new OfferFollower<PackagesAvailable>({
      ...common,
      what: "set of packages",
      apply: (offer, abort) => this.#callbacks.onPackages?.(offer, abort) ?? NOBODY,
      onStatus: (_status, isRepeated) => isRepeated && this.#repeat("packageStatuses"),
    }, undefined);
    const parts = { identity, keeper, connectionOffers, remoteConfig, connectionSettings, packages };
    const inbox = new Inbox({
      ...parts,
      report: this.#report,
      outbox: this.#outbox,
      customMessages: this.#customMessages,
      callbacks: this.#callbacks,
      logger,
    });
    return { ...parts, session, inbox };
  }

  #makeIdentity(stored: ClientState | undefined): Identity {
    const uid = this.#settings.instanceUid ?? (stored && parseInstanceUid(stored.instanceUid));
    if (uid !== undefined) return new Identity(uid, false);
    const made = this.#settings.firstInstanceUid ??
      makeInstanceUid(this.#deps.clock.nowMs(), this.#deps.randomBytes(INSTANCE_UID_RANDOM_BYTES));
    return new Identity(made, this.#settings.requestInstanceUid ?? false);
  }

  #hooks(identity: Identity): SessionHooks {
    return {
      get instanceUid() {
        return identity.uid;
      },
      compose: (why) => this.#outbox.compose(identity, why),
      onSent: (result) => this.#outbox.onSent(result),
      onMessage: (message) => this.#onMessage(message),
      intervalMs: (transport) => this.#intervalMs(transport),
    };
  }

  #poke(): void {
    this.#parts?.session.poke();
  }

  #repeat(part: PartName): void {
    this.#report.repeat(part);
    this.#poke();
  }

  #onMessage(message: Uint8Array): Verdict {
    const verdict = this.#started().inbox.onMessage(message);
    this.#poke();
    return verdict;
  }

  #intervalMs(transport: TransportKind): number | undefined {
    const offered = this.connection.heartbeatIntervalMs;
    const { heartbeatIntervalMs = DEFAULT_INTERVAL_MS, pollIntervalMs = DEFAULT_INTERVAL_MS } = this.#settings;
    if (transport === "http") return Math.min(offered || pollIntervalMs, MAX_INTERVAL_MS);
    if (!hasBits(this.#report.capabilities, AgentCapabilities.ReportsHeartbeat)) return undefined;
    return Math.min(offered ?? heartbeatIntervalMs, MAX_INTERVAL_MS) || undefined;
  }

  #onStatus(part: StatusPart, status: OfferStatus, isRepeated: boolean): void {
    this.#tellStatus(part, status);
    if (isRepeated) return this.#repeat(part);
    void this.#parts?.keeper.change({ [part]: writeStatus(status) });
    this.#poke();
  }

  #tellStatus(part: StatusPart, status: OfferStatus | undefined): void {
    if (status === undefined) return;
    const { hash, state, errorMessage } = status;
    const told = { status: RemoteConfigStatuses[state], errorMessage }; // both enums have the same numbers
    if (part === "remoteConfigStatus") this.#report.set(part, { lastRemoteConfigHash: hash, ...told });
    else this.#report.set(part, { lastConnectionSettingsHash: hash, ...told });
  }

  /** Another server is told everything, and has to say what it can. */
  #onOtherServer(): () => void {
    const old = this.#outbox.serverCapabilities;
    this.#outbox.serverCapabilities = undefined;
    this.#report.repeatAll();
    return () => void (this.#outbox.serverCapabilities ??= old);
  }
}

const NOBODY = Promise.resolve("the agent has no use for it");

const NONE_RECEIVED = { lastRemoteConfigHash: new Uint8Array(), status: RemoteConfigStatuses.UNSET };

type StatusPart = "remoteConfigStatus" | "connectionSettingsStatus";

interface Parts {
  readonly identity: Identity;
  readonly keeper: StateKeeper;
  readonly session: Session;
  readonly inbox: Inbox;
  readonly connectionOffers: ConnectionOffers;
  readonly remoteConfig: OfferFollower<AgentRemoteConfig>;
  readonly connectionSettings: OfferFollower<ConnectionSettingsOffers>;
  readonly packages: OfferFollower<PackagesAvailable>;
}

function fingerprint(connection: ServerConnection): string {
  return bytesToHex(sha256(new TextEncoder().encode(JSON.stringify(connection))));
}

/** Someone changed the local settings: what was offered over the old ones counts no more. */
function withoutOtherBasis(state: ClientState | undefined, basis: string): ClientState | undefined {
  if (state === undefined) return undefined;
  const { accepted, candidate } = state;
  const isStale = [accepted, candidate].some((stored) => stored !== undefined && stored.basis !== basis);
  return isStale ? { ...state, accepted: undefined, candidate: undefined, connectionSettingsStatus: undefined } : state;
}

function writeStatus({ hash, state, errorMessage }: OfferStatus): StoredStatus {
  return { hash: bytesToHex(hash), state, errorMessage };
}

/**
 * What was being applied when the process ended has not been received, so that the server offers it again; unless it is
 * gone on with.
 */
function readStatus(stored: StoredStatus | undefined, isResumed: boolean): OfferStatus | undefined {
  if (stored === undefined || (stored.state === "APPLYING" && !isResumed)) return undefined;
  return { ...stored, hash: hexToBytes(stored.hash) };
}
