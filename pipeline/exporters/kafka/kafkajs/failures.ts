/**
 * What failures of kafkajs are for the data.
 *
 * @module
 */

import kafkajs from "kafkajs";
import { DeadlineExceededError, GatewayError, OwnCredentialsError, UnavailableError } from "../../../core/errors.ts";
import { ILLEGAL_SASL_STATE, kafkaError } from "../client/error_codes.ts";

export function closed(): UnavailableError {
  return new UnavailableError("Cannot use the connection to Kafka: it was closed");
}

/** The failure below those that kafkajs wraps round it. */
export function rootCause(thrown: unknown): unknown {
  let root = thrown;
  for (let depth = 0; depth < 10 && !(root instanceof GatewayError); depth++) {
    if (!(root instanceof Error) || !(root.cause instanceof Error)) return root;
    root = root.cause;
  }
  return root;
}

/** The broker's error code, if that is what it is. */
export function protocolCode(thrown: unknown): number | undefined {
  const root = rootCause(thrown);
  // A connection that kafkajs authenticates for the second time at the wrong moment: a new one helps.
  return root instanceof kafkajs.KafkaJSProtocolError && root.code !== ILLEGAL_SASL_STATE ? root.code : undefined;
}

/**
 * What a failure of kafkajs is for the data. Its own `retriable` is not asked: a dead cluster is not, it says, and a
 * refused certificate is.
 */
export function toFailure(thrown: unknown, what: string): GatewayError {
  const root = rootCause(thrown);
  if (root instanceof GatewayError) return root;
  const code = protocolCode(root);
  if (code !== undefined) return kafkaError(what, code);
  const options = { cause: root };
  if (root instanceof kafkajs.KafkaJSSASLAuthenticationError) {
    return new OwnCredentialsError(`Cannot ${what}: Kafka does not let us in`, options);
  }
  if (root instanceof kafkajs.KafkaJSRequestTimeoutError) {
    return new DeadlineExceededError(`Cannot ${what}: no reply in time`, options);
  }
  return new UnavailableError(`Cannot ${what}: Kafka cannot be reached`, options);
}
