/**
 * SASL for Kafka: PLAIN (RFC 4616) and SCRAM (RFC 5802, RFC 7677), as KIP-12, KIP-84 and KIP-152 carry them.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { OwnCredentialsError } from "../../../core/errors.ts";

export const SASL_MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;
export type SaslMechanism = typeof SASL_MECHANISMS[number];

export interface SaslCredentials {
  readonly mechanism: SaslMechanism;
  readonly username: string;
  readonly password: string;
}

/** Sends one SASL message and gives the broker's answer. */
export type SaslExchange = (message: Uint8Array) => Promise<Uint8Array>;

/** A server may ask for this many rounds at the most: each costs CPU. Kafka's own default is 4,096. */
const MAX_ITERATIONS = 1_000_000;
const MIN_ITERATIONS = 4_096;

/**
 * Authenticates over `exchange`.
 *
 * @throws {OwnCredentialsError} The server does not prove that it knows the password, or does not speak SCRAM.
 */
export async function authenticate(credentials: SaslCredentials, exchange: SaslExchange): Promise<void> {
  if (credentials.mechanism === "PLAIN") {
    await exchange(Buffer.from(`\0${credentials.username}\0${credentials.password}`, "utf8"));
    return;
  }
  const digest = credentials.mechanism === "SCRAM-SHA-256" ? "sha256" : "sha512";
  await authenticateScram(digest, credentials, exchange, randomBytes(24).toString("base64"));
}

/** One SCRAM conversation; `nonce` must be new for each, of printable ASCII without a comma. */
export async function authenticateScram(
  digest: "sha256" | "sha512",
  { username, password }: { readonly username: string; readonly password: string },
  exchange: SaslExchange,
  nonce: string,
): Promise<void> {
  const hmac = (key: Uint8Array, text: string) => createHmac(digest, key).update(text, "utf8").digest();
  const name = username.replaceAll("=", "=3D").replaceAll(",", "=2C");
  const clientFirst = `n=${name},r=${nonce}`;
  const serverFirst = Buffer.from(await exchange(Buffer.from(`n,,${clientFirst}`, "utf8"))).toString("utf8");
  const { r: fullNonce = "", s: salt = "", i: rounds = "" } = attributes(serverFirst);
  const iterations = Number(rounds);
  if (!fullNonce.startsWith(nonce) || fullNonce.length === nonce.length || salt === "") {
    throw notScram("its challenge is not one");
  }
  if (!(iterations >= MIN_ITERATIONS && iterations <= MAX_ITERATIONS)) {
    throw notScram(`it asks for ${iterations} iterations, wanted ${MIN_ITERATIONS} to ${MAX_ITERATIONS}`);
  }
  const size = digest === "sha256" ? 32 : 64;
  const salted = await promisify(pbkdf2)(
    Buffer.from(password, "utf8"),
    Buffer.from(salt, "base64"),
    iterations,
    size,
    digest,
  );
  const clientKey = hmac(salted, "Client Key");
  const storedKey = createHash(digest).update(clientKey).digest();
  const withoutProof = `c=biws,r=${fullNonce}`;
  const conversation = `${clientFirst},${serverFirst},${withoutProof}`;
  const signature = hmac(storedKey, conversation);
  const proof = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!)).toString("base64");
  const serverFinal = Buffer.from(await exchange(Buffer.from(`${withoutProof},p=${proof}`, "utf8"))).toString("utf8");
  const { v: verifier = "" } = attributes(serverFinal);
  const wanted = hmac(hmac(salted, "Server Key"), conversation);
  const got = Buffer.from(verifier, "base64");
  if (got.length !== wanted.length || !timingSafeEqual(got, wanted)) throw notScram("it does not know the password");
}

function attributes(message: string): Readonly<Record<string, string>> {
  return Object.fromEntries(message.split(",").map((part) => [part.slice(0, 1), part.slice(2)]));
}

function notScram(why: string): OwnCredentialsError {
  return new OwnCredentialsError(`Cannot authenticate with SCRAM: the broker is not to be trusted, ${why}`);
}
