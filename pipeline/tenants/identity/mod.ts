/**
 * Whose a request is: from its credentials, never from what it says of itself.
 *
 * | Credential | Found by | Proved by |
 * |---|---|---|
 * | API key (`Authorization: Bearer`, `x-api-key`, Basic with the key's id as user) | key id | salted hash of its secret |
 * | JWT (`Authorization: Bearer`) | issuer, then its tenant claim | the issuer's signature |
 * | user and password (`Authorization: Basic`) | user | password hash |
 * | a trusted proxy's header | tenant id | the peer's address |
 * | client certificate | a name in it | the handshake |
 *
 * Every credential that a request brings must be good, and all must be of one tenant: 401 otherwise. Two things are as if
 * they were not there: a plain header from a peer that is no trusted proxy, and a certificate that names no tenant (in a
 * mesh everybody has one). A request with none at all is the default tenant's, or refused.
 *
 * What was found to be good is remembered by the header's own text, for five minutes at the most and until the tenants
 * change. The text and not its hash: SHA-256 takes longer (1.5-4 us) than everything else here together, the text is in
 * memory anyway while its connection is open, and where a table compares texts its seed decides, not the sender.
 *
 * @module
 */

import type { Lifecycle } from "../../contract/consumer.ts";
import type { ClientCertificate, Identifier, Identity, Sender } from "../../contract/tenants.ts";
import type { Clock } from "../../core/clock.ts";
import {
  type GatewayError,
  PermissionDeniedError,
  ThrottledError,
  UnauthenticatedError,
  UnavailableError,
} from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Counter, Meter } from "../../core/telemetry.ts";
import type { TenantRow, TenantTable } from "../table.ts";
import { AnswerCache } from "./answer_cache.ts";
import { type ApiKey, isSecret } from "./api_key.ts";
import { type Claim, readAuthorization, readKeyHeader } from "./authorization.ts";
import type { TokenVerifier } from "./jwt.ts";
import { type PasswordCheck, Passwords } from "./passwords.ts";
import { PeerLimit } from "./peer_limit.ts";
import { TrustedProxies } from "./proxies.ts";
import type { IdentityConfig } from "./schema.ts";

/** Good credentials that are remembered, in each of two generations. */
export const MAX_KNOWN = 8_192;
/** For how long, at the most, milliseconds. A key that its issuer withdraws counts for as long. */
export const KNOWN_MS = 300_000;
/** Bad ones, where finding that out again would cost much. */
export const MAX_REFUSED = 1_024;
const REFUSED_MS = 10_000;
/** Tokens and passwords that are being checked. */
export const MAX_CHECKS = 256;

const REALM = 'Bearer realm="sluice"';
const CHALLENGES = { missing: REALM, invalid: `${REALM}, error="invalid_token"` } as const;
const NO_ATTRIBUTES: Identity["attributes"] = new Map();

/** Why credentials are refused, as it is counted. */
type Refusal = "missing" | "malformed" | "unknown" | "contradictory" | "limited" | "disabled";

export interface IdentifierDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Absent: a thread of its own, when the first password comes. */
  readonly passwords?: PasswordCheck;
}

/**
 * Finds tenants by their credentials. To be started before it is asked.
 *
 * @param table The tenants of this moment; another one after a change.
 */
export function createIdentifier(
  config: IdentityConfig,
  table: () => TenantTable,
  deps: IdentifierDeps,
): Identifier & Lifecycle {
  return new CredentialIdentifier(config, table, deps);
}

/** Whose a credential was found to be. */
interface Known {
  readonly identity: Identity;
  readonly row: TenantRow;
  /** Of the tenants that were asked. */
  readonly generation: number;
  /** Monotonic. */
  readonly untilMs: number;
}

/** A credential that was not good. */
interface Refused {
  readonly reason: string;
  readonly generation: number;
  readonly untilMs: number;
}

/** What a credential proves: a tenant, for some time; or why it does not. */
type Proof =
  | {
    readonly row: TenantRow;
    readonly credential: string;
    readonly attributes: Identity["attributes"];
    /** Since 1970, milliseconds. */
    readonly expiresMs: number;
  }
  | { readonly refusal: string };

type CertificateAnswer = Identity | "none" | "several";

type Answer = Identity | Promise<Identity>;

class CredentialIdentifier implements Identifier, Lifecycle {
  readonly #config: IdentityConfig;
  readonly #table: () => TenantTable;
  readonly #deps: IdentifierDeps;
  readonly #keyHeaders: readonly string[];
  readonly #proxies: TrustedProxies | undefined;
  readonly #limit: PeerLimit;
  readonly #passwords: PasswordCheck;
  readonly #refusals: Readonly<Record<Refusal, Counter>>;
  readonly #byAuthorization = new AnswerCache<Known>(MAX_KNOWN, KNOWN_MS);
  readonly #byKey = new AnswerCache<Known>(MAX_KNOWN, KNOWN_MS);
  readonly #byHeader = new AnswerCache<Known>(MAX_KNOWN, KNOWN_MS);
  readonly #refused = new AnswerCache<Refused>(MAX_REFUSED, REFUSED_MS);
  #byCertificate = new WeakMap<ClientCertificate, CertificateAnswer>();
  /** By the header's text, so that a hundred connections that open with one password check it once. */
  readonly #checks = new Map<string, Promise<Identity>>();
  #tokens: TokenVerifier | undefined;
  #asked: TenantTable | undefined;
  #generation = 0;
  #default: Identity | undefined;
  /** What a user that is not known is compared with: the hash of one that is, so that both take as long. */
  #decoyHash = "$2b$10$abcdefghijklmnopqrstuuKhdKxQkvEjdMWbq.TlFc5X0dfJlIMl6";

  constructor(config: IdentityConfig, table: () => TenantTable, deps: IdentifierDeps) {
    this.#config = config;
    this.#table = table;
    this.#deps = deps;
    this.#keyHeaders = config.api_keys.headers;
    this.#proxies = config.trusted_proxy === undefined ? undefined : new TrustedProxies(config.trusted_proxy);
    this.#limit = new PeerLimit(config.unknown_limit);
    this.#passwords = deps.passwords ?? new Passwords(deps.clock);
    const counter = (reason: Refusal) => deps.meter.counter("sluice_tenants_refused_credentials", { reason });
    this.#refusals = {
      missing: counter("missing"),
      malformed: counter("malformed"),
      unknown: counter("unknown"),
      contradictory: counter("contradictory"),
      limited: counter("limited"),
      disabled: counter("disabled"),
    };
  }

  async start(): Promise<void> {
    if (this.#config.jwt.length === 0) return;
    const { TokenVerifier } = await import("./jwt.ts"); // its library is loaded where tokens are used
    this.#tokens = new TokenVerifier(this.#config.jwt, this.#deps);
    await this.#tokens.start();
  }

  shutdown(): Promise<void> {
    this.#passwords.close();
    return Promise.resolve();
  }

  identify(sender: Sender): Answer {
    const table = this.#table();
    if (table !== this.#asked) this.#begin(table);
    const nowMs = this.#deps.clock.monotonicMs();
    let found: Answer | undefined;
    const authorization = sender.header("authorization");
    if (authorization !== undefined) found = this.#ofAuthorization(authorization, sender, nowMs);
    for (const name of this.#keyHeaders) {
      const key = sender.header(name);
      if (key !== undefined) found = this.#agreed(found, this.#ofKeyHeader(key, sender, nowMs), sender);
    }
    if (this.#proxies?.trusts(sender.peerAddress) === true) {
      const id = sender.header(this.#config.trusted_proxy?.header ?? "");
      if (id !== undefined) found = this.#agreed(found, this.#ofProxy(id, sender, nowMs), sender);
    }
    const certificate = sender.certificate?.();
    if (certificate !== undefined) {
      const identity = this.#ofCertificate(certificate, sender, nowMs);
      if (identity !== undefined) found = this.#agreed(found, identity, sender);
    }
    return found ?? this.#default ?? this.#missing();
  }

  /** Other tenants than before: nothing that was found out still counts. */
  #begin(table: TenantTable): void {
    this.#asked = table;
    this.#generation++;
    this.#byCertificate = new WeakMap();
    const row = table.find(this.#config.default_tenant);
    this.#default = row === undefined || !row.enabled ? undefined : identityOf(row, "default");
  }

  #ofAuthorization(header: string, sender: Sender, nowMs: number): Answer {
    const known = this.#byAuthorization.get(header);
    if (known !== undefined && this.#counts(known, nowMs)) return this.#enabled(known);
    const claim = readAuthorization(header);
    switch (claim.kind) {
      case "key":
        return this.#ofKey(claim.key, header, this.#byAuthorization, sender, nowMs);
      case "token":
      case "password":
        return this.#ofCostly(claim, header, known !== undefined, sender, nowMs);
      case "malformed":
        throw this.#refuse("malformed", `Authorization ${claim.reason}`, sender, nowMs);
    }
  }

  #ofKeyHeader(header: string, sender: Sender, nowMs: number): Answer {
    const known = this.#byKey.get(header);
    if (known !== undefined && this.#counts(known, nowMs)) return this.#enabled(known);
    const claim = readKeyHeader(header);
    if (claim.kind === "key") return this.#ofKey(claim.key, header, this.#byKey, sender, nowMs);
    throw this.#refuse("malformed", "the header for an API key holds none", sender, nowMs);
  }

  /** A hash costs less than keeping account of it, so a good key is let in whatever others at its address do. */
  #ofKey(key: ApiKey, header: string, cache: AnswerCache<Known>, sender: Sender, nowMs: number): Identity {
    const proof = this.#proveKey(key);
    if ("refusal" in proof) throw this.#refuse("unknown", proof.refusal, sender, nowMs);
    return this.#remember(cache, header, proof, this.#generation, nowMs);
  }

  #proveKey({ id, secret }: ApiKey): Proof {
    const key = this.#tableNow().findKey(id);
    if (!isSecret(secret, key) || key === undefined) return { refusal: "the API key is not known" };
    const nowMs = this.#deps.clock.nowMs();
    if (nowMs < key.notBeforeMs) return { refusal: "the API key does not count yet" };
    if (nowMs >= key.expiresMs) return { refusal: "the API key has expired" };
    const row = this.#tableNow().at(key.slot);
    if (row === undefined) return { refusal: "the API key is not known" };
    return { row, credential: id, attributes: NO_ATTRIBUTES, expiresMs: key.expiresMs };
  }

  #ofProxy(id: string, sender: Sender, nowMs: number): Identity {
    const known = this.#byHeader.get(id);
    if (known !== undefined && this.#counts(known, nowMs)) return this.#enabled(known);
    const row = this.#tableNow().find(id);
    const header = this.#config.trusted_proxy?.header ?? "";
    if (row === undefined) throw this.#refuse("unknown", `${header} names no tenant`, sender, nowMs);
    const proof = { row, credential: `header:${header}`, attributes: NO_ATTRIBUTES, expiresMs: Infinity };
    return this.#remember(this.#byHeader, id, proof, this.#generation, nowMs);
  }

  #ofCertificate(certificate: ClientCertificate, sender: Sender, nowMs: number): Identity | undefined {
    let identity = this.#byCertificate.get(certificate);
    if (identity === undefined) {
      identity = certificateIdentity(certificate, this.#tableNow());
      this.#byCertificate.set(certificate, identity);
    }
    if (identity === "none") return undefined;
    if (identity === "several") {
      throw this.#refuse("contradictory", "the certificate is of several tenants", sender, nowMs);
    }
    if (this.#tableNow().at(identity.tenant.slot)?.enabled !== true) throw this.#disabled();
    return identity;
  }

  /** A token or a password: checked once for all that bring it at a time, and only as often as its peer may. */
  #ofCostly(claim: Claim, header: string, wasGood: boolean, sender: Sender, nowMs: number): Answer {
    const refused = this.#refused.get(header);
    if (refused !== undefined && refused.generation === this.#generation && nowMs < refused.untilMs) {
      throw this.#refuse("unknown", refused.reason, sender, nowMs);
    }
    const running = this.#checks.get(header);
    if (running !== undefined) return running;
    const address = this.#addressOf(sender);
    const waitMs = this.#limit.take(address, nowMs);
    if (waitMs > 0 && !wasGood) throw this.#limited(waitMs);
    if (this.#checks.size >= MAX_CHECKS) {
      throw new UnavailableError("Cannot check the credentials: too many wait to be checked", { retryAfterMs: 1_000 });
    }
    const check = this.#check(claim, header, waitMs > 0 ? undefined : address).finally(() =>
      this.#checks.delete(header)
    );
    check.catch(() => {}); // another credential of the request may be refused first
    this.#checks.set(header, check);
    return check;
  }

  /** @param address Of the peer that an attempt was taken of; it is given back unless the credential is bad. */
  async #check(claim: Claim, header: string, address: string | undefined): Promise<Identity> {
    const generation = this.#generation;
    let proof: Proof | undefined;
    try {
      proof = await this.#prove(claim);
    } finally {
      const isBad = proof !== undefined && "refusal" in proof;
      if (!isBad && address !== undefined) this.#limit.giveBack(address);
    }
    const nowMs = this.#deps.clock.monotonicMs();
    if (!("refusal" in proof)) return this.#remember(this.#byAuthorization, header, proof, generation, nowMs);
    this.#refused.put(header, { reason: proof.refusal, generation, untilMs: nowMs + REFUSED_MS }, nowMs);
    this.#refusals.unknown.add(1);
    throw unauthenticated(proof.refusal, CHALLENGES.invalid);
  }

  #prove(claim: Claim): Promise<Proof> {
    if (claim.kind === "token") return this.#proveToken(claim.token);
    if (claim.kind === "password") return this.#provePassword(claim.username, claim.password);
    throw new TypeError(`Cannot check a credential of kind ${claim.kind}: wanted a token or a password`);
  }

  async #proveToken(token: string): Promise<Proof> {
    if (this.#tokens === undefined) return { refusal: "the token is no API key, and no others are taken" };
    const answer = await this.#tokens.verify(token);
    if ("refusal" in answer) return answer;
    const { tenantId, issuer, subject, expiresMs } = answer;
    const row = this.#tableNow().find(tenantId);
    if (row === undefined) return { refusal: "the token's tenant is not known" };
    const attributes = new Map([["issuer", issuer], ["subject", subject]]);
    return { row, credential: `jwt:${issuer}`, attributes, expiresMs };
  }

  async #provePassword(username: string, password: string): Promise<Proof> {
    const user = this.#tableNow().findBasic(username);
    if (user !== undefined) this.#decoyHash = user.passwordHash;
    const isSame = await this.#passwords.verify(password, user?.passwordHash ?? this.#decoyHash);
    const row = user === undefined ? undefined : this.#tableNow().at(user.slot);
    if (!isSame || row === undefined) return { refusal: "the user is not known, or the password is another" };
    return { row, credential: `basic:${username}`, attributes: new Map([["username", username]]), expiresMs: Infinity };
  }

  #tableNow(): TenantTable {
    return this.#asked ?? this.#table();
  }

  #counts({ generation, untilMs }: Known, nowMs: number): boolean {
    return generation === this.#generation && nowMs < untilMs;
  }

  #remember(
    cache: AnswerCache<Known>,
    header: string,
    proof: Exclude<Proof, { readonly refusal: string }>,
    generation: number,
    nowMs: number,
  ): Identity {
    const { row, credential, attributes, expiresMs } = proof;
    const leftMs = Math.min(KNOWN_MS, expiresMs - this.#deps.clock.nowMs());
    const known = { identity: { tenant: row.tag, credential, attributes }, row, generation, untilMs: nowMs + leftMs };
    cache.put(header, known, nowMs);
    return this.#enabled(known);
  }

  #enabled({ identity, row }: Known): Identity {
    if (!row.enabled) throw this.#disabled();
    return identity;
  }

  #disabled(): GatewayError {
    this.#refusals.disabled.add(1);
    return new PermissionDeniedError("Cannot take data: its tenant is disabled");
  }

  /** One identity of two: of whoever comes first, when they are the same tenant's. */
  #agreed(first: Answer | undefined, second: Answer, sender: Sender): Answer {
    if (first === undefined) return second;
    if (first instanceof Promise || second instanceof Promise) {
      return Promise.all([first, second]).then(([one, other]) => this.#same(one, other, sender));
    }
    return this.#same(first, second, sender);
  }

  #same(first: Identity, second: Identity, sender: Sender): Identity {
    if (first.tenant.slot === second.tenant.slot) return first;
    const nowMs = this.#deps.clock.monotonicMs();
    throw this.#refuse("contradictory", "the credentials are of several tenants", sender, nowMs);
  }

  #missing(): never {
    this.#refusals.missing.add(1);
    throw unauthenticated("the request has no credentials", CHALLENGES.missing);
  }

  /** Takes an attempt of the peer. @returns What to throw: 401, or 429 when it has had too many. */
  #refuse(kind: Refusal, reason: string, sender: Sender, nowMs: number): GatewayError {
    const waitMs = this.#limit.take(this.#addressOf(sender), nowMs);
    if (waitMs > 0) return this.#limited(waitMs);
    this.#refusals[kind].add(1);
    return unauthenticated(reason, CHALLENGES.invalid);
  }

  #limited(waitMs: number): GatewayError {
    this.#refusals.limited.add(1);
    const message = "Cannot take data: too many attempts with unknown credentials from this address";
    return new ThrottledError(message, { retryAfterMs: Math.ceil(waitMs) });
  }

  /** Behind a trusted proxy it is the one that the proxy tells. */
  #addressOf(sender: Sender): string {
    const { peerAddress } = sender;
    const { trusted_proxy } = this.#config;
    if (trusted_proxy === undefined || this.#proxies?.trusts(peerAddress) !== true) return peerAddress;
    return this.#proxies.behind(sender.header(trusted_proxy.address_header), peerAddress);
  }
}

/** Any of its names may be a tenant's: URIs are looked at first, then DNS names, addresses and the subject. */
function certificateIdentity(certificate: ClientCertificate, table: TenantTable): CertificateAnswer {
  const { uris, dnsNames, emails, subject } = certificate;
  const names = [["uri", uris], ["dns", dnsNames], ["email", emails], ["subject", [subject]]] as const;
  const found = names.flatMap(([kind, list]) =>
    list.flatMap((name) => {
      const row = table.findCertificate(kind, name);
      return row === undefined ? [] : [identityOf(row, `certificate:${kind}:${name}`)];
    })
  );
  const [first] = found;
  if (first === undefined) return "none";
  return found.every(({ tenant }) => tenant.slot === first.tenant.slot) ? first : "several";
}

function identityOf(row: TenantRow, credential: string): Identity {
  return { tenant: row.tag, credential, attributes: NO_ATTRIBUTES };
}

function unauthenticated(reason: string, challenge: string): UnauthenticatedError {
  return new UnauthenticatedError(`Cannot tell whose data this is: ${reason}`, challenge);
}
