/**
 * A key pair, and the request to have its public half certified; the private half stays here.
 *
 * Written out in DER by hand: the runtime signs, but makes no requests.
 * Source: opamp-spec "Agent-initiated CSR Flow"; RFC 2986 (PKCS #10); RFC 5758, 3.2 (ecdsa-with-SHA256).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { generateKeyPairSync, sign } from "node:crypto";
import { concatBytes } from "../../../pipeline/core/bytes.ts";

/** For `OpampClient.requestCertificate`. */
export interface CertificateRequest {
  /** PEM. */
  readonly csr: Uint8Array;
  /** PEM of the private key, PKCS #8. */
  readonly keyPem: string;
}

const TAG = { integer: 0x02, bitString: 0x03, utf8String: 0x0c, sequence: 0x30, set: 0x31, attributes: 0xa0 };

/** The identifiers with their DER headers. */
const COMMON_NAME = Uint8Array.of(0x06, 0x03, 0x55, 0x04, 0x03); // 2.5.4.3
const ECDSA_WITH_SHA256 = Uint8Array.of(0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02); // 1.2.840.10045.4.3.2

/**
 * Makes a key on the curve P-256 and a request for it.
 *
 * @param commonName Who the certificate is for: the instance uid as text, for a server that looks.
 */
export function makeCertificateRequest(commonName: string): CertificateRequest {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const name = der(TAG.set, der(TAG.sequence, COMMON_NAME, der(TAG.utf8String, new TextEncoder().encode(commonName))));
  const info = der(
    TAG.sequence,
    der(TAG.integer, Uint8Array.of(0)), // the only version there is
    der(TAG.sequence, name),
    new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
    der(TAG.attributes),
  );
  const signature = new Uint8Array(sign("sha256", info, privateKey));
  const noUnusedBits = Uint8Array.of(0);
  const request = der(
    TAG.sequence,
    info,
    der(TAG.sequence, ECDSA_WITH_SHA256),
    der(TAG.bitString, noUnusedBits, signature),
  );
  return {
    csr: new TextEncoder().encode(toPem("CERTIFICATE REQUEST", request)),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** A value of parts with its tag and length. */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(parts);
  return concatBytes([Uint8Array.of(tag, ...lengthOf(body)), body]);
}

/** In one byte up to 127, else in as many as it takes, with their count before them. */
function lengthOf({ length }: Uint8Array): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

function toPem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
