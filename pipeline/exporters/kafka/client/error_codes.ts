/**
 * Kafka's error codes that a producer can meet: what each means for the data.
 *
 * Source: https://kafka.apache.org/protocol#protocol_error_codes . What is not listed is retried: an unknown code is
 * no proof that the data can never be kept.
 *
 * @module
 */

import {
  type ErrorCode,
  type GatewayError,
  OwnCredentialsError,
  RejectedError,
  UnavailableError,
} from "../../../core/errors.ts";

export const NO_ERROR = 0;
export const UNKNOWN_TOPIC_OR_PARTITION = 3;
export const MESSAGE_TOO_LARGE = 10;
export const ILLEGAL_SASL_STATE = 34;

interface CodeRow {
  readonly name: string;
  /** Set: the same data will never be taken, and this is why. Not resource_exhausted: its 429 asks senders to retry. */
  readonly permanent?: ErrorCode;
  /** It is about the gateway's own credentials and rights: nothing is wrong with the data or its sender. */
  readonly own?: true;
  /** The broker has not appended and the client's picture of the cluster is old: ask again who leads, then send again. */
  readonly stale?: true;
}

const CODES: Readonly<Record<number, CodeRow>> = {
  [-1]: { name: "UNKNOWN_SERVER_ERROR" },
  2: { name: "CORRUPT_MESSAGE" },
  [UNKNOWN_TOPIC_OR_PARTITION]: { name: "UNKNOWN_TOPIC_OR_PARTITION", stale: true },
  5: { name: "LEADER_NOT_AVAILABLE", stale: true },
  6: { name: "NOT_LEADER_OR_FOLLOWER", stale: true },
  7: { name: "REQUEST_TIMED_OUT" },
  [MESSAGE_TOO_LARGE]: { name: "MESSAGE_TOO_LARGE", permanent: "invalid_argument" },
  17: { name: "INVALID_TOPIC_EXCEPTION", permanent: "invalid_argument" },
  18: { name: "RECORD_LIST_TOO_LARGE", permanent: "invalid_argument" },
  19: { name: "NOT_ENOUGH_REPLICAS" },
  20: { name: "NOT_ENOUGH_REPLICAS_AFTER_APPEND" },
  21: { name: "INVALID_REQUIRED_ACKS", permanent: "invalid_argument" },
  29: { name: "TOPIC_AUTHORIZATION_FAILED", own: true },
  31: { name: "CLUSTER_AUTHORIZATION_FAILED", own: true },
  32: { name: "INVALID_TIMESTAMP", permanent: "invalid_argument" },
  33: { name: "UNSUPPORTED_SASL_MECHANISM", own: true },
  [ILLEGAL_SASL_STATE]: { name: "ILLEGAL_SASL_STATE", own: true },
  35: { name: "UNSUPPORTED_VERSION", permanent: "unimplemented" },
  42: { name: "INVALID_REQUEST", permanent: "invalid_argument" },
  43: { name: "UNSUPPORTED_FOR_MESSAGE_FORMAT", permanent: "unimplemented" },
  44: { name: "POLICY_VIOLATION", permanent: "invalid_argument" },
  56: { name: "KAFKA_STORAGE_ERROR", stale: true },
  58: { name: "SASL_AUTHENTICATION_FAILED", own: true },
  72: { name: "LISTENER_NOT_FOUND", stale: true },
  74: { name: "FENCED_LEADER_EPOCH", stale: true },
  76: { name: "UNSUPPORTED_COMPRESSION_TYPE", permanent: "unimplemented" },
  87: { name: "INVALID_RECORD", permanent: "invalid_argument" },
  89: { name: "THROTTLING_QUOTA_EXCEEDED" },
};

/** Whether the data was not appended and a look at fresh metadata may help. */
export function isStale(code: number): boolean {
  return CODES[code]?.stale === true;
}

/** The failure that `code` is; `what` completes "Cannot …". */
export function kafkaError(what: string, code: number): GatewayError {
  const row = CODES[code];
  const message = `Cannot ${what}: the broker says ${row?.name ?? `error ${code}`}`;
  if (row?.own === true) return new OwnCredentialsError(message);
  return row?.permanent === undefined ? new UnavailableError(message) : new RejectedError(message, row.permanent);
}
