/**
 * Under `tenancy`, what says how the tenant of a request is found.
 *
 * @module
 */

import { z } from "zod";
import { parseNetwork } from "../../../ottl/text/ip.ts";
import {
  durationMs,
  int,
  number,
  oneOf,
  optionalSection,
  requiredText,
  section,
  text,
  textList,
} from "../../config/schema.ts";

/** Signatures by a private key alone: with a shared secret, whoever can check a token can make one. */
const JWT_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

/** Headers that may hold an API key: each is looked for in every request. */
const MAX_KEY_HEADERS = 4;
const MAX_ISSUERS = 16;
const MAX_NETWORKS = 256;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

const headerName = (name: string) =>
  requiredText().default(name).transform((text) => text.toLowerCase()).refine(
    (text) => HEADER_NAME.test(text) && text !== "authorization",
    { message: "is not the name of a header of its own" },
  );

const jwtSchema = section({
  /** `iss` of its tokens, to the letter. */
  issuer: requiredText(),
  /** One of these must be in `aud`. */
  audience: textList().refine((list) => list.length > 0, { message: "is empty, wanted one or more" }),
  algorithms: z.array(oneOf(JWT_ALGORITHMS)).nonempty({ message: "is empty, wanted one or more" }).default(["RS256"]),
  jwks_file: text().default(""),
  jwks_url: text().default(""),
  /** Whoever signed the certificate of `jwks_url`, when it is not one that the system knows. */
  jwks_ca_file: text().default(""),
  jwks_refresh_interval: durationMs({ minMs: 1_000 }).default(600_000),
  /** A claim whose text is the tenant's id. */
  tenant_claim: requiredText().default("tenant"),
  clock_skew: durationMs().default(60_000),
}).superRefine((jwt, context) => {
  if ((jwt.jwks_file === "") === (jwt.jwks_url === "")) {
    context.addIssue({ code: "custom", message: "needs exactly one of jwks_file and jwks_url" });
  }
  if (jwt.jwks_url !== "" && !isTrustworthyUrl(jwt.jwks_url)) {
    context.addIssue({
      code: "custom",
      path: ["jwks_url"],
      message: "is not an https:// URL: keys must come unforged",
    });
  }
});

/** Plain HTTP only from this machine. */
function isTrustworthyUrl(url: string): boolean {
  const { protocol, hostname } = URL.parse(url) ?? {};
  return protocol === "https:" ||
    (protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname ?? ""));
}

/** The keys, for the section that has others besides. */
export const identityShape = {
  /** Whose a request without any credential is; "" refuses it. One that cannot be verified is always refused. */
  default_tenant: text().default(""),
  /** Looked at besides `Authorization`. */
  api_keys: section({
    headers: z.array(headerName("x-api-key")).max(MAX_KEY_HEADERS).default(["x-api-key"]),
  }).prefault({}),
  jwt: z.array(jwtSchema).max(MAX_ISSUERS).default([]).refine(
    (list) => new Set(list.map(({ issuer }) => issuer)).size === list.length,
    { message: "has one issuer twice" },
  ),
  /** From these peers, and from no other, a plain header says whose a request is. */
  trusted_proxy: optionalSection({
    peers: textList().refine((list) => list.length > 0 && list.length <= MAX_NETWORKS && list.every(isNetwork), {
      message: "is not a list of networks like 10.0.0.0/8 or fd00::/8",
    }),
    header: headerName("x-scope-orgid"),
    /** Where the proxy says for whom it asks: limits of unknown credentials are of that address. */
    address_header: headerName("x-forwarded-for"),
  }),
  /** Attempts with unknown credentials, of one peer address (IPv6: its /64) and data worker. */
  unknown_limit: section({
    attempts_per_second: number({ min: 0.001, max: 1_000_000 }).default(10),
    burst: int({ min: 1, max: 1_000_000 }).default(50),
  }).prefault({}),
};

function isNetwork(text: string): boolean {
  try {
    networkOf(text);
    return true;
  } catch {
    return false;
  }
}

/** A network, or a lone address. @throws {OttlError} It is neither. */
export function networkOf(text: string): ReturnType<typeof parseNetwork> {
  const trimmed = text.trim();
  if (trimmed.includes("/")) return parseNetwork(trimmed);
  return parseNetwork(`${trimmed}/${trimmed.includes(":") ? 128 : 32}`);
}

const identitySchema = section(identityShape);
export type IdentityConfig = z.output<typeof identitySchema>;
export type JwtConfig = z.output<typeof jwtSchema>;
