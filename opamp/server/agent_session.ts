/**
 * What the server knows of one agent, and what it answers: a state machine without sockets and timers.
 *
 * Reports come in with {@link AgentSession.absorb}; {@link AgentSession.reply} says what goes back, and what is pushed.
 * Offers go out until the agent reports their hash, and one that it reported FAILED does not go out again unless asked.
 * Source: opamp-spec, "Status Reporting", "Configuration", "Connection Settings Management", "Packages", "Commands".
 *
 * @module
 */

import {
  AgentCapabilities,
  AgentToServerFlags,
  ALL_AGENT_CAPABILITIES,
  ConnectionSettingsStatuses,
  hasBits,
  RemoteConfigStatuses,
  ServerToAgentFlags,
} from "../protocol/capabilities.ts";
import { bytesToHex, sameBytes } from "../protocol/hashes.ts";
import {
  type AgentToServer,
  type CustomMessage,
  decodeAgentToServer,
  encodeServerToAgent,
  type ServerToAgent,
  type ServerToAgentCommand,
} from "../protocol/messages.ts";
import type { AgentRow, OfferStatus } from "./fleet_store.ts";
import type { AgentLink, MessageParts, Transport } from "./link.ts";
import type { ConnectionOffer, PackagesOffer, RemoteConfigOffer } from "./offers.ts";
import { fieldBytes } from "./report_fields.ts";
import type { SharedBytes } from "./shared_bytes.ts";

/** What changed about an agent: bits of a mask. */
export const AgentChanges = {
  connection: 0x1,
  description: 0x2,
  capabilities: 0x4,
  health: 0x8,
  effectiveConfig: 0x10,
  remoteConfigStatus: 0x20,
  packageStatuses: 0x40,
  connectionSettings: 0x80,
  components: 0x100,
  uid: 0x200,
  desired: 0x400,
  removed: 0x800,
} as const;

/** What is the same for all agents of a server. */
export interface ServerFace {
  /** `ServerCapabilities`. */
  readonly capabilities: number;
  /** Custom capabilities of this server. */
  readonly customCapabilities: readonly string[];
  readonly offerRetryMs: number;
  readonly maxPendingMessages: number;
}

/** Goes in a message of its own, or in the next answer. */
type PendingMessage =
  | { readonly command: ServerToAgentCommand; readonly customMessage?: undefined }
  | { readonly customMessage: CustomMessage; readonly command?: undefined };

/** What an offer of one kind has come to. */
interface OfferTrack {
  /** Hash of the last one sent over this connection. */
  sent: string | undefined;
  sentAtMs: number;
}

/** What a report asks for besides being kept. */
export interface Absorbed {
  /** Mask of {@link AgentChanges}. */
  readonly changes: number;
  /** Whether the agent must be asked for all it has. */
  readonly isIncomplete: boolean;
  /** The same message came before: nothing in it is to be done twice. */
  readonly isRepeated: boolean;
}

/** The way to agents of this server. */
export type SessionLink = AgentLink<AgentSession>;

export class AgentSession {
  readonly uid: Uint8Array;
  /** The uid in hexadecimal. */
  readonly key: string;
  readonly #face: ServerFace;
  readonly #shared: SharedBytes;

  link: SessionLink | undefined;
  transport: Transport = "websocket";
  connected = false;
  /** Milliseconds since 1970. */
  lastSeenMs = 0;
  capabilities = 0;
  /** Of the last message; undefined when none has come since the server started. */
  sequence: number | undefined;
  /** Over HTTP: how often the sequence went back, or stood, lately. Two agents with one uid do that all the time. */
  regressions = 0;

  #lastRepeated: number | undefined;

  /** The last reported parts, each an AgentToServer of that field alone. */
  description: Uint8Array | undefined;
  health: Uint8Array | undefined;
  /** Of the health reported last. */
  healthy: boolean | undefined;
  effectiveConfig: Uint8Array | undefined;
  packageStatuses: Uint8Array | undefined;
  /** In hexadecimal. */
  componentsHash: string | undefined;
  customCapabilities: readonly string[] = NONE;
  configStatus: OfferStatus | undefined;
  connectionStatus: OfferStatus | undefined;
  /** Hash over all packages that the agent has reported. */
  packagesHash: string | undefined;
  /** The configuration that it could not apply last. */
  failedConfig: string | undefined;
  labels: Readonly<Record<string, string>> = NO_LABELS;
  /** Grows when description, capabilities or labels change. */
  revision = 0;
  /** Grows with every report of the status of a configuration. */
  statusRevision = 0;

  desiredConfig: RemoteConfigOffer | undefined;
  desiredConnection: ConnectionOffer | undefined;
  desiredPackages: PackagesOffer | undefined;
  /** The uid that it is to take on. */
  newUid: Uint8Array | undefined;
  /** Set when the agent is to report everything with its next message. */
  wantsFullState = false;
  /** Set when the set of components behind {@link componentsHash} is not known. */
  wantsComponents = false;

  readonly #config: OfferTrack = { sent: undefined, sentAtMs: 0 };
  #connection: OfferTrack | undefined;
  #packages: OfferTrack | undefined;
  #pending: PendingMessage[] | undefined;
  #isNewUidPushed = false;
  /** Whether this connection has been told what the server can do. */
  #isIntroduced = false;

  constructor(uid: Uint8Array, face: ServerFace, shared: SharedBytes) {
    this.uid = uid;
    this.key = bytesToHex(uid);
    this.#face = face;
    this.#shared = shared;
  }

  /** A new way to the agent, or none. What was sent over the old one may be lost. */
  attach(link: SessionLink | undefined): void {
    this.link = link;
    this.#isIntroduced = false;
    this.#forgetSent();
  }

  /**
   * Takes over what a report says. What it leaves out stays as it was.
   *
   * @param message As decoded from `bytes`. The content of its effective configuration is not looked at.
   * @param nowMs Milliseconds since 1970.
   */
  absorb(message: AgentToServer, bytes: Uint8Array, nowMs: number): Absorbed {
    const isFresh = this.sequence === undefined || (message.sequenceNum ?? 0) <= FIRST_SEQUENCE;
    const { isGap, isRepeated } = this.#follow(message);
    this.lastSeenMs = nowMs;
    let changes = this.#absorbCapabilities(message);
    const isFull = isFullReport(message, this.capabilities);
    if (isGap) this.#forgetSent();
    if (message.agentDescription !== undefined) changes |= this.#keep("agentDescription", "description", bytes);
    if (message.health !== undefined) {
      changes |= this.#keep("health", "health", bytes);
      this.healthy = message.health.healthy ?? false;
    }
    if (message.packageStatuses !== undefined) changes |= this.#absorbPackages(message.packageStatuses, bytes);
    if (message.effectiveConfig !== undefined) changes |= this.#absorbEffectiveConfig(bytes);
    if (message.remoteConfigStatus !== undefined) changes |= this.#absorbConfigStatus(message.remoteConfigStatus);
    if (message.connectionSettingsStatus !== undefined) {
      changes |= this.#absorbConnectionStatus(message.connectionSettingsStatus);
    } else if (isFull && isGap) {
      this.connectionStatus = undefined; // a new process that has kept nothing
    }
    if (message.availableComponents?.hash !== undefined) {
      const hash = bytesToHex(message.availableComponents.hash);
      if (hash !== this.componentsHash) changes |= AgentChanges.components;
      this.componentsHash = hash;
    }
    if (message.customCapabilities !== undefined) {
      this.customCapabilities = message.customCapabilities.capabilities ?? NONE;
    }
    if (message.remoteConfigStatus !== undefined) this.statusRevision++;
    if (changes & (AgentChanges.description | AgentChanges.capabilities)) this.revision++;
    return { changes, isIncomplete: isGap && !(isFull && isFresh), isRepeated };
  }

  /**
   * What the agent is told now: an answer when `report` is given, else a push.
   *
   * @param nowMs Milliseconds since 1970.
   * @returns undefined for a push that has nothing to say.
   */
  reply(nowMs: number, report?: AgentToServer): MessageParts | undefined {
    const isAnswer = report !== undefined;
    if (report?.agentDisconnect !== undefined) return [this.#bare()];
    const pending = this.#takePending();
    const introduction = this.#introduction();
    if (pending?.command !== undefined) {
      return [encodeServerToAgent({ instanceUid: this.uid, ...introduction, command: pending.command })];
    }
    const offers = this.#offers(nowMs, report);
    const flags = this.#takeFlags(report);
    const newUid = isAnswer || !this.#isNewUidPushed ? this.newUid : undefined;
    this.#isNewUidPushed = newUid !== undefined;
    const isBare = flags === undefined && pending === undefined && newUid === undefined;
    if (!isAnswer && isBare && offers.length === 0) return undefined;
    if (isBare && introduction === NOTHING_NEW) return [this.#bare(), ...offers];
    const own: ServerToAgent = {
      instanceUid: this.uid,
      ...introduction,
      flags,
      agentIdentification: newUid && { newInstanceUid: newUid },
      customMessage: pending?.customMessage,
    };
    return [encodeServerToAgent(own), ...offers];
  }

  /** Whether a push would have anything to say. */
  get hasNews(): boolean {
    return this.#pending !== undefined || this.newUid !== undefined || this.wantsFullState || this.#owesConfig() ||
      this.#owesConnection() || this.#owesPackages();
  }

  /**
   * Sends a command or a custom message when the agent can be reached.
   *
   * @returns false when too many wait already.
   */
  enqueue(message: PendingMessage): boolean {
    this.#pending ??= [];
    if (this.#pending.length >= this.#face.maxPendingMessages) return false;
    this.#pending.push(message);
    return true;
  }

  /** Lets an offer that failed go out again. */
  retryFailed(): void {
    this.failedConfig = undefined;
    if (this.configStatus?.status === RemoteConfigStatuses.FAILED) this.configStatus = undefined;
    this.#config.sent = undefined;
  }

  /** Becomes what `former` was, under this uid. The former is given up. */
  takeOver(former: AgentSession): void {
    this.connected = false;
    this.capabilities = former.capabilities;
    this.sequence = former.sequence;
    this.description = former.description;
    this.health = former.health;
    this.healthy = former.healthy;
    this.effectiveConfig = former.effectiveConfig;
    former.effectiveConfig = undefined;
    this.packageStatuses = former.packageStatuses;
    this.packagesHash = former.packagesHash;
    this.componentsHash = former.componentsHash;
    this.customCapabilities = former.customCapabilities;
    this.configStatus = former.configStatus;
    this.connectionStatus = former.connectionStatus;
    this.failedConfig = former.failedConfig;
    this.labels = former.labels;
    this.desiredConfig = former.desiredConfig;
    this.desiredConnection = former.desiredConnection;
    this.desiredPackages = former.desiredPackages;
    this.#pending = former.#pending;
  }

  /** Becomes what was kept of it. Its sequence is not, so that it is asked for the rest. */
  restore(row: AgentRow): void {
    this.capabilities = row.capabilities;
    this.description = row.description;
    this.health = row.health;
    this.healthy = row.health && (decodeAgentToServer(row.health).health?.healthy ?? false);
    this.configStatus = row.configStatus;
    this.connectionStatus = row.connectionStatus;
    this.failedConfig = row.failedConfig;
    this.labels = row.labels;
    this.lastSeenMs = row.lastSeenMs;
  }

  /** What is kept of it. */
  toRow(): AgentRow {
    return {
      uid: this.uid,
      capabilities: this.capabilities,
      description: this.description,
      health: this.health,
      configStatus: this.configStatus,
      connectionStatus: this.connectionStatus,
      failedConfig: this.failedConfig,
      desiredConfig: this.desiredConfig?.hash,
      desiredConnection: this.desiredConnection?.hash,
      labels: this.labels,
      lastSeenMs: this.lastSeenMs,
    };
  }

  /** Gives back what it shares with others. */
  dispose(): void {
    if (this.effectiveConfig !== undefined) this.#shared.release(this.effectiveConfig);
    this.effectiveConfig = undefined;
  }

  #forgetSent(): void {
    this.#config.sent = undefined;
    this.#connection = undefined;
    this.#packages = undefined;
  }

  /** How the sequence number goes on. Equal is a repetition (a lost answer), not a gap; 0 alone is a bare poll. */
  #follow(message: AgentToServer): { readonly isGap: boolean; readonly isRepeated: boolean } {
    const last = this.sequence;
    const next = message.sequenceNum ?? 0;
    if (next === 0 && last !== undefined && isBare(message)) return { isGap: false, isRepeated: false };
    this.sequence = next;
    if (last === undefined) return { isGap: true, isRepeated: false };
    // One message sent again and again, because its answers are lost, counts once.
    if (next < last || next === last && next !== this.#lastRepeated) this.regressions++;
    else if (this.regressions > 0 && next === last + 1) this.regressions -= REGRESSION_DECAY;
    if (next === last) this.#lastRepeated = next;
    return { isGap: next !== last && next !== last + 1, isRepeated: next === last };
  }

  #absorbCapabilities({ capabilities = 0 }: AgentToServer): number {
    const known = (capabilities & ALL_AGENT_CAPABILITIES) >>> 0;
    if (known === 0 || known === this.capabilities) return 0;
    this.capabilities = known;
    return AgentChanges.capabilities;
  }

  #keep(field: "agentDescription" | "health", as: "description" | "health", bytes: Uint8Array): number {
    const part = fieldBytes(bytes, field);
    if (sameBytes(part, this[as])) return 0;
    this[as] = part?.slice();
    return AgentChanges[as];
  }

  /** Agents on the reference library send an empty one without having packages at all. */
  #absorbPackages(statuses: NonNullable<AgentToServer["packageStatuses"]>, bytes: Uint8Array): number {
    if (!hasBits(this.capabilities, AgentCapabilities.ReportsPackageStatuses)) return 0;
    const hash = statuses.serverProvidedAllPackagesHash ?? NO_BYTES;
    this.packagesHash = hash.length === 0 ? undefined : bytesToHex(hash);
    const part = fieldBytes(bytes, "packageStatuses");
    if (sameBytes(part, this.packageStatuses)) return 0;
    this.packageStatuses = part?.slice();
    return AgentChanges.packageStatuses;
  }

  #absorbEffectiveConfig(bytes: Uint8Array): number {
    const part = fieldBytes(bytes, "effectiveConfig");
    if (part === undefined) return 0;
    const kept = this.#shared.acquire(part);
    const last = this.effectiveConfig;
    if (last !== undefined) this.#shared.release(last);
    this.effectiveConfig = kept;
    return kept === last ? 0 : AgentChanges.effectiveConfig;
  }

  /** One without a hash says that the agent has no remote configuration: a new process that has kept nothing. */
  #absorbConfigStatus({ lastRemoteConfigHash, status = 0, errorMessage = "" }: RemoteConfigStatusReport): number {
    if (!hasBits(this.capabilities, AgentCapabilities.ReportsRemoteConfig)) return 0;
    if (lastRemoteConfigHash === undefined || lastRemoteConfigHash.length === 0) {
      if (this.configStatus === undefined) return 0;
      this.configStatus = undefined;
      return AgentChanges.remoteConfigStatus;
    }
    const hash = this.#hashText(lastRemoteConfigHash, this.desiredConfig);
    if (status === RemoteConfigStatuses.FAILED) this.failedConfig = hash;
    else if (this.failedConfig === hash) this.failedConfig = undefined;
    const last = this.configStatus;
    if (last !== undefined && last.hash === hash && last.status === status && last.error === errorMessage) return 0;
    this.configStatus = { hash, status, error: errorMessage };
    return AgentChanges.remoteConfigStatus;
  }

  #absorbConnectionStatus(report: ConnectionStatusReport): number {
    const { lastConnectionSettingsHash, status = 0, errorMessage = "" } = report;
    if (lastConnectionSettingsHash === undefined || lastConnectionSettingsHash.length === 0) return 0;
    const hash = this.#hashText(lastConnectionSettingsHash, this.desiredConnection);
    const last = this.connectionStatus;
    if (last !== undefined && last.hash === hash && last.status === status && last.error === errorMessage) return 0;
    this.connectionStatus = { hash, status, error: errorMessage };
    return AgentChanges.connectionSettings;
  }

  /** The text of a hash: the offer's own where it is that, so that a fleet shares one string. */
  #hashText(bytes: Uint8Array, offer: { readonly hashBytes: Uint8Array; readonly hash: string } | undefined): string {
    return offer !== undefined && sameBytes(bytes, offer.hashBytes) ? offer.hash : bytesToHex(bytes);
  }

  #takePending(): PendingMessage | undefined {
    const next = this.#pending?.shift();
    if (this.#pending?.length === 0) this.#pending = undefined;
    return next;
  }

  /** Most answers are this one. By hand, as it is 18 bytes that need no encoder. */
  #bare(): Uint8Array {
    const answer = new Uint8Array(UID_FIELD_HEADER.length + this.uid.length);
    answer.set(UID_FIELD_HEADER);
    answer.set(this.uid, UID_FIELD_HEADER.length);
    return answer;
  }

  /** What the server can do: on the first message of a connection, and in each HTTP answer, as that has none. */
  #introduction(): Pick<ServerToAgent, "capabilities" | "customCapabilities"> {
    if (this.#isIntroduced) return NOTHING_NEW;
    this.#isIntroduced = this.link?.transport === "websocket";
    const { capabilities, customCapabilities } = this.#face;
    if (customCapabilities.length === 0) return { capabilities };
    return { capabilities, customCapabilities: { capabilities: customCapabilities } };
  }

  #takeFlags(report: AgentToServer | undefined): number | undefined {
    const components = this.wantsComponents && hasBits(this.capabilities, AgentCapabilities.ReportsAvailableComponents);
    const flags = (this.wantsFullState ? ServerToAgentFlags.ReportFullState : 0) |
      (components && report !== undefined ? ServerToAgentFlags.ReportAvailableComponents : 0);
    this.wantsFullState = false;
    this.wantsComponents = false;
    return flags === 0 ? undefined : flags;
  }

  #offers(nowMs: number, report: AgentToServer | undefined): Uint8Array[] {
    const wires: Uint8Array[] = [];
    const { desiredConfig: config, desiredConnection: connection, desiredPackages: packages } = this;
    const isDue = (track: OfferTrack, hash: string, hasReported: boolean, reports: boolean) =>
      track.sent !== hash || hasReported || reports && nowMs - track.sentAtMs >= this.#face.offerRetryMs;
    const send = (track: OfferTrack, hash: string, wire: Uint8Array | undefined) => {
      if (wire === undefined) return;
      track.sent = hash;
      track.sentAtMs = nowMs;
      wires.push(wire);
    };
    if (config !== undefined && this.#owesConfig()) {
      const hasReported = (report?.remoteConfigStatus?.lastRemoteConfigHash?.length ?? 0) > 0;
      const reports = hasBits(this.capabilities, AgentCapabilities.ReportsRemoteConfig);
      if (isDue(this.#config, config.hash, hasReported, reports)) send(this.#config, config.hash, config.wire);
    }
    if (connection !== undefined && this.#owesConnection()) {
      this.#connection ??= { sent: undefined, sentAtMs: 0 };
      const hasReported = (report?.connectionSettingsStatus?.lastConnectionSettingsHash?.length ?? 0) > 0;
      const reports = hasBits(this.capabilities, AgentCapabilities.ReportsConnectionSettingsStatus);
      if (isDue(this.#connection, connection.hash, hasReported, reports)) {
        send(this.#connection, connection.hash, connection.wireFor(this.capabilities));
      }
    }
    if (packages !== undefined && this.#owesPackages()) {
      this.#packages ??= { sent: undefined, sentAtMs: 0 };
      const hasReported = (report?.packageStatuses?.serverProvidedAllPackagesHash?.length ?? 0) > 0;
      const reports = hasBits(this.capabilities, AgentCapabilities.ReportsPackageStatuses);
      if (isDue(this.#packages, packages.hash, hasReported, reports)) {
        send(this.#packages, packages.hash, packages.wire);
      }
    }
    return wires;
  }

  #owesConfig(): boolean {
    const { desiredConfig: offer } = this;
    return offer !== undefined && hasBits(this.capabilities, AgentCapabilities.AcceptsRemoteConfig) &&
      this.configStatus?.hash !== offer.hash && this.failedConfig !== offer.hash;
  }

  #owesConnection(): boolean {
    const { desiredConnection: offer } = this;
    return offer !== undefined && this.connectionStatus?.hash !== offer.hash;
  }

  #owesPackages(): boolean {
    const { desiredPackages: offer } = this;
    return offer !== undefined && hasBits(this.capabilities, AgentCapabilities.AcceptsPackages) &&
      this.packagesHash !== offer.hash;
  }
}

type RemoteConfigStatusReport = NonNullable<AgentToServer["remoteConfigStatus"]>;
type ConnectionStatusReport = NonNullable<AgentToServer["connectionSettingsStatus"]>;

/** Tag and length of ServerToAgent's `instance_uid`. */
const UID_FIELD_HEADER = Uint8Array.of(0x0a, 16);

const NOTHING_NEW = {};
const NO_BYTES = new Uint8Array(0);
const NONE: readonly string[] = [];
const NO_LABELS: Readonly<Record<string, string>> = {};

/** A new process begins with 0 or 1: with all that it has to say, nothing before it can be missing. */
const FIRST_SEQUENCE = 1;

/** So many messages in order make one that went back forgotten: ten of them. */
const REGRESSION_DECAY = 0.1;

/** Whether the message is a poll without any content. */
function isBare(message: AgentToServer): boolean {
  return message.agentDescription === undefined && message.health === undefined &&
    message.effectiveConfig === undefined && message.remoteConfigStatus === undefined &&
    message.packageStatuses === undefined && message.agentDisconnect === undefined &&
    message.availableComponents === undefined && message.connectionSettingsStatus === undefined;
}

/** Whether a report has all that an agent with these capabilities can say: after a gap it leaves nothing to ask for. */
function isFullReport(message: AgentToServer, capabilities: number): boolean {
  const has = (bit: number, part: unknown) => !hasBits(capabilities, bit) || part !== undefined;
  return message.agentDescription !== undefined && has(AgentCapabilities.ReportsHealth, message.health) &&
    has(AgentCapabilities.ReportsEffectiveConfig, message.effectiveConfig) &&
    has(AgentCapabilities.ReportsRemoteConfig, message.remoteConfigStatus) &&
    has(AgentCapabilities.ReportsPackageStatuses, message.packageStatuses);
}

/** Whether the agent asks to be given a uid. */
export function asksForUid(message: AgentToServer): boolean {
  return hasBits(message.flags ?? 0, AgentToServerFlags.RequestInstanceUid);
}

/** Whether the agent now uses the settings that it was offered. */
export function isApplied(status: OfferStatus | undefined, hash: string): boolean {
  return status?.hash === hash && status.status === ConnectionSettingsStatuses.APPLIED;
}
