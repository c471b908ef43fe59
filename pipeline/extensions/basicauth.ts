/**
 * The `basicauth` extension: users and passwords of an htpasswd file for senders to know (`htpasswd`), or one of them for
 * destinations to be told (`client_auth`).
 *
 * Source: collector reference, section 8; the collector's basicauthextension and go-htpasswd. Passwords are compared off
 * the thread with the requests, and only so often for one peer: what was right is remembered for five minutes.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { z } from "zod";
import { optionalSection, secret, section, text } from "../config/schema.ts";
import type { AuthAttributes, Authenticator, ServerAuthenticator } from "../contract/authenticator.ts";
import type { ComponentDeps, ExtensionFactory } from "../contract/component.ts";
import type { Sender } from "../contract/tenants.ts";
import type { Clock } from "../core/clock.ts";
import { isSameText } from "../core/constant_time.ts";
import { UnauthenticatedError } from "../core/errors.ts";
import { readConfiguredText } from "../core/regular_file.ts";
import type { HeaderPair } from "../core/telemetry/trace_context.ts";
import { AnswerCache } from "../tenants/identity/answer_cache.ts";
import { decodePair, MAX_CREDENTIAL_CHARS } from "../tenants/identity/authorization.ts";
import { type Checked, GuardedChecks } from "../tenants/identity/guarded_checks.ts";
import { isCheap, isPasswordHash } from "../tenants/identity/password_hash.ts";
import { Passwords } from "../tenants/identity/passwords.ts";
import { PeerLimit } from "../tenants/identity/peer_limit.ts";
import { RefusalErrors } from "../tenants/identity/refusal_errors.ts";

/** Users of one file. */
const MAX_USERS = 10_000;
/** An htpasswd file, bytes. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Users whose password was right. */
const MAX_KNOWN = 1_024;
const KNOWN_MS = 300_000;
/** Attempts of one peer that were not right. */
const ATTEMPTS = { attempts_per_second: 10, burst: 50 };
const CHALLENGE = 'Basic realm="sluice", charset="UTF-8"';

const schema = section({
  htpasswd: optionalSection({ file: text().default(""), inline: secret().default("") }),
  client_auth: optionalSection({
    username: text().default(""),
    username_file: text().default(""),
    password: secret().default(""),
    password_file: text().default(""),
  }),
}).superRefine(({ htpasswd, client_auth }, context) => {
  if ((htpasswd === undefined) === (client_auth === undefined)) {
    context.addIssue({ code: "custom", message: "needs exactly one of htpasswd and client_auth" });
  }
  if (htpasswd?.file === "" && htpasswd.inline === "") {
    context.addIssue({ code: "custom", path: ["htpasswd"], message: "has no users, wanted file or inline" });
  }
  if (client_auth?.username.includes(":") === true) {
    context.addIssue({ code: "custom", path: ["client_auth", "username"], message: "has a colon" });
  }
});

export type BasicAuthConfig = z.output<typeof schema>;

export const basicAuthFactory: ExtensionFactory<BasicAuthConfig> = {
  type: "basicauth",
  summary: "Users and passwords: asked of a receiver's senders, told to an exporter's destination.",
  schema,
  create: () => ({}),
  createAuthenticator: (config, deps) => new BasicAuth(config, deps),
};

class BasicAuth implements Authenticator {
  readonly server?: ServerAuthenticator;
  readonly client?: { credentials(): HeaderPair };
  readonly #config: BasicAuthConfig;
  readonly #passwords: Passwords;
  readonly #users = new Map<string, string>();
  #credentials: HeaderPair = ["authorization", ""];

  constructor(config: BasicAuthConfig, { clock }: Pick<ComponentDeps, "clock">) {
    this.#config = config;
    this.#passwords = new Passwords(clock);
    if (config.htpasswd !== undefined) this.server = new UserCheck(this.#users, this.#passwords, clock);
    else this.client = { credentials: () => this.#credentials };
  }

  /** @throws {Error} A file cannot be read, or is no htpasswd file. */
  async start(): Promise<void> {
    const { htpasswd, client_auth: own } = this.#config;
    if (htpasswd !== undefined) {
      if (htpasswd.file !== "") addUsers(this.#users, await readConfiguredText(htpasswd.file, MAX_FILE_BYTES));
      addUsers(this.#users, htpasswd.inline); // these win
    }
    if (own !== undefined) {
      const username = own.username_file === ""
        ? own.username
        : (await readConfiguredText(own.username_file, MAX_FILE_BYTES)).trim();
      const password = own.password_file === ""
        ? own.password
        : (await readConfiguredText(own.password_file, MAX_FILE_BYTES)).trim();
      if (username.includes(":")) throw new TypeError("Cannot use basicauth: the username has a colon");
      this.#credentials = ["authorization", `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`];
    }
  }

  shutdown(): Promise<void> {
    this.#passwords.close();
    return Promise.resolve();
  }
}

/** Lines of `user:hash`, the last of a user counts; others are left out, as in the collector. */
function addUsers(users: Map<string, string>, lines: string): void {
  for (const line of lines.split("\n")) {
    const [, user, hash] = /^([^:#][^:]*):(.+)$/.exec(line.trim()) ?? [];
    if (user === undefined || hash === undefined) continue;
    if (users.size >= MAX_USERS && !users.has(user)) {
      throw new RangeError(`Cannot use basicauth: there are more than ${MAX_USERS} users`);
    }
    users.set(user, hash);
  }
}

interface Known {
  readonly attributes: AuthAttributes;
  /** Monotonic. */
  readonly untilMs: number;
}

class UserCheck implements ServerAuthenticator {
  readonly header = "authorization";
  readonly #users: ReadonlyMap<string, string>;
  readonly #passwords: Passwords;
  readonly #clock: Clock;
  readonly #known = new AnswerCache<Known>(MAX_KNOWN, KNOWN_MS);
  readonly #checks: GuardedChecks<AuthAttributes>;
  #decoyHash: string | undefined;

  constructor(users: ReadonlyMap<string, string>, passwords: Passwords, clock: Clock) {
    this.#users = users;
    this.#passwords = passwords;
    this.#clock = clock;
    const limit = new PeerLimit(ATTEMPTS);
    this.#checks = new GuardedChecks({
      limit,
      clock,
      errors: new RefusalErrors(),
      challenge: CHALLENGE,
      refused: () => {},
    });
  }

  authenticate(sender: Sender): AuthAttributes | Promise<AuthAttributes> {
    const header = sender.header(this.header);
    if (header === undefined || header === "") throw refusal("the request has none");
    const known = this.#known.get(header);
    if (known !== undefined && this.#clock.monotonicMs() < known.untilMs) return known.attributes;
    const [, encoded] = /^basic ([A-Za-z0-9+/=]+)$/i.exec(header.length > MAX_CREDENTIAL_CHARS ? "" : header) ?? [];
    const pair = encoded === undefined ? undefined : decodePair(encoded);
    if (encoded === undefined || pair === undefined) throw refusal("they are malformed");
    const attempt = { header, address: sender.peerAddress, wasGood: known !== undefined, generation: 0 };
    return this.#checks.run(attempt, () => this.#check(header, encoded, pair));
  }

  async #check(
    header: string,
    encoded: string,
    [username, password]: readonly [string, string],
  ): Promise<Checked<AuthAttributes>> {
    const hash = this.#users.get(username);
    const isRight = await this.#isRight(password, hash ?? this.#decoy());
    if (!isRight || hash === undefined) return { refusal: "the user is not known, or the password is another" };
    const attributes = new Map([["username", username], ["raw", encoded]]);
    const nowMs = this.#clock.monotonicMs();
    this.#known.put(header, { attributes, untilMs: nowMs + KNOWN_MS }, nowMs);
    return { good: attributes };
  }

  /** What is no hash is the password itself, with or without nginx's prefix. */
  #isRight(password: string, hash: string): boolean | Promise<boolean> {
    if (isPasswordHash(hash)) return this.#passwords.verify(password, hash);
    return [isSameText(password, hash), isSameText(`{PLAIN}${password}`, hash)].includes(true);
  }

  /** Whoever is not known is compared with somebody's hash, a costly one if there is any: it takes as long. */
  #decoy(): string {
    if (this.#decoyHash !== undefined) return this.#decoyHash;
    const hashes = [...this.#users.values()];
    return this.#decoyHash = hashes.find((hash) => isPasswordHash(hash) && !isCheap(hash)) ?? hashes[0] ?? "";
  }
}

function refusal(reason: string): UnauthenticatedError {
  return new UnauthenticatedError(`Cannot take data: user and password are wanted, and ${reason}`, CHALLENGE);
}
