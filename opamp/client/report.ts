/**
 * What the server is told of the agent, and what of it the server has not been told yet.
 *
 * Each part of the status goes out when it changes and when the server asks for all; what changes while nothing can be
 * sent is merged into the next message, so nothing queues. A part of a message that may have got lost counts as changed.
 * Source: opamp-spec "Status Reporting", "Status Compression", "sequence_num".
 *
 * @module
 */

import {
  AgentCapabilities,
  AgentToServerFlags,
  ALL_AGENT_CAPABILITIES,
  hasBits,
  ServerCapabilities,
} from "../protocol/capabilities.ts";
import { hashComponents, sameBytes, sha256 } from "../protocol/hashes.ts";
import {
  type AgentToServer,
  type AvailableComponents,
  type CustomMessage,
  type EffectiveConfig,
  encodeAgentToServer,
} from "../protocol/messages.ts";

/** The parts of a status that may be left out while they are unchanged. */
export interface StatusParts {
  readonly agentDescription: NonNullable<AgentToServer["agentDescription"]>;
  readonly health: NonNullable<AgentToServer["health"]>;
  readonly effectiveConfig: NonNullable<AgentToServer["effectiveConfig"]>;
  readonly remoteConfigStatus: NonNullable<AgentToServer["remoteConfigStatus"]>;
  readonly packageStatuses: NonNullable<AgentToServer["packageStatuses"]>;
  readonly connectionSettingsStatus: NonNullable<AgentToServer["connectionSettingsStatus"]>;
  readonly customCapabilities: NonNullable<AgentToServer["customCapabilities"]>;
  readonly availableComponents: NonNullable<AgentToServer["availableComponents"]>;
}

export type PartName = keyof StatusParts;

/** Which capability of the agent a part needs, and which of the server; 0 = none. */
const GATES: Readonly<Record<PartName, { readonly agent: number; readonly server: number }>> = {
  agentDescription: { agent: 0, server: 0 },
  health: { agent: AgentCapabilities.ReportsHealth, server: 0 },
  effectiveConfig: {
    agent: AgentCapabilities.ReportsEffectiveConfig,
    server: ServerCapabilities.AcceptsEffectiveConfig,
  },
  remoteConfigStatus: { agent: AgentCapabilities.ReportsRemoteConfig, server: 0 },
  packageStatuses: {
    agent: AgentCapabilities.ReportsPackageStatuses,
    server: ServerCapabilities.AcceptsPackagesStatus,
  },
  connectionSettingsStatus: { agent: AgentCapabilities.ReportsConnectionSettingsStatus, server: 0 },
  customCapabilities: { agent: 0, server: 0 },
  availableComponents: { agent: AgentCapabilities.ReportsAvailableComponents, server: 0 },
};

const PART_NAMES = Object.keys(GATES) as PartName[];

/** A part as it was set last. */
interface Part {
  /** Asked for when it is sent: an effective config need not be held in between. */
  readonly get: () => object;
  /** SHA-256 of its bytes, to know a change. */
  readonly fingerprint: Uint8Array;
}

/** What is said once: lost with the message it is in. */
export interface Once {
  readonly customMessage?: CustomMessage | undefined;
  readonly connectionSettingsRequest?: AgentToServer["connectionSettingsRequest"];
  readonly agentDisconnect?: AgentToServer["agentDisconnect"];
}

export class Report {
  #capabilities = 0;
  #serverCapabilities: number | undefined;
  #sequence = 0;
  #wantsInstanceUid = false;
  #componentsAsked = false;
  #capabilitiesChanged = false;
  readonly #parts = new Map<PartName, Part>();
  /** To be sent. */
  readonly #changed = new Set<PartName>();
  /** Sent, and not known to have arrived. */
  readonly #unconfirmed = new Set<PartName>();

  /** The agent's mask; bits without a meaning are not sent. */
  get capabilities(): number {
    return this.#capabilities;
  }

  set capabilities(mask: number) {
    const known = (mask | AgentCapabilities.ReportsStatus) & ALL_AGENT_CAPABILITIES;
    this.#capabilitiesChanged ||= known !== this.#capabilities;
    this.#capabilities = known;
  }

  /** What the server can; undefined until it has said so. What it lacks is not sent. */
  set serverCapabilities(mask: number | undefined) {
    this.#serverCapabilities = mask;
  }

  /** Whether the next messages ask for an instance uid. */
  set wantsInstanceUid(wanted: boolean) {
    this.#wantsInstanceUid = wanted;
  }

  /** Whether there is anything to say. */
  get hasChanges(): boolean {
    return this.#capabilitiesChanged || this.#componentsAsked || this.#sendable().length > 0;
  }

  /** @returns Whether it differs from what was set before. */
  set<Name extends PartName>(name: Name, value: StatusParts[Name]): boolean {
    return this.#setPart(name, () => value, value);
  }

  /** @param get Called now, and whenever it is sent. */
  setEffectiveConfig(get: () => EffectiveConfig): boolean {
    return this.#setPart("effectiveConfig", get, get());
  }

  /** The server is told of the hash, and of the components when it asks. */
  setComponents(components: NonNullable<AvailableComponents["components"]>): boolean {
    const hash = hashComponents(components);
    return this.#setPart("availableComponents", () => ({ hash, components: this.#askedFor(components) }), { hash });
  }

  /** A part is sent again although it is unchanged. */
  repeat(name: PartName): void {
    if (this.#parts.has(name)) this.#changed.add(name);
  }

  /** The server wants all parts. */
  repeatAll(): void {
    for (const name of this.#parts.keys()) this.#changed.add(name);
  }

  /** The server wants the components, not their hash alone. */
  askForComponents(): void {
    if (!this.#parts.has("availableComponents")) return;
    if (!this.#may("availableComponents")) return;
    this.#componentsAsked = true;
    this.#changed.add("availableComponents");
  }

  /** The next message, with all that changed. Its parts count as sent from here on; its number is taken. */
  compose(instanceUid: Uint8Array, once: Once = {}): AgentToServer {
    const names = this.#sendable();
    const message = {
      instanceUid,
      sequenceNum: ++this.#sequence,
      capabilities: this.#capabilities,
      flags: this.#wantsInstanceUid ? AgentToServerFlags.RequestInstanceUid : 0,
      ...Object.fromEntries(names.map((name) => [name, this.#parts.get(name)?.get()])),
      ...once,
    };
    for (const name of names) {
      this.#changed.delete(name);
      this.#unconfirmed.add(name);
    }
    if (names.includes("availableComponents")) this.#componentsAsked = false;
    this.#capabilitiesChanged = false;
    return message;
  }

  /** The message composed last was not sent at all: its number is free again. */
  takeBackNumber(): void {
    this.#sequence--;
  }

  /** All that was sent has arrived, or never will and is not to be sent again. */
  confirm(): void {
    this.#unconfirmed.clear();
  }

  /** What was sent may not have arrived: it is sent again. */
  lose(): void {
    for (const name of this.#unconfirmed) this.#changed.add(name);
    this.#unconfirmed.clear();
  }

  #setPart(name: PartName, get: () => object, value: object): boolean {
    const fingerprint = sha256(encodeAgentToServer({ [name]: value }));
    const isNew = !sameBytes(fingerprint, this.#parts.get(name)?.fingerprint);
    this.#parts.set(name, { get, fingerprint });
    if (isNew) this.#changed.add(name);
    return isNew;
  }

  #askedFor(components: NonNullable<AvailableComponents["components"]>): AvailableComponents["components"] {
    return this.#componentsAsked ? components : undefined;
  }

  #sendable(): PartName[] {
    return PART_NAMES.filter((name) => this.#changed.has(name) && this.#may(name));
  }

  #may(name: PartName): boolean {
    const { agent, server } = GATES[name];
    return hasBits(this.#capabilities, agent) &&
      (this.#serverCapabilities === undefined || hasBits(this.#serverCapabilities, server));
  }
}

/** The part of a message that takes the most room; undefined when it has none. */
export function largestPart(message: AgentToServer): PartName | undefined {
  const sized = PART_NAMES.filter((name) => message[name] !== undefined)
    .map((name) => ({ name, bytes: encodeAgentToServer({ [name]: message[name] }).length }));
  return sized.sort((a, b) => b.bytes - a.bytes)[0]?.name;
}
