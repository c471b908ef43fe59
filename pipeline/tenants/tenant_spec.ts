/**
 * One tenant, whole: what its configuration and the defaults come to.
 *
 * @module
 */

import type { Signal } from "../otlp/signals.ts";
import type { SecretHash } from "./identity/api_key.ts";
import type { TenantLimits } from "./limits.ts";

export interface TenantSpec {
  readonly id: string;
  /** Whether it may send; what it has and is goes on. */
  readonly enabled: boolean;
  readonly keys: readonly ApiKeySpec[];
  readonly basic: readonly BasicSpec[];
  readonly certificates: readonly CertificateSpec[];
  readonly limits: TenantLimits;
  /** What becomes of a request of which a part has room: that part goes on, or nothing. */
  readonly overLimit: OverLimit;
  readonly signals: ReadonlySet<Signal>;
  /** Ids; undefined: all. */
  readonly pipelines: ReadonlySet<string> | undefined;
  /** Put on every resource. */
  readonly resourceAttributes: readonly (readonly [string, string])[];
  readonly priority: number;
  readonly weight: number;
  readonly maxQueueShare: number;
}

export const OVER_LIMIT = ["partial", "refuse"] as const;
export type OverLimit = (typeof OVER_LIMIT)[number];

/** When a key counts, milliseconds since 1970: from -Infinity, until Infinity. */
export interface ApiKeySpec extends SecretHash {
  readonly id: string;
  readonly notBeforeMs: number;
  readonly expiresMs: number;
}

export interface BasicSpec {
  readonly username: string;
  readonly passwordHash: string;
}

/** A name in a client certificate. */
export interface CertificateSpec {
  readonly kind: CertificateKind;
  readonly name: string;
}

export const CERTIFICATE_KINDS = ["subject", "dns", "uri", "email"] as const;
export type CertificateKind = (typeof CERTIFICATE_KINDS)[number];
