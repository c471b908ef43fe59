/**
 * SASL for kafkajs.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { AuthenticationProviderArgs, Authenticator } from "kafkajs";
import { authenticate, type SaslCredentials } from "../client/sasl.ts";

/**
 * SASL by our own means: kafkajs calls every failure of a SCRAM conversation a refusal, a lost connection too, and then
 * data would be refused for good that only had to wait.
 */
export function saslProvider(credentials: SaslCredentials): (args: AuthenticationProviderArgs) => Authenticator {
  return ({ saslAuthenticate }) => ({
    authenticate: () =>
      authenticate(credentials, async (message) => {
        const request = { encode: () => withLength(message) };
        const response = { decode: (reply: Buffer) => reply, parse: (reply: Buffer) => reply.subarray(4) };
        return await saslAuthenticate({ request, response }) ?? new Uint8Array();
      }),
  });
}

function withLength(message: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(message.length);
  return Buffer.concat([length, message]);
}
