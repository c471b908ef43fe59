/**
 * Which offers an agent still has coming, and when each goes out, or out again.
 *
 * An offer goes out until the agent reports its hash; a configuration that it reported FAILED does not go out again
 * unless asked.
 * Source: opamp-spec, "Configuration", "Connection Settings Management", "Packages".
 *
 * @module
 */

import { AgentCapabilities, hasBits } from "../../protocol/capabilities.ts";
import type { AgentToServer } from "../../protocol/messages.ts";
import type { AgentRecord } from "./agent_record.ts";

/** What the three kinds of offers differ in. */
interface OfferKind {
  /** What an agent has that answers such an offer. */
  readonly answers: number;
  /** The hash of the offer that the agent has not taken yet; undefined when it has, or is to have none. */
  readonly owed: (record: AgentRecord) => string | undefined;
  /** The offer's field of a ServerToAgent; undefined when nothing of it is for this agent. */
  readonly wire: (record: AgentRecord) => Uint8Array | undefined;
  /** What a report says of such an offer. */
  readonly reported: (report: AgentToServer) => Uint8Array | undefined;
}

/** In the order in which they stand in a message. */
const KINDS: readonly OfferKind[] = [
  {
    answers: AgentCapabilities.ReportsRemoteConfig,
    owed: ({ desiredConfig: offer, capabilities, configStatus, failedConfig }) =>
      offer !== undefined && hasBits(capabilities, AgentCapabilities.AcceptsRemoteConfig) &&
        configStatus?.hash !== offer.hash && failedConfig !== offer.hash
        ? offer.hash
        : undefined,
    wire: ({ desiredConfig }) => desiredConfig?.wire,
    reported: ({ remoteConfigStatus }) => remoteConfigStatus?.lastRemoteConfigHash,
  },
  {
    answers: AgentCapabilities.ReportsConnectionSettingsStatus,
    owed: ({ desiredConnection: offer, connectionStatus }) =>
      offer !== undefined && connectionStatus?.hash !== offer.hash ? offer.hash : undefined,
    wire: ({ desiredConnection, capabilities }) => desiredConnection?.wireFor(capabilities),
    reported: ({ connectionSettingsStatus }) => connectionSettingsStatus?.lastConnectionSettingsHash,
  },
  {
    answers: AgentCapabilities.ReportsPackageStatuses,
    owed: ({ desiredPackages: offer, capabilities, packagesHash }) =>
      offer !== undefined && hasBits(capabilities, AgentCapabilities.AcceptsPackages) && packagesHash !== offer.hash
        ? offer.hash
        : undefined,
    wire: ({ desiredPackages }) => desiredPackages?.wire,
    reported: ({ packageStatuses }) => packageStatuses?.serverProvidedAllPackagesHash,
  },
];
const CONFIG = 0;
const NOTHING: readonly Uint8Array[] = [];

/** The last one of a kind that was sent over this connection. */
interface OfferTrack {
  readonly hash: string;
  readonly atMs: number;
}

/** What was sent to one agent. */
export class OfferTracks {
  /** By the index of its kind; few agents are ever sent anything but a configuration. */
  #sent: (OfferTrack | undefined)[] | undefined;

  /** What was sent may be lost. */
  forget(): void {
    this.#sent = undefined;
  }

  /** The configuration goes out again. */
  forgetConfig(): void {
    if (this.#sent !== undefined) this.#sent[CONFIG] = undefined;
  }

  /** Whether the agent has not taken all that it is to have. */
  isOwed(record: AgentRecord): boolean {
    return KINDS.some(({ owed }) => owed(record) !== undefined);
  }

  /**
   * The offers that go out now, each a field of a ServerToAgent.
   *
   * @param report What they go with the answer to; undefined: a push.
   * @param retryMs An offer that was sent is repeated with an answer this much later, milliseconds.
   */
  take(record: AgentRecord, nowMs: number, report: AgentToServer | undefined, retryMs: number): readonly Uint8Array[] {
    let wires = NOTHING;
    for (let index = 0; index < KINDS.length; index++) {
      const { answers, owed, wire, reported } = KINDS[index]!;
      const hash = owed(record);
      if (hash === undefined) continue;
      const last = this.#sent?.[index];
      const hasReported = report !== undefined && (reported(report)?.length ?? 0) > 0;
      const isLate = last !== undefined && hasBits(record.capabilities, answers) && nowMs - last.atMs >= retryMs;
      if (last?.hash === hash && !hasReported && !isLate) continue;
      const bytes = wire(record);
      if (bytes === undefined) continue;
      this.#sent ??= [];
      this.#sent[index] = { hash, atMs: nowMs };
      wires = [...wires, bytes];
    }
    return wires;
  }
}
