/**
 * The `Authorization` header, taken apart; also `x-api-key` and its kin.
 *
 * Several lines of a header reach us joined by ", ", and no credential that we take has a comma: so a header that is there
 * twice, with which two readers could each see another credential, is malformed here.
 * Sources: RFC 9110 11.6.2; RFC 6750 2.1; RFC 7617 2.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { API_KEY_PREFIX, type ApiKey, isKeyId, parseApiKey } from "./api_key.ts";

/** A longer header is no credential, characters. */
export const MAX_CREDENTIAL_CHARS = 8_192;

/** What a header claims. */
export type Claim =
  | { readonly kind: "key"; readonly key: ApiKey }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  | { readonly kind: "malformed"; readonly reason: string };

/** `Bearer` with an API key or a JWT, or `Basic`; the scheme without regard to case. */
export function readAuthorization(header: string): Claim {
  if (header.length > MAX_CREDENTIAL_CHARS) return malformed("is too long");
  const [, scheme = "", value = ""] = /^([A-Za-z]+) +([A-Za-z0-9._~+/=-]+)$/.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return readBearer(value);
    case "basic":
      return readBasic(value);
    default:
      return malformed("is no single Bearer or Basic credential");
  }
}

/** A header that holds an API key and nothing else. */
export function readKeyHeader(header: string): Claim {
  const key = parseApiKey(header);
  return key === undefined ? malformed("holds no API key") : { kind: "key", key };
}

function readBearer(token: string): Claim {
  if (!token.startsWith(API_KEY_PREFIX)) return { kind: "token", token };
  return readKeyHeader(token);
}

/** A user that is the id of a key has its secret, or the whole key, as the password. */
function readBasic(encoded: string): Claim {
  const pair = decodePair(encoded);
  if (pair === undefined) return malformed("is no base64 of a user and a password");
  const [username, password] = pair;
  if (!isKeyId(username)) return { kind: "password", username, password };
  const whole = password.startsWith(API_KEY_PREFIX) ? password : `${API_KEY_PREFIX}${username}_${password}`;
  const key = parseApiKey(whole);
  if (key === undefined) return { kind: "password", username, password }; // a user may have such a name
  return key.id === username ? { kind: "key", key } : malformed("has a user that is not the id of its key");
}

/**
 * User and password of a Basic credential; undefined when it is none.
 *
 * @param encoded Base64 of UTF-8.
 */
export function decodePair(encoded: string): readonly [username: string, password: string] | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  const text = bytes.toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0 || !Buffer.from(text, "utf8").equals(bytes)) return undefined;
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function malformed(reason: string): Claim {
  return { kind: "malformed", reason };
}
