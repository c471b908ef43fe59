/**
 * Keys for tests.
 *
 * @module
 */

import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export interface SigningKey {
  readonly publicKey: KeyObject;
  readonly pem: string;
  sign(data: Uint8Array): Uint8Array;
}

export function ed25519(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return {
    publicKey,
    pem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    sign: (data) => new Uint8Array(sign(null, data, privateKey)),
  };
}
