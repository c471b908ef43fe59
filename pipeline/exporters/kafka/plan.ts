/**
 * Makes records of a payload: their topics, keys, headers and values, each within the size that a batch may have.
 *
 * Where the collector lets the first resource of a payload decide the topic for all of it, every resource decides for
 * itself here; where it drops a record that is too large, the payload is split.
 * Source: collector reference 5.3 and 10.
 *
 * @module
 */

import type { Tracer } from "../../core/telemetry/trace.ts";
import { counted } from "../../core/text.ts";
import { payloadToJson } from "../../otlp/json_encode.ts";
import type { Payload } from "../../otlp/payload.ts";
import { attributeMapHash, resourceAttribute } from "../../otlp/resource.ts";
import { type Signal, SIGNALS } from "../../otlp/signals.ts";
import { partitionByResource, partitionByTraceId, splitByBytes } from "../../otlp/split.ts";
import {
  BATCH_OVERHEAD_BYTES,
  encodeHeaders,
  type KafkaRecord,
  RECORD_OVERHEAD_BYTES,
  type RecordHeaders,
} from "./client/record.ts";
import { type KafkaConfig, signalSettings } from "./config.ts";

/** A record, and how much telemetry is in it. */
export interface PlannedRecord extends KafkaRecord {
  readonly itemCount: number;
}

/** What is to be sent of a payload. */
export interface Plan {
  readonly recordsByTopic: ReadonlyMap<string, readonly PlannedRecord[]>;
  /** Items that will never fit into a record. */
  readonly rejectedItems: number;
  /** Why; "" when there are none. */
  readonly message: string;
}

interface KeyedPayload {
  readonly key: Uint8Array | null;
  readonly payload: Payload;
}

const utf8 = new TextEncoder();

/**
 * Makes the plan for one payload after another, as `config` says for `signal`.
 *
 * @param tracer Hands the trace of a payload on in the headers of its records.
 * @returns A function that throws a LimitExceededError where splitting would take too much memory.
 */
export function createPlanner(config: KafkaConfig, signal: Signal, tracer?: Tracer): (payload: Payload) => Plan {
  const byTopic = topicSplitter(config, signal);
  const byKey = keySplitter(config, signal);
  const headersOf = headerMaker(config, tracer);
  const values = signalSettings(config, signal).encoding === "otlp_json" ? jsonValues : protoValues;
  const { max_message_bytes } = config.producer;
  const roomBytes = max_message_bytes - BATCH_OVERHEAD_BYTES - RECORD_OVERHEAD_BYTES;

  return (payload) => {
    const headers = headersOf(payload);
    const recordsByTopic = new Map<string, PlannedRecord[]>();
    let rejectedItems = 0;
    for (const { topic, payload: part } of byTopic(payload)) {
      const records: PlannedRecord[] = [];
      for (const { key, payload: keyed } of byKey(part)) {
        const maxValueBytes = roomBytes - headers.bytes.length - (key?.length ?? 0);
        const { fitting, tooLargeItems } = values(keyed, maxValueBytes);
        rejectedItems += tooLargeItems;
        for (const value of fitting) records.push({ key, headers, ...value });
      }
      if (records.length > 0) recordsByTopic.set(topic, records);
    }
    const message = rejectedItems === 0
      ? ""
      : `${counted(rejectedItems, SIGNALS[signal].itemName)} too large for a record of ${max_message_bytes} bytes`;
    return { recordsByTopic, rejectedItems, message };
  };
}

/** First value of a client-metadata key; keys are compared without case. */
function metadataValue({ origin }: Payload, key: string): string | undefined {
  return key === "" ? undefined : origin.metadata.get(key.toLowerCase())?.[0];
}

function topicSplitter(
  config: KafkaConfig,
  signal: Signal,
): (payload: Payload) => readonly { readonly topic: string; readonly payload: Payload }[] {
  const { topic } = signalSettings(config, signal);
  const metadataKey = config[signal].topic_from_metadata_key;
  const attribute = config.topic_from_attribute;
  return (payload) => {
    const named = metadataValue(payload, metadataKey);
    if (named !== undefined && named !== "") return [{ topic: named, payload }];
    if (attribute === "") return [{ topic, payload }];
    return partitionByResource(payload, (resource) => resourceAttribute(resource, attribute) || topic)
      .map(({ key, payload }) => ({ topic: key, payload }));
  };
}

function keySplitter(config: KafkaConfig, signal: Signal): (payload: Payload) => readonly KeyedPayload[] {
  const metadataKey = config[signal].message_key_from_metadata_key;
  if (metadataKey !== "") {
    return (payload) => {
      const value = metadataValue(payload, metadataKey);
      return [{ key: value === undefined ? null : utf8.encode(value), payload }];
    };
  }
  if (signal === "traces" && config.partition_traces_by_id) {
    return (payload) =>
      partitionByTraceId(payload).map(({ traceId, payload }) => ({ key: utf8.encode(traceId), payload }));
  }
  if (signal === "logs" && config.partition_logs_by_trace_id) {
    return (payload) =>
      partitionByTraceId(payload)
        .map(({ traceId, payload }) => ({ key: traceId === "" ? null : utf8.encode(traceId), payload }));
  }
  if (
    signal === "metrics" && config.partition_metrics_by_resource_attributes ||
    signal === "logs" && config.partition_logs_by_resource_attributes
  ) {
    return (payload) =>
      partitionByResource(payload, (resource) => attributeMapHash(resource).toHex())
        .map(({ key, payload }) => ({ key: Uint8Array.fromHex(key), payload }));
  }
  return (payload) => [{ key: null, payload }];
}

/** Fixed headers are encoded once; those from client metadata and of a trace once a payload. */
function headerMaker(
  { record_headers, include_metadata_keys }: KafkaConfig,
  tracer: Tracer | undefined,
): (payload: Payload) => RecordHeaders {
  const fixed = Object.entries(record_headers);
  const fixedHeaders = encodeHeaders(fixed);
  return ({ origin }) => {
    const fromMetadata = include_metadata_keys.flatMap((key) =>
      (origin.metadata.get(key.toLowerCase()) ?? []).map((value) => [key, value] as const)
    );
    const ofTrace = origin.trace === undefined ? [] : tracer?.inject(origin.trace.context) ?? [];
    if (fromMetadata.length === 0 && ofTrace.length === 0) return fixedHeaders;
    return encodeHeaders([...fixed, ...fromMetadata, ...ofTrace]);
  };
}

/** Record values of a payload, and how many items are in none. */
interface Values {
  readonly fitting: readonly {
    readonly value: readonly Uint8Array[];
    readonly valueBytes: number;
    readonly itemCount: number;
  }[];
  readonly tooLargeItems: number;
}

/** The bytes as they are: a request has the same layout as TracesData and its kin. */
function protoValues(payload: Payload, maxBytes: number): Values {
  if (maxBytes < 1) return { fitting: [], tooLargeItems: payload.itemCount };
  const parts = splitByBytes(payload, maxBytes);
  const fitting = parts.filter(({ byteLength }) => byteLength <= maxBytes)
    .map(({ chunks, byteLength, itemCount }) => ({ value: chunks, valueBytes: byteLength, itemCount }));
  const fittingItems = fitting.reduce((sum, { itemCount }) => sum + itemCount, 0);
  return { fitting, tooLargeItems: payload.itemCount - fittingItems };
}

/** JSON is larger than what it is made of, by how much shows only when it is made: too large a text is made of less. */
function jsonValues(payload: Payload, maxBytes: number): Values {
  const json = payloadToJson(payload);
  if (json.length <= maxBytes) {
    return { fitting: [{ value: [json], valueBytes: json.length, itemCount: payload.itemCount }], tooLargeItems: 0 };
  }
  const parts = maxBytes < 1
    ? [payload]
    : splitByBytes(payload, shrunkBytes(payload.byteLength, json.length, maxBytes));
  if (parts.length === 1) return { fitting: [], tooLargeItems: payload.itemCount };
  const values = parts.map((part) => jsonValues(part, maxBytes));
  return {
    fitting: values.flatMap(({ fitting }) => fitting),
    tooLargeItems: values.reduce((sum, { tooLargeItems }) => sum + tooLargeItems, 0),
  };
}

/** How small a part to try next: a tenth below what the ratio promises, and always less than half of it all. */
function shrunkBytes(payloadBytes: number, jsonBytes: number, maxBytes: number): number {
  return Math.max(1, Math.floor(Math.min(payloadBytes / 2, payloadBytes * maxBytes / jsonBytes * 0.9)));
}
