/**
 * Why credentials are refused, and who is told of it. The sender is told less: every one of these is 401, or 429.
 *
 * @module
 */

import type { TenantTag } from "../../core/tenant.ts";
import type { Signal } from "../../otlp/signals.ts";

/** As it is counted. */
export const CREDENTIAL_REFUSALS = [
  "missing",
  "malformed",
  "unknown",
  "expired",
  "not_yet",
  "contradictory",
  "limited",
] as const;
export type CredentialRefusal = typeof CREDENTIAL_REFUSALS[number];

/** A credential that is genuine, and refused for its time alone. */
export type Untimely = "expired" | "not_yet";

/** Why a credential is refused. */
export interface BadCredential {
  /** Of a small fixed set, in words. */
  readonly refusal: string;
  /** Absent: it is not known. */
  readonly untimely?: Untimely;
}

/** Who looks after refusals. */
export interface RefusalListener {
  /** A tenant's own credential. @param signal Undefined: it is not known what was sent. */
  untimely(tenant: TenantTag, signal: Signal | undefined, reason: Untimely, message: string): void;
  /** Whoever it was. @param address Of the peer, or the one that a trusted proxy tells; "" when it is not known. */
  unknown(address: string, signal: Signal | undefined, reason: CredentialRefusal, message: string): void;
}
