/**
 * What the server knows of one agent: what it reported last, and what it is to have.
 *
 * Reports are kept as the bytes that they came in. What an agent leaves out of a report stays as it was.
 * Source: opamp-spec, "Status Reporting".
 *
 * @module
 */

import {
  AgentCapabilities,
  ALL_AGENT_CAPABILITIES,
  ConnectionSettingsStatuses,
  hasBits,
  RemoteConfigStatuses,
} from "../../protocol/capabilities.ts";
import { bytesToHex, sameBytes } from "../../protocol/hashes.ts";
import { type AgentToServer, decodeAgentToServer } from "../../protocol/messages.ts";
import { AgentChanges } from "./agent_changes.ts";
import type { AgentRow, OfferStatus } from "../store/fleet_store.ts";
import type { ConnectionOffer, PackagesOffer, RemoteConfigOffer } from "../offers.ts";
import { fieldBytes } from "./report_fields.ts";
import type { SharedBytes } from "./shared_bytes.ts";

type RemoteConfigStatusReport = NonNullable<AgentToServer["remoteConfigStatus"]>;
type ConnectionStatusReport = NonNullable<AgentToServer["connectionSettingsStatus"]>;
type PackageStatusesReport = NonNullable<AgentToServer["packageStatuses"]>;

export class AgentRecord {
  readonly uid: Uint8Array;
  /** The uid in hexadecimal. */
  readonly key: string;
  readonly #shared: SharedBytes;

  /** Milliseconds since 1970. */
  lastSeenMs = 0;
  capabilities = 0;
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

  constructor(uid: Uint8Array, shared: SharedBytes) {
    this.uid = uid;
    this.key = bytesToHex(uid);
    this.#shared = shared;
  }

  /**
   * Takes over what a report says.
   *
   * @param message As decoded from `bytes`. The content of its effective configuration is not looked at.
   * @returns Mask of {@link AgentChanges}.
   */
  protected keepReport(message: AgentToServer, bytes: Uint8Array): number {
    let changes = this.#keepCapabilities(message);
    if (message.agentDescription !== undefined) changes |= this.#keep("agentDescription", "description", bytes);
    if (message.health !== undefined) {
      changes |= this.#keep("health", "health", bytes);
      this.healthy = message.health.healthy ?? false;
    }
    if (message.packageStatuses !== undefined) changes |= this.#keepPackages(message.packageStatuses, bytes);
    if (message.effectiveConfig !== undefined) changes |= this.#keepEffectiveConfig(bytes);
    if (message.remoteConfigStatus !== undefined) {
      changes |= this.#keepConfigStatus(message.remoteConfigStatus);
      this.statusRevision++;
    }
    if (message.connectionSettingsStatus !== undefined) {
      changes |= this.#keepConnectionStatus(message.connectionSettingsStatus);
    }
    if (message.availableComponents?.hash !== undefined) {
      changes |= this.#keepComponentsHash(message.availableComponents.hash);
    }
    if (message.customCapabilities !== undefined) {
      this.customCapabilities = message.customCapabilities.capabilities ?? NONE;
    }
    if (changes & (AgentChanges.description | AgentChanges.capabilities)) this.revision++;
    return changes;
  }

  /** Becomes what `former` was, under this uid. The former is given up. */
  protected takeRecord(former: AgentRecord): void {
    this.capabilities = former.capabilities;
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
  }

  /** Becomes what was kept of it. */
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

  #keepCapabilities({ capabilities = 0 }: AgentToServer): number {
    const known = (capabilities & ALL_AGENT_CAPABILITIES) >>> 0;
    if (known === 0 || known === this.capabilities) return 0;
    this.capabilities = known;
    return AgentChanges.capabilities;
  }

  #keep(field: "agentDescription" | "health", as: "description" | "health", bytes: Uint8Array): number {
    const part = fieldBytes(bytes, field);
    if (sameBytes(part, this[as])) return 0;
    this[as] = part && new Uint8Array(part);
    return AgentChanges[as];
  }

  /** Agents on the reference library send an empty one without having packages at all. */
  #keepPackages(statuses: PackageStatusesReport, bytes: Uint8Array): number {
    if (!hasBits(this.capabilities, AgentCapabilities.ReportsPackageStatuses)) return 0;
    const hash = statuses.serverProvidedAllPackagesHash ?? NO_BYTES;
    this.packagesHash = hash.length === 0 ? undefined : bytesToHex(hash);
    const part = fieldBytes(bytes, "packageStatuses");
    if (sameBytes(part, this.packageStatuses)) return 0;
    this.packageStatuses = part && new Uint8Array(part);
    return AgentChanges.packageStatuses;
  }

  #keepEffectiveConfig(bytes: Uint8Array): number {
    const part = fieldBytes(bytes, "effectiveConfig");
    if (part === undefined) return 0;
    const kept = this.#shared.acquire(part);
    const last = this.effectiveConfig;
    if (last !== undefined) this.#shared.release(last);
    this.effectiveConfig = kept;
    return kept === last ? 0 : AgentChanges.effectiveConfig;
  }

  /** One without a hash says that the agent has no remote configuration: a new process that has kept nothing. */
  #keepConfigStatus({ lastRemoteConfigHash, status = 0, errorMessage = "" }: RemoteConfigStatusReport): number {
    if (!hasBits(this.capabilities, AgentCapabilities.ReportsRemoteConfig)) return 0;
    if (lastRemoteConfigHash === undefined || lastRemoteConfigHash.length === 0) {
      if (this.configStatus === undefined) return 0;
      this.configStatus = undefined;
      return AgentChanges.remoteConfigStatus;
    }
    const hash = hashText(lastRemoteConfigHash, this.desiredConfig);
    if (status === RemoteConfigStatuses.FAILED) this.failedConfig = hash;
    else if (this.failedConfig === hash) this.failedConfig = undefined;
    if (isSame(this.configStatus, hash, status, errorMessage)) return 0;
    this.configStatus = { hash, status, error: errorMessage };
    return AgentChanges.remoteConfigStatus;
  }

  #keepConnectionStatus(report: ConnectionStatusReport): number {
    const { lastConnectionSettingsHash, status = 0, errorMessage = "" } = report;
    if (lastConnectionSettingsHash === undefined || lastConnectionSettingsHash.length === 0) return 0;
    const hash = hashText(lastConnectionSettingsHash, this.desiredConnection);
    if (isSame(this.connectionStatus, hash, status, errorMessage)) return 0;
    this.connectionStatus = { hash, status, error: errorMessage };
    return AgentChanges.connectionSettings;
  }

  #keepComponentsHash(bytes: Uint8Array): number {
    const hash = bytesToHex(bytes);
    if (hash === this.componentsHash) return 0;
    this.componentsHash = hash;
    return AgentChanges.components;
  }
}

const NO_BYTES = new Uint8Array(0);
const NONE: readonly string[] = [];
const NO_LABELS: Readonly<Record<string, string>> = {};

/** The text of a hash: the offer's own where it is that, so that a fleet shares one string. */
function hashText(bytes: Uint8Array, offer: { readonly hashBytes: Uint8Array; readonly hash: string } | undefined) {
  return offer !== undefined && sameBytes(bytes, offer.hashBytes) ? offer.hash : bytesToHex(bytes);
}

function isSame(last: OfferStatus | undefined, hash: string, status: number, error: string): boolean {
  return last !== undefined && last.hash === hash && last.status === status && last.error === error;
}

/** Whether a report has all that an agent with these capabilities can say: after a gap it leaves nothing to ask for. */
export function isFullReport(message: AgentToServer, capabilities: number): boolean {
  const has = (bit: number, part: unknown) => !hasBits(capabilities, bit) || part !== undefined;
  return message.agentDescription !== undefined && has(AgentCapabilities.ReportsHealth, message.health) &&
    has(AgentCapabilities.ReportsEffectiveConfig, message.effectiveConfig) &&
    has(AgentCapabilities.ReportsRemoteConfig, message.remoteConfigStatus) &&
    has(AgentCapabilities.ReportsPackageStatuses, message.packageStatuses);
}

/** Whether the agent now uses the settings that it was offered. */
export function isApplied(status: OfferStatus | undefined, hash: string): boolean {
  return status?.hash === hash && status.status === ConnectionSettingsStatuses.APPLIED;
}
