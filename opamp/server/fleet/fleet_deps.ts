/**
 * What a fleet is made with.
 *
 * @module
 */

import type { Clock } from "../../../pipeline/core/clock.ts";
import type { Logger } from "../../../pipeline/core/log/logger.ts";
import type { Meter } from "../../../pipeline/core/telemetry/meter.ts";
import type { ConnectionSettingsOffers } from "../../protocol/messages.ts";
import type { ServerFace } from "../agents/agent_session.ts";
import type { FleetStore } from "../store/fleet_store.ts";
import type { RemoteConfigOffer } from "../offers.ts";
import type { OpampServerSettings } from "../settings.ts";

/** An agent's wish for a certificate. */
export interface CertificateWish {
  /** In hexadecimal; a uid inside the request must be this one, or {@link newUid}. */
  readonly uid: string;
  /** The uid that the agent has been told to take, if any: the request may already name it. */
  readonly newUid: string | undefined;
  /** PEM. */
  readonly csr: Uint8Array;
}

/** Answers a wish for a certificate; a refusal throws. */
export type IssueCertificate = (wish: CertificateWish) => Promise<ConnectionSettingsOffers>;

export interface FleetDeps {
  readonly settings: OpampServerSettings;
  /** `ServerCapabilities` and custom capabilities of this server. */
  readonly face: Pick<ServerFace, "capabilities" | "customCapabilities">;
  readonly clock: Clock;
  /** Bytes from a cryptographic source. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Where agents are kept over restarts. */
  readonly store?: FleetStore | undefined;
  /** The configuration of a hash, for agents that come from the store. */
  readonly findConfig?: ((hash: string) => RemoteConfigOffer | undefined) | undefined;
  /** Without it wishes for certificates are refused. */
  readonly issueCertificate?: IssueCertificate | undefined;
}

/** How an offer is made. */
export interface OfferOptions {
  /** Whether it also goes to agents that could not apply it. Default false. */
  readonly retryFailed?: boolean;
}
