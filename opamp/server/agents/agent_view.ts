/**
 * An agent as the rest of the house sees it. Made on demand from the bytes that are kept.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { bytesToHex, hashConfigMap } from "../../protocol/hashes.ts";
import {
  type AgentDescription,
  type AnyValue,
  type ComponentHealth,
  decodeAgentToServer,
  type EffectiveConfig,
  type KeyValue,
  type PackageStatuses,
} from "../../protocol/messages.ts";
import type { AgentSession } from "./agent_session.ts";
import type { OfferStatus } from "../store/fleet_store.ts";
import type { Transport } from "./link.ts";

/** Attributes by key; scalars as they are, lists and maps as JSON text. */
export type Attributes = Readonly<Record<string, string | number | boolean | bigint>>;

/** What is known of one agent at one time. A class, so that a view of each of many agents costs no closures. */
export class AgentView {
  /** In hexadecimal. */
  readonly uid: string;
  readonly transport: Transport;
  readonly connected: boolean;
  /** Has said what it is. */
  readonly isDescribed: boolean;
  /** Milliseconds since 1970. */
  readonly lastSeenMs: number;
  /** `AgentCapabilities`. */
  readonly capabilities: number;
  readonly sequence: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly configStatus: OfferStatus | undefined;
  readonly connectionStatus: OfferStatus | undefined;
  /** Hash of the configuration that it is to run. */
  readonly desiredConfig: string | undefined;
  /** Hash of the configuration that it could not apply last. */
  readonly failedConfig: string | undefined;
  /** Of the health reported last; undefined when none was. */
  readonly healthy: boolean | undefined;
  /** Another number whenever attributes, capabilities or labels are others. */
  readonly revision: number;
  /** Another number whenever the agent has reported the status of a configuration again. */
  readonly statusRevision: number;
  readonly customCapabilities: readonly string[];
  readonly componentsHash: string | undefined;
  readonly #description: Uint8Array | undefined;
  readonly #health: Uint8Array | undefined;
  readonly #effectiveConfig: Uint8Array | undefined;
  readonly #packageStatuses: Uint8Array | undefined;

  /** @param session The agent's, as it is now. */
  constructor(session: AgentSession) {
    this.uid = session.key;
    this.transport = session.transport;
    this.connected = session.connected;
    this.isDescribed = session.description !== undefined;
    this.lastSeenMs = session.lastSeenMs;
    this.capabilities = session.capabilities;
    this.sequence = session.sequence.last;
    this.labels = session.labels;
    this.configStatus = session.configStatus;
    this.connectionStatus = session.connectionStatus;
    this.desiredConfig = session.desiredConfig?.hash;
    this.failedConfig = session.failedConfig;
    this.healthy = session.healthy;
    this.revision = session.revision;
    this.statusRevision = session.statusRevision;
    this.customCapabilities = session.customCapabilities;
    this.componentsHash = session.componentsHash;
    this.#description = session.description;
    this.#health = session.health;
    this.#effectiveConfig = session.effectiveConfig;
    this.#packageStatuses = session.packageStatuses;
  }

  /** What it says of itself. Decoded at each call. */
  attributes(): { readonly identifying: Attributes; readonly other: Attributes } {
    return readAttributes(this.#description && decodeAgentToServer(this.#description).agentDescription);
  }

  /** Decoded at each call. */
  health(): ComponentHealth | undefined {
    return this.#health && decodeAgentToServer(this.#health).health;
  }

  /** Decoded at each call. */
  effectiveConfig(): EffectiveConfig | undefined {
    return this.#effectiveConfig && decodeAgentToServer(this.#effectiveConfig).effectiveConfig;
  }

  /** `hashConfigMap` of it, hexadecimal: equals the hash of a configuration with the same files. */
  effectiveConfigHash(): string | undefined {
    return this.#effectiveConfig && contentHash(this.#effectiveConfig);
  }

  /** Decoded at each call. */
  packageStatuses(): PackageStatuses | undefined {
    return this.#packageStatuses && decodeAgentToServer(this.#packageStatuses).packageStatuses;
  }
}

/** Agents that report the same configuration share its bytes, so its hash is made once for all. */
const hashOfShared = new WeakMap<Uint8Array, string>();

function contentHash(effectiveConfig: Uint8Array): string {
  const known = hashOfShared.get(effectiveConfig);
  if (known !== undefined) return known;
  const configMap = decodeAgentToServer(effectiveConfig).effectiveConfig?.configMap ?? {};
  const hash = bytesToHex(hashConfigMap(configMap));
  hashOfShared.set(effectiveConfig, hash);
  return hash;
}

/** Another version of an agent is the same agent. */
const VERSION = "service.version";

/** Whether two descriptions, each as it is kept, are of different agents by their identifying attributes. */
export function isAnother(before: Uint8Array | undefined, after: Uint8Array | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  const [former, present] = [identifying(before), identifying(after)];
  const names = new Set([...Object.keys(former), ...Object.keys(present)]);
  names.delete(VERSION);
  return names.values().some((name) => former[name] !== present[name]);
}

function identifying(description: Uint8Array): Attributes {
  return toRecord(decodeAgentToServer(description).agentDescription?.identifyingAttributes);
}

function readAttributes(description: AgentDescription = {}): ReturnType<AgentView["attributes"]> {
  return {
    identifying: toRecord(description.identifyingAttributes),
    other: toRecord(description.nonIdentifyingAttributes),
  };
}

function toRecord(attributes: readonly KeyValue[] = []): Attributes {
  const record: Record<string, string | number | boolean | bigint> = Object.create(null);
  for (const { key = "", value } of attributes) {
    const scalar = toScalar(value);
    if (scalar !== undefined) record[key] = scalar;
  }
  return record;
}

function toScalar(value: AnyValue = {}): string | number | boolean | bigint | undefined {
  const { stringValue, boolValue, intValue, doubleValue, bytesValue } = value;
  const scalar = stringValue ?? boolValue ?? intValue ?? doubleValue;
  if (scalar !== undefined) return scalar;
  if (bytesValue !== undefined) return Buffer.from(bytesValue).toString("base64");
  const plain = toPlain(value);
  return plain === null ? undefined : JSON.stringify(plain);
}

type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

function toPlain(value: AnyValue = {}): Plain {
  const { arrayValue, kvlistValue, intValue, bytesValue } = value;
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map((item) => toPlain(item));
  if (kvlistValue !== undefined) {
    return Object.fromEntries((kvlistValue.values ?? []).map(({ key = "", value: item }) => [key, toPlain(item)]));
  }
  if (intValue !== undefined) return String(intValue);
  if (bytesValue !== undefined) return Buffer.from(bytesValue).toString("base64");
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? null;
}
