/**
 * The agent's side of OpAMP: tells a server what the agent is and does, and takes what the server offers.
 *
 * What the agent is told, it decides in the callbacks; what it has to say, it sets here at any time, connected or not.
 * Source: opamp-spec v0.18.0 and its unreleased changes up to 2026-07. Which rule is proven where:
 * tests/opamp/client/conformance_test.ts.
 *
 * @module
 */

import type { Clock } from "../../pipeline/core/clock.ts";
import { toGatewayError } from "../../pipeline/core/errors.ts";
import { describeError, type Logger } from "../../pipeline/core/log.ts";
import { MAX_RETRY_AFTER_MS } from "../../pipeline/core/retry_after.ts";
import {
  AgentCapabilities,
  CommandType,
  hasBits,
  nameOf,
  RemoteConfigStatuses,
  ServerErrorResponseType,
  ServerToAgentFlags,
} from "../protocol/capabilities.ts";
import { bytesToHex, hexToBytes, sha256 } from "../protocol/hashes.ts";
import {
  formatInstanceUid,
  INSTANCE_UID_RANDOM_BYTES,
  isInstanceUid,
  makeInstanceUid,
  parseInstanceUid,
} from "../protocol/instance_uid.ts";
import { DEFAULT_MAX_MESSAGE_BYTES } from "../protocol/limits.ts";
import {
  type AgentDescription,
  type AgentIdentification,
  type AgentRemoteConfig,
  type AvailableComponents,
  type ComponentHealth,
  type ConnectionSettingsOffers,
  type CustomMessage,
  decodeServerToAgent,
  type EffectiveConfig,
  type PackagesAvailable,
  type PackageStatuses,
  type ServerErrorResponse,
  type ServerToAgent,
  type ServerToAgentCommand,
} from "../protocol/messages.ts";
import { type CustomMessageResult, CustomMessages } from "./custom_messages.ts";
import { Identity } from "./identity.ts";
import { Outbox } from "./outbox.ts";
import { DEFAULT_BACKOFF } from "./backoff.ts";
import { type ClientState, parseClientState, type StateStore, type StoredStatus } from "./client_state.ts";
import { type ConnectionCallbacks, ConnectionOffers, type ConnectionPolicy } from "./connection_offers.ts";
import { OfferFollower, type OfferStatus, type Problem } from "./offer_follower.ts";
import { type PartName, Report } from "./report.ts";
import { MAX_INTERVAL_MS, type ServerConnection, type TransportKind } from "./server_connection.ts";
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
export type { Problem };

export interface ClientCallbacks extends ConnectionCallbacks {
  /** Takes a config. Settles when it runs, or when it will not and the old one does; `abort`: a newer one came. */
  onRemoteConfig?(offer: AgentRemoteConfig, abort: AbortSignal): Promise<Problem>;
  /** Gets and installs packages; what becomes of them is told with `setPackageStatuses`. */
  onPackages?(offer: PackagesAvailable, abort: AbortSignal): Promise<Problem>;
  /** The agent is to restart itself. */
  onRestart?(): void;
  /** A message of a capability that the agent has declared. */
  onCustomMessage?(message: CustomMessage): void;
  /** The agent has another name from now on. */
  onInstanceUid?(uid: Uint8Array): void;
}

export interface ClientDeps extends SessionDeps {
  readonly store: StateStore;
  /** From a cryptographic source. */
  readonly randomBytes: (length: number) => Uint8Array;
}

export const DEFAULT_INTERVAL_MS = 30_000;

export const DEFAULT_SESSION: SessionSettings = {
  backoff: DEFAULT_BACKOFF,
  answerTimeoutMs: 60_000,
  throttledMinMs: 30_000,
  leaveTimeoutMs: 2_000,
  trialTimeoutMs: 10_000,
  link: { maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES, gzip: false },
};

const ALL_GOOD: Verdict = { kind: "ok" };

export class OpampClient {
  readonly #settings: ClientSettings;
  readonly #callbacks: ClientCallbacks;
  readonly #deps: ClientDeps;
  readonly #logger: Logger;
  readonly #clock: Clock;
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
    this.#clock = deps.clock;
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
    this.#tellStatus("connectionSettingsStatus", parts.connectionSettings.status);
    this.#callbacks.onInstanceUid?.(parts.identity.uid);
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
    return { identity, keeper, session, connectionOffers, remoteConfig, connectionSettings, packages };
  }

  #makeIdentity(stored: ClientState | undefined): Identity {
    const uid = this.#settings.instanceUid ?? (stored && parseInstanceUid(stored.instanceUid));
    if (uid !== undefined) return new Identity(uid, false);
    const made = makeInstanceUid(this.#clock.nowMs(), this.#deps.randomBytes(INSTANCE_UID_RANDOM_BYTES));
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

  #intervalMs(transport: TransportKind): number | undefined {
    const offered = this.connection.heartbeatIntervalMs;
    const { heartbeatIntervalMs = DEFAULT_INTERVAL_MS, pollIntervalMs = DEFAULT_INTERVAL_MS } = this.#settings;
    if (transport === "http") return Math.min(offered || pollIntervalMs, MAX_INTERVAL_MS);
    if (!hasBits(this.#report.capabilities, AgentCapabilities.ReportsHeartbeat)) return undefined;
    return Math.min(offered ?? heartbeatIntervalMs, MAX_INTERVAL_MS) || undefined;
  }

  // What comes in

  #onMessage(bytes: Uint8Array): Verdict {
    const message = this.#read(bytes);
    if (message === undefined) return { kind: "ignored" };
    if (message.capabilities) this.#outbox.serverCapabilities = message.capabilities;
    if (message.command !== undefined) return this.#onCommand(message.command);
    if (message.errorResponse !== undefined) return this.#onError(message.errorResponse);
    this.#outbox.onArrived();
    this.#onFlags(message.flags ?? 0);
    const { customCapabilities } = message;
    if (customCapabilities !== undefined) this.#customMessages.ofServer = customCapabilities.capabilities ?? [];
    if (message.agentIdentification !== undefined) this.#onIdentification(message.agentIdentification);
    this.#onOffers(message);
    if (message.customMessage !== undefined) this.#onCustomMessage(message.customMessage);
    this.#poke();
    return ALL_GOOD;
  }

  /** @returns undefined when it cannot be read, or is for another agent. */
  #read(bytes: Uint8Array): ServerToAgent | undefined {
    try {
      const message = decodeServerToAgent(bytes);
      if (this.#started().identity.isMine(message.instanceUid)) return message;
      this.#logger.warn("a message of the OpAMP server is dropped: it is for another agent");
    } catch (thrown) {
      const error = toGatewayError(thrown);
      this.#logger.warn("a message of the OpAMP server is dropped", { reason: describeError(error) });
    }
    return undefined;
  }

  /** A restart keeps nothing of what was said, and what stands beside a command does not count. */
  #onCommand({ type = CommandType.Restart }: ServerToAgentCommand): Verdict {
    const isKnown = type === CommandType.Restart && this.#may(AgentCapabilities.AcceptsRestartCommand);
    if (!isKnown) this.#logger.warn("a command of the OpAMP server is ignored", { command: type });
    else {
      this.#logger.info("the OpAMP server asks for a restart");
      this.#callbacks.onRestart?.();
    }
    return ALL_GOOD;
  }

  #onError({ type, errorMessage = "", retryInfo }: ServerErrorResponse): Verdict {
    if (type === ServerErrorResponseType.Unavailable) {
      const retryAfterMs = retryInfo && (retryInfo.retryAfterNanoseconds ?? 0) / 1e6;
      return { kind: "unavailable", retryAfterMs: retryAfterMs && Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) };
    }
    const reason = `${nameOf(ServerErrorResponseType, type)}: ${errorMessage}`;
    this.#logger.error("the OpAMP server could not process a message: it is not sent again", { reason });
    this.#outbox.onArrived();
    return { kind: "rejected", reason };
  }

  #onFlags(flags: number): void {
    if (hasBits(flags, ServerToAgentFlags.ReportFullState)) this.#report.repeatAll();
    if (hasBits(flags, ServerToAgentFlags.ReportAvailableComponents)) this.#report.askForComponents();
  }

  #onIdentification({ newInstanceUid }: AgentIdentification): void {
    if (!isInstanceUid(newInstanceUid)) {
      return this.#logger.warn("an offered instance uid is refused: it is not 16 bytes");
    }
    const { identity, keeper } = this.#started();
    if (!identity.adopt(newInstanceUid)) return;
    this.#report.wantsInstanceUid = false;
    this.#report.repeatAll(); // the server knows nothing of an agent of this name
    void keeper.change({ instanceUid: formatInstanceUid(newInstanceUid) });
    this.#logger.info("the agent has a new instance uid", { instance_uid: formatInstanceUid(newInstanceUid) });
    this.#callbacks.onInstanceUid?.(newInstanceUid);
  }

  #onOffers({ remoteConfig, connectionSettings, packagesAvailable }: ServerToAgent): void {
    const parts = this.#started();
    if (remoteConfig !== undefined && this.#accepts(AgentCapabilities.AcceptsRemoteConfig, "remote config")) {
      parts.remoteConfig.offer(remoteConfig.configHash, remoteConfig);
    }
    if (packagesAvailable !== undefined && this.#accepts(AgentCapabilities.AcceptsPackages, "set of packages")) {
      parts.packages.offer(packagesAvailable.allPackagesHash, packagesAvailable);
    }
    const settings = connectionSettings && parts.connectionOffers.wanted(connectionSettings);
    if (settings !== undefined) parts.connectionSettings.offer(settings.hash, settings);
  }

  #accepts(bits: number, what: string): boolean {
    if (this.#may(bits)) return true;
    this.#logger.warn(`an offered ${what} is ignored: the agent has not declared that it takes any`);
    return false;
  }

  #may(bits: number): boolean {
    return hasBits(this.#report.capabilities, bits);
  }

  #onCustomMessage(message: CustomMessage): void {
    if (!this.#customMessages.isUnderstood(message)) return;
    try {
      this.#callbacks.onCustomMessage?.(message);
    } catch (error) {
      this.#logger.error("a custom message could not be processed", { reason: describeError(error) });
    }
  }

  // What becomes of offers

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

type StatusPart = "remoteConfigStatus" | "connectionSettingsStatus";

interface Parts {
  readonly identity: Identity;
  readonly keeper: StateKeeper;
  readonly session: Session;
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
