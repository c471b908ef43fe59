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
 * memory anyway while its connection is open, and texts are compared where a hash with a secret seed is the same alone
 * (`header_cache.ts`).
 *
 * @module
 */

import type { Lifecycle } from "../../contract/consumer.ts";
import type { ClientCertificate, Identifier, Identity, Sender } from "../../contract/tenants.ts";
import type { Clock } from "../../core/clock.ts";
import type { GatewayError } from "../../core/errors.ts";
import type { Logger } from "../../core/log/logger.ts";
import type { Counter, Meter } from "../../core/telemetry/meter.ts";
import type { TenantRow, TenantTable } from "../table/table.ts";
import { HeaderCache, type Validity } from "./header_cache.ts";
import { type ApiKey, isSecret } from "./api_key.ts";
import { type Claim, readAuthorization, readKeyHeader } from "./authorization.ts";
import { type Checked, GuardedChecks } from "./guarded_checks.ts";
import type { TokenVerifier } from "./jwt.ts";
import { type PasswordCheck, Passwords } from "./passwords.ts";
import { PeerLimit } from "./peer_limit.ts";
import { type BadCredential, CREDENTIAL_REFUSALS, type CredentialRefusal, type RefusalListener, type Untimely } from //
"./refused.ts";
import { RefusalErrors } from "./refusal_errors.ts";
import { TrustedProxies } from "./proxies.ts";
import type { IdentityConfig } from "./schema.ts";

/** Good credentials that are remembered, in each of two generations. */
const MAX_KNOWN = 8_192;
/** For how long, at the most, milliseconds. A key that its issuer withdraws counts for as long. */
export const KNOWN_MS = 300_000;
const REALM = 'Bearer realm="sluice"';
const CHALLENGES = { missing: REALM, invalid: `${REALM}, error="invalid_token"` } as const;
const NO_ATTRIBUTES: Identity["attributes"] = new Map();

export interface IdentifierDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Told of every refusal. Absent: nobody is. */
  readonly refused?: RefusalListener;
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

/** What a credential proves: a tenant, for some time. */
interface Proof {
  readonly row: TenantRow;
  readonly credential: string;
  readonly attributes: Identity["attributes"];
  /** Since 1970, milliseconds. */
  readonly expiresMs: number;
}

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
  readonly #errors = new RefusalErrors();
  readonly #refusals: ReadonlyMap<CredentialRefusal, Counter>;
  readonly #byAuthorization = new HeaderCache(MAX_KNOWN, KNOWN_MS);
  readonly #byKey = new HeaderCache(MAX_KNOWN, KNOWN_MS);
  readonly #byProxy = new HeaderCache(MAX_KNOWN, KNOWN_MS);
  #byCertificate = new WeakMap<ClientCertificate, CertificateAnswer>();
  readonly #checks: GuardedChecks<Identity>;
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
    const counter = (reason: CredentialRefusal) => deps.meter.counter("sluice_tenant_refused_credentials", { reason });
    this.#refusals = new Map(CREDENTIAL_REFUSALS.map((reason) => [reason, counter(reason)]));
    const { clock } = deps;
    this.#checks = new GuardedChecks({
      limit: this.#limit,
      clock,
      errors: this.#errors,
      challenge: CHALLENGES.invalid,
      refused: (kind, { address, signal }, message) => this.#tell(kind, address, signal, message),
    });
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

  identify(sender: Sender, nowMs = this.#deps.clock.monotonicMs()): Answer {
    const table = this.#table();
    if (table !== this.#asked) this.#begin(table);
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
    return found ?? this.#default ?? this.#missing(sender);
  }

  /** Other tenants than before: nothing that was found out still counts. */
  #begin(table: TenantTable): void {
    this.#asked = table;
    this.#generation++;
    this.#byCertificate = new WeakMap();
    const row = table.find(this.#config.default_tenant);
    this.#default = row === undefined ? undefined : identityOf(row, "default");
    if (row !== undefined || this.#config.default_tenant === "") return;
    this.#deps.logger.warn("default_tenant is no tenant: who has no credentials is refused");
  }

  #ofAuthorization(header: string, sender: Sender, nowMs: number): Answer {
    const known = this.#byAuthorization.get(header);
    if (known !== undefined && this.#counts(known, nowMs)) return known;
    const claim = readAuthorization(header);
    switch (claim.kind) {
      case "key":
        return this.#ofKey(claim.key, header, this.#byAuthorization, sender, nowMs);
      case "token":
        return this.#ofCostly(() => this.#proveToken(claim.token), header, known !== undefined, sender);
      case "password":
        return this.#ofCostly(() => this.#provePassword(claim), header, known !== undefined, sender);
      case "malformed":
        throw this.#refuse("malformed", `Authorization ${claim.reason}`, sender, nowMs);
    }
  }

  #ofKeyHeader(header: string, sender: Sender, nowMs: number): Answer {
    const known = this.#byKey.get(header);
    if (known !== undefined && this.#counts(known, nowMs)) return known;
    const claim = readKeyHeader(header);
    if (claim.kind === "key") return this.#ofKey(claim.key, header, this.#byKey, sender, nowMs);
    throw this.#refuse("malformed", "the header for an API key holds none", sender, nowMs);
  }

  /** A hash costs less than keeping account of it, so a good key is let in whatever others at its address do. */
  #ofKey(key: ApiKey, header: string, cache: HeaderCache, sender: Sender, nowMs: number): Identity {
    const proof = this.#proveKey(key, sender);
    if ("refusal" in proof) throw this.#refuse(proof.untimely ?? "unknown", proof.refusal, sender, nowMs);
    return this.#remember(cache, header, proof.good, this.#generation, nowMs);
  }

  #proveKey({ id, secret }: ApiKey, sender: Sender): Checked<Proof> {
    const key = this.#tableNow().findKey(id);
    if (!isSecret(secret, key) || key === undefined) return { refusal: "the API key is not known" };
    const nowMs = this.#deps.clock.nowMs();
    const row = this.#tableNow().at(key.slot);
    if (row === undefined) return { refusal: "the API key is not known" };
    const isEarly = nowMs < key.notBeforeMs;
    if (isEarly || nowMs >= key.expiresMs) return this.#untimely(row, id, isEarly ? "not_yet" : "expired", sender);
    return { good: { row, credential: id, attributes: NO_ATTRIBUTES, expiresMs: key.expiresMs } };
  }

  #untimely({ tag }: TenantRow, keyId: string, untimely: Untimely, { signal }: Sender): BadCredential {
    const refusal = untimely === "expired" ? "the API key has expired" : "the API key does not count yet";
    this.#deps.refused?.untimely(tag, signal, untimely, `${refusal}: ${keyId}`);
    return { refusal, untimely };
  }

  #ofProxy(id: string, sender: Sender, nowMs: number): Identity {
    const known = this.#byProxy.get(id);
    if (known !== undefined && this.#counts(known, nowMs)) return known;
    const row = this.#tableNow().find(id);
    const header = this.#config.trusted_proxy?.header ?? "";
    if (row === undefined) throw this.#refuse("unknown", `${header} names no tenant`, sender, nowMs);
    const proof = { row, credential: `header:${header}`, attributes: NO_ATTRIBUTES, expiresMs: Infinity };
    return this.#remember(this.#byProxy, id, proof, this.#generation, nowMs);
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
    return identity;
  }

  #ofCostly(
    prove: () => Promise<Checked<Proof>>,
    header: string,
    wasGood: boolean,
    sender: Sender,
  ): Promise<Identity> {
    const generation = this.#generation;
    const check = async (): Promise<Checked<Identity>> => {
      const proof = await prove();
      if ("refusal" in proof) return proof;
      const nowMs = this.#deps.clock.monotonicMs();
      return { good: this.#remember(this.#byAuthorization, header, proof.good, generation, nowMs) };
    };
    const attempt = { header, address: this.#addressOf(sender), signal: sender.signal, wasGood, generation };
    return this.#checks.run(attempt, check);
  }

  async #proveToken(token: string): Promise<Checked<Proof>> {
    if (this.#tokens === undefined) return { refusal: "the token is no API key, and no others are taken" };
    const answer = await this.#tokens.verify(token);
    if ("refusal" in answer) return answer;
    const { tenantId, issuer, subject, expiresMs } = answer;
    const row = this.#tableNow().find(tenantId);
    if (row === undefined) return { refusal: "the token's tenant is not known" };
    const attributes = new Map([["issuer", issuer], ["subject", subject]]);
    return { good: { row, credential: `jwt:${issuer}`, attributes, expiresMs } };
  }

  async #provePassword(
    { username, password }: Extract<Claim, { readonly kind: "password" }>,
  ): Promise<Checked<Proof>> {
    const user = this.#tableNow().findBasic(username);
    if (user !== undefined) this.#decoyHash = user.passwordHash;
    const isSame = await this.#passwords.verify(password, user?.passwordHash ?? this.#decoyHash);
    const row = user === undefined ? undefined : this.#tableNow().at(user.slot);
    if (!isSame || row === undefined) return { refusal: "the user is not known, or the password is another" };
    const attributes = new Map([["username", username]]);
    return { good: { row, credential: `basic:${username}`, attributes, expiresMs: Infinity } };
  }

  #tableNow(): TenantTable {
    return this.#asked ?? this.#table();
  }

  #counts({ generation, untilMs }: Validity, nowMs: number): boolean {
    return generation === this.#generation && nowMs < untilMs;
  }

  #remember(
    cache: HeaderCache,
    header: string,
    proof: Proof,
    generation: number,
    nowMs: number,
  ): Identity {
    const { row, credential, attributes, expiresMs } = proof;
    const leftMs = Math.min(KNOWN_MS, expiresMs - this.#deps.clock.nowMs());
    const identity = { tenant: row.tag, credential, attributes };
    return cache.put(header, identity, { generation, untilMs: nowMs + leftMs }, nowMs);
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

  #missing(sender: Sender): never {
    const reason = "the request has no credentials";
    this.#tell("missing", this.#addressOf(sender), sender.signal, reason);
    throw this.#errors.unauthenticated(reason, CHALLENGES.missing);
  }

  /** Takes an attempt of the peer. @returns What to throw: 401, or 429 when it has had too many. */
  #refuse(kind: CredentialRefusal, reason: string, sender: Sender, nowMs: number): GatewayError {
    const address = this.#addressOf(sender);
    const waitMs = this.#limit.take(address, nowMs);
    const error = waitMs > 0 ? this.#errors.tooMany(waitMs) : this.#errors.unauthenticated(reason, CHALLENGES.invalid);
    this.#tell(waitMs > 0 ? "limited" : kind, address, sender.signal, waitMs > 0 ? error.message : reason);
    return error;
  }

  #tell(kind: CredentialRefusal, address: string, signal: Sender["signal"], message: string): void {
    this.#refusals.get(kind)?.add(1);
    this.#deps.refused?.unknown(address, signal, kind, message);
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
