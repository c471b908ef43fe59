/**
 * Tokens (JWT) of configured issuers: whose data theirs is, by a claim that the issuer has signed.
 *
 * The algorithms are the configuration's, and only ones with a private key: `none` and a public key used as a shared
 * secret are not among them whatever the token's header says. Keys that a token brings or points to (`jwk`, `jku`, `x5u`)
 * are not looked at.
 * Sources: RFC 7519; RFC 8725.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { errors, type JWTPayload, jwtVerify } from "jose";
import type { Clock } from "../../core/clock.ts";
import { UnavailableError } from "../../core/errors.ts";
import type { Logger } from "../../core/log/logger.ts";
import { IssuerKeys, keyReader } from "./jwks.ts";
import type { BadCredential } from "./refused.ts";
import type { JwtConfig } from "./schema.ts";

/** What a token says, once it is verified; or why it says nothing. */
export type TokenAnswer =
  | { readonly tenantId: string; readonly issuer: string; readonly subject: string; readonly expiresMs: number }
  | BadCredential;

/** A tenant's id or a subject is no longer. */
const MAX_CLAIM_CHARS = 256;

/** Three parts of base64url (RFC 7515 7.1), which has no padding: a signature is to be written in one way only. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

interface Issuer {
  readonly config: JwtConfig;
  readonly keys: IssuerKeys;
}

export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #clock: Clock;

  constructor(configs: readonly JwtConfig[], deps: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = deps.clock;
    this.#issuers = new Map(configs.map((config) => {
      const logger = deps.logger.with({ issuer: config.issuer });
      const keys = new IssuerKeys(keyReader(config), config.jwks_refresh_interval, { ...deps, logger });
      return [config.issuer, { config, keys }];
    }));
  }

  /** Reads the keys of all issuers; those that cannot be read are told in the log and tried again. */
  async start(): Promise<void> {
    await Promise.all([...this.#issuers.values()].map(({ keys }) => keys.load()));
  }

  /**
   * @param token As presented, bounded by who asks.
   * @throws {UnavailableError} The issuer's keys could not be read yet.
   */
  async verify(token: string): Promise<TokenAnswer> {
    const issuer = this.#issuers.get(unverifiedIssuer(token) ?? "");
    if (issuer === undefined) return { refusal: "the token's issuer is not known" };
    if (!COMPACT.test(token) || !isCanonical(token)) return { refusal: "the token is malformed" };
    const { config, keys } = issuer;
    try {
      const { payload } = await jwtVerify(token, keys.get, {
        issuer: config.issuer,
        audience: config.audience,
        algorithms: [...config.algorithms],
        clockTolerance: config.clock_skew / 1_000,
        currentDate: new Date(this.#clock.nowMs()),
        requiredClaims: ["exp"],
      });
      const unbounded = TIMES.find((claim) => payload[claim] !== undefined && !Number.isFinite(payload[claim]));
      if (unbounded !== undefined) return { refusal: `the token's ${unbounded} is not as wanted` };
      return answerOf(payload, config);
    } catch (error) {
      if (error instanceof UnavailableError) throw error;
      return refusalOf(error);
    }
  }
}

/** A number that JSON writes as 1e999 is infinite, and as an end is none. */
const TIMES = ["exp", "nbf", "iat"] as const;

/** The last character of base64url may have bits that mean nothing: they are to be zero, as an encoder leaves them. */
function isCanonical(token: string): boolean {
  const signature = token.slice(token.lastIndexOf(".") + 1);
  return Buffer.from(signature, "base64url").toString("base64url") === signature;
}

/** Which issuer's keys to ask; what it says is believed after that. */
function unverifiedIssuer(token: string): string | undefined {
  const [, payload = "", signature] = token.split(".", 4);
  if (signature === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as { readonly iss?: unknown } | null;
    return typeof claims?.iss === "string" ? claims.iss : undefined;
  } catch {
    return undefined; // not JSON
  }
}

function answerOf(payload: JWTPayload, { tenant_claim, issuer, clock_skew }: JwtConfig): TokenAnswer {
  const tenantId = Object.hasOwn(payload, tenant_claim) ? payload[tenant_claim] : undefined;
  if (typeof tenantId !== "string" || tenantId === "" || tenantId.length > MAX_CLAIM_CHARS) {
    return { refusal: "the token names no tenant" };
  }
  const { sub, exp = 0 } = payload;
  const subject = typeof sub === "string" ? sub.slice(0, MAX_CLAIM_CHARS) : "";
  return { tenantId, issuer, subject, expiresMs: exp * 1_000 + clock_skew };
}

/** The signature is checked before its times. */
function refusalOf(error: unknown): BadCredential {
  const refusal = reasonOf(error);
  if (error instanceof errors.JWTExpired) return { refusal, untimely: "expired" };
  if (!(error instanceof errors.JWTClaimValidationFailed)) return { refusal };
  const isEarly = error.claim === "nbf" && error.reason === "check_failed"; // elsewhere it is no time at all
  return isEarly ? { refusal, untimely: "not_yet" } : { refusal };
}

/** In words of ours: the library's may quote the token. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) return `the token's ${claimName(error.claim)} is not as wanted`;
  if (error instanceof errors.JOSEAlgNotAllowed) return "the token's algorithm is not allowed";
  if (error instanceof errors.JWKSNoMatchingKey) return "the token's key is not known";
  if (error instanceof errors.JWKSMultipleMatchingKeys) return "the token does not say which key it is signed with";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the token's signature is wrong";
  return "the token is malformed";
}

const CLAIMS: readonly string[] = ["iss", "aud", "exp", "nbf", "iat"];

function claimName(claim: string): string {
  return CLAIMS.includes(claim) ? claim : "contents";
}
