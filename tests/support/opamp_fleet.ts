/**
 * A fleet without sockets: reports go in, what agents are told comes out decoded.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { AgentCapabilities, ALL_SERVER_CAPABILITIES } from "../../opamp/protocol/capabilities.ts";
import { bytesToHex } from "../../opamp/protocol/hashes.ts";
import {
  type AgentToServer,
  decodeServerToAgent,
  encodeAgentToServer,
  type ServerToAgent,
} from "../../opamp/protocol/messages.ts";
import type { AgentSession } from "../../opamp/server/agents/agent_session.ts";
import { Fleet } from "../../opamp/server/fleet/fleet.ts";
import type { FleetDeps } from "../../opamp/server/fleet/fleet_deps.ts";
import type { AgentLink, MessageParts, Transport } from "../../opamp/server/agents/link.ts";
import { createRemoteConfigOffer, type RemoteConfigOffer } from "../../opamp/server/offers.ts";
import { DEFAULT_OPAMP_SERVER_SETTINGS, type OpampServerSettings } from "../../opamp/server/settings.ts";
import { concatBytes } from "../../pipeline/core/bytes.ts";
import { silentLogger } from "../../pipeline/core/log/logger.ts";
import { silentMeter } from "../../pipeline/core/telemetry/meter.ts";
import { FakeClock } from "./fake_clock.ts";

/** What the agents of tests can do unless they say otherwise. */
export const USUAL = AgentCapabilities.ReportsStatus | AgentCapabilities.AcceptsRemoteConfig |
  AgentCapabilities.ReportsRemoteConfig | AgentCapabilities.ReportsEffectiveConfig | AgentCapabilities.ReportsHealth;

/** A uid that ends with `n`. */
export function uidOf(n: number): Uint8Array {
  const uid = new Uint8Array(16);
  uid.set([0x01, 0x90, 0x6a, 0x5c, 0, 0, 0x70, 0, 0x80]);
  new DataView(uid.buffer).setUint32(12, n);
  return uid;
}

export function keyOf(n: number): string {
  return bytesToHex(uidOf(n));
}

/** A configuration of one file. */
export function configOf(text: string): RemoteConfigOffer {
  return createRemoteConfigOffer({ configMap: new Map([["", { body: new TextEncoder().encode(text) }]]) });
}

export function decoded(parts: MessageParts): ServerToAgent {
  return decodeServerToAgent(concatBytes(parts));
}

/** A connection that keeps what is sent over it. */
export class FakeLink implements AgentLink<AgentSession> {
  readonly sessions: AgentSession[] = [];
  tokenId: string | undefined;
  readonly transport: Transport;
  readonly pushes: ServerToAgent[] = [];
  readonly closes: number[] = [];
  heardAtMs = 0;
  isCongested = false;

  constructor(transport: Transport = "websocket") {
    this.transport = transport;
  }

  send(parts: MessageParts): void {
    this.pushes.push(decoded(parts));
  }

  close(code: number): void {
    this.closes.push(code);
  }
}

/** A fleet, a clock, and agents that report. */
export class FleetProbe {
  readonly clock = new FakeClock(1_700_000_000_000);
  readonly fleet: Fleet;
  readonly #sequences = new Map<number, number>();
  #random = 0;

  constructor(settings: Partial<OpampServerSettings> = {}, deps: Partial<FleetDeps> = {}) {
    this.fleet = new Fleet({
      settings: { ...DEFAULT_OPAMP_SERVER_SETTINGS, ...settings },
      face: { capabilities: ALL_SERVER_CAPABILITIES, customCapabilities: [] },
      clock: this.clock,
      randomBytes: (count) => new Uint8Array(count).fill(++this.#random),
      logger: silentLogger,
      meter: silentMeter,
      ...deps,
    });
  }

  link(transport: Transport = "websocket"): FakeLink {
    const link = new FakeLink(transport);
    link.heardAtMs = this.clock.monotonicMs();
    return link;
  }

  /** Sends bytes as they are: as a socket gives them, in memory that is something else as soon as they were received. */
  async raw(link: FakeLink, bytes: Uint8Array): Promise<ServerToAgent> {
    link.heardAtMs = this.clock.monotonicMs();
    const read = Buffer.from(bytes);
    const answer = this.fleet.receive(link, read);
    read.fill(0xff);
    return decoded(await answer);
  }

  /** Sends a message exactly as given. */
  exact(link: FakeLink, message: AgentToServer): Promise<ServerToAgent> {
    return this.raw(link, encodeAgentToServer(message));
  }

  /** Sends a message of agent `n` with the next sequence number. */
  report(link: FakeLink, n: number, message: AgentToServer = {}): Promise<ServerToAgent> {
    const sequenceNum = message.sequenceNum ?? (this.#sequences.get(n) ?? 0) + 1;
    this.#sequences.set(n, sequenceNum);
    return this.exact(link, { instanceUid: uidOf(n), capabilities: USUAL, ...message, sequenceNum });
  }

  /** The first, full report of agent `n`. */
  hello(link: FakeLink, n: number, message: AgentToServer = {}): Promise<ServerToAgent> {
    return this.report(link, n, { ...fullReport(n), ...message });
  }

  /** Lets what waits for the next turn go out. */
  turn(): Promise<void> {
    return this.clock.advance(0);
  }
}

export function fullReport(n: number): AgentToServer {
  return {
    agentDescription: {
      identifyingAttributes: [{ key: "service.name", value: { stringValue: "gateway" } }],
      nonIdentifyingAttributes: [{ key: "host.name", value: { stringValue: `gw-${n}` } }],
    },
    health: { healthy: true, startTimeUnixNano: 1n },
    effectiveConfig: { configMap: { configMap: new Map() } },
    remoteConfigStatus: {},
  };
}
