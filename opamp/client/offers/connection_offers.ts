/**
 * Takes offered connection settings: the agent's own telemetry and other connections by asking the agent, a server by
 * trying it.
 *
 * Parts that the agent did not declare are ignored. The server comes last, because trying it leaves the old one.
 * Source: opamp-spec "Connection Settings Management", "OpAMP Connection Setting Offer Flow", "Security".
 *
 * @module
 */

import { describeError } from "../../../pipeline/core/log/logger.ts";
import { AgentCapabilities, hasBits } from "../../protocol/capabilities.ts";
import { bytesToHex, hexToBytes } from "../../protocol/hashes.ts";
import {
  type ConnectionSettingsOffers,
  decodeConnectionSettings,
  encodeConnectionSettings,
  type OpAMPConnectionSettings,
  type OtherConnectionSettings,
  type TelemetryConnectionSettings,
} from "../../protocol/messages.ts";
import type { StateStore } from "../client_state.ts";
import type { Problem } from "./offer_follower.ts";
import { isIntervalAlone, mergeOffer, needsReconnect, type ServerConnection } from "../transports/server_connection.ts";
import type { Session } from "../session.ts";
import type { StateKeeper } from "../state_keeper.ts";

export type OwnSignal = "metrics" | "traces" | "logs";

/** What the agent does with settings that are not the client's own. */
export interface ConnectionCallbacks {
  /** Where the agent's own telemetry is to go from now on. */
  onOwnTelemetry?(signal: OwnSignal, settings: TelemetryConnectionSettings, abort: AbortSignal): Promise<Problem>;
  /** Settings of other connections, by name. */
  onOtherConnections?(
    settings: ReadonlyMap<string, OtherConnectionSettings>,
    abort: AbortSignal,
  ): Promise<Problem>;
}

/** What a server may make of the connection to it. */
export interface ConnectionPolicy {
  /** Whether an offer may turn off the verification of the server's certificate. Default false. */
  readonly allowInsecureSkipVerify: boolean;
  /** The local view of an offered server: why it is refused, or undefined. */
  readonly check?: (candidate: ServerConnection) => Problem;
}

export interface ConnectionOffersDeps {
  readonly callbacks: ConnectionCallbacks;
  readonly policy: ConnectionPolicy;
  readonly session: Session;
  readonly keeper: StateKeeper;
  readonly store: StateStore;
  /** Of the local settings, for what is stored. */
  readonly basis: string;
  /** The agent's mask now. */
  readonly capabilities: () => number;
  /** Before another server is tried, which knows nothing yet. Returns what to do when the old one is back. */
  readonly onOtherServer: () => () => void;
}

const OWN_TELEMETRY = [
  { signal: "metrics", field: "ownMetrics", needs: AgentCapabilities.ReportsOwnMetrics },
  { signal: "traces", field: "ownTraces", needs: AgentCapabilities.ReportsOwnTraces },
  { signal: "logs", field: "ownLogs", needs: AgentCapabilities.ReportsOwnLogs },
] as const;

export class ConnectionOffers {
  readonly #deps: ConnectionOffersDeps;
  /** So that what is offered comes after what is restored. */
  #restored: Promise<unknown> = Promise.resolve();

  constructor(deps: ConnectionOffersDeps) {
    this.#deps = deps;
  }

  /** The part of an offer that the agent has declared; undefined when there is none. */
  wanted(offers: ConnectionSettingsOffers): ConnectionSettingsOffers | undefined {
    const { hash, otherConnections } = offers;
    const wanted: Record<string, unknown> = {};
    for (const { field, needs } of OWN_TELEMETRY) if (this.#may(needs)) wanted[field] = offers[field];
    if (this.#may(AgentCapabilities.AcceptsOtherConnectionSettings)) wanted.otherConnections = otherConnections;
    wanted.opamp = this.#wantedServer(offers.opamp);
    return Object.values(wanted).some((part) => part !== undefined) ? { hash, ...wanted } : undefined;
  }

  /** @returns Which parts failed and why: one hash stands for all of them. */
  async apply(offers: ConnectionSettingsOffers, abort: AbortSignal): Promise<Problem> {
    await this.#restored;
    const { taken, problems } = await this.#handOn(offers, abort);
    if (Object.keys(taken).length > 0) await this.#keep(taken);
    if (offers.opamp !== undefined && !abort.aborted) {
      const problem = await this.#server(offers.opamp);
      if (problem !== undefined) problems.push(`opamp: ${problem}`);
    }
    return problems.length === 0 ? undefined : problems.join("; ");
  }

  /** Hands on what was taken before a restart: the server sees its hash, and does not offer it again. */
  async restore(abort: AbortSignal): Promise<Problem> {
    const restored = this.#handOn(this.#kept(), abort);
    this.#restored = restored;
    const { problems } = await restored;
    return problems.length === 0 ? undefined : problems.join("; ");
  }

  /** Tries a server, and keeps to it when it answers. */
  async tryServer(candidate: ServerConnection): Promise<Problem> {
    const { session, keeper, basis, onOtherServer } = this.#deps;
    const onReturn = onOtherServer();
    const problem = await session.tryServer(candidate);
    if (problem === undefined) {
      await keeper.change({
        accepted: { connection: candidate, basis },
        candidate: undefined,
        pendingKeyPem: undefined,
      });
    } else {
      onReturn();
      await keeper.change({ candidate: undefined });
    }
    return problem;
  }

  /** Everything but the server. */
  async #handOn(
    offers: ConnectionSettingsOffers,
    abort: AbortSignal,
  ): Promise<{ readonly taken: ConnectionSettingsOffers; readonly problems: string[] }> {
    const taken: Record<string, unknown> = {};
    const problems: string[] = [];
    const note = (field: string, part: string, problem: Problem) => {
      if (problem === undefined) taken[field] = offers[field as keyof ConnectionSettingsOffers];
      else problems.push(`${part}: ${problem}`);
    };
    for (const { signal, field } of OWN_TELEMETRY) {
      const settings = offers[field];
      if (settings !== undefined) note(field, `own_${signal}`, await this.#ownTelemetry(signal, settings, abort));
    }
    const { otherConnections: others } = offers;
    if (others !== undefined) note("otherConnections", "other_connections", await this.#others(others, abort));
    return { taken, problems };
  }

  /** What is not in an offer is unchanged. */
  async #keep(taken: ConnectionSettingsOffers): Promise<void> {
    const { otherConnections, ...rest } = this.#kept();
    const merged = { ...rest, ...taken };
    const others = new Map([...otherConnections ?? [], ...taken.otherConnections ?? []]);
    const all = others.size === 0 ? merged : { ...merged, otherConnections: others };
    await this.#deps.keeper.change({ handedOn: bytesToHex(encodeConnectionSettings(all)) });
  }

  #kept(): ConnectionSettingsOffers {
    const { handedOn } = this.#deps.keeper.state;
    return handedOn === undefined ? {} : decodeConnectionSettings(hexToBytes(handedOn));
  }

  #may(bits: number): boolean {
    return hasBits(this.#deps.capabilities(), bits);
  }

  #wantedServer(opamp: OpAMPConnectionSettings | undefined): OpAMPConnectionSettings | undefined {
    if (this.#may(AgentCapabilities.AcceptsOpAMPConnectionSettings)) return opamp;
    const { heartbeatIntervalSeconds } = opamp ?? {};
    const isMeant = opamp !== undefined && (Boolean(heartbeatIntervalSeconds) || isIntervalAlone(opamp));
    return isMeant && this.#may(AgentCapabilities.ReportsHeartbeat) ? { heartbeatIntervalSeconds } : undefined;
  }

  #ownTelemetry(signal: OwnSignal, settings: TelemetryConnectionSettings, abort: AbortSignal): Promise<Problem> {
    const { onOwnTelemetry } = this.#deps.callbacks;
    return onOwnTelemetry === undefined ? UNSUPPORTED : guarded(() => onOwnTelemetry(signal, settings, abort));
  }

  #others(settings: ReadonlyMap<string, OtherConnectionSettings>, abort: AbortSignal): Promise<Problem> {
    const { onOtherConnections } = this.#deps.callbacks;
    return onOtherConnections === undefined ? UNSUPPORTED : guarded(() => onOtherConnections(settings, abort));
  }

  async #server(offer: OpAMPConnectionSettings): Promise<Problem> {
    const { session, keeper, basis } = this.#deps;
    const current = session.connection;
    const { candidate, problem } = mergeOffer(current, offer, keeper.state.pendingKeyPem || current.tls.keyPem);
    if (candidate === undefined) return problem;
    const refusal = this.#refusal(current, candidate, offer);
    if (refusal !== undefined) return refusal;
    if (!needsReconnect(current, candidate)) {
      session.adopt(candidate);
      await keeper.change({ accepted: { connection: candidate, basis } });
      return undefined;
    }
    const isKept = await keeper.change({ candidate: { connection: candidate, basis } });
    return isKept ? this.tryServer(candidate) : "the settings cannot be stored here";
  }

  #refusal(current: ServerConnection, candidate: ServerConnection, offer: OpAMPConnectionSettings): Problem {
    const { policy, store } = this.#deps;
    if (offer.certificate !== undefined && store.isEphemeral) return "a certificate cannot be kept here over a restart";
    const isLaxer = candidate.tls.insecureSkipVerify && !current.tls.insecureSkipVerify;
    if (isLaxer && !policy.allowInsecureSkipVerify) return "insecure_skip_verify is not allowed here";
    return policy.check?.(candidate);
  }
}

const UNSUPPORTED = Promise.resolve("the agent has no use for it");

/** So that one part that throws does not keep the others from being taken. */
async function guarded(work: () => Promise<Problem>): Promise<Problem> {
  try {
    return await work();
  } catch (error) {
    return describeError(error);
  }
}
