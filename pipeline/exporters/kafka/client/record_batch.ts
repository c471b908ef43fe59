/**
 * Builds a Produce request with one record batch for one topic-partition: one allocation, each value copied once, one
 * native CRC over the batch.
 *
 * One topic-partition a request, no producer id: then a broker's "ok" can only mean these records, and a lost reply can
 * at the worst make duplicates.
 * Source: Kafka protocol, "Record Batch" (message format v2) and Produce v7.
 *
 * @module
 */

import { crc32c } from "@node-rs/crc32";
import { Buffer } from "node:buffer";
import { giveBack } from "../../../core/bytes.ts";
import { CODEC_BITS, type Compressor } from "./compression.ts";
import { type KafkaRecord, recordBytes, varintBytes, writeVarint } from "./record.ts";
import { API, headerBytes, RequestWriter, utf8 } from "./wire.ts";

const MAGIC = 2;
const NO_LEADER_EPOCH = -1;
const NO_PRODUCER = -1;

/** What is the same for every request of a producer. */
export interface ProduceSettings {
  readonly clientId: Uint8Array;
  /** 0 none, 1 the leader, -1 all replicas in sync. */
  readonly acks: 0 | 1 | -1;
  /** How long the leader may wait for its replicas, milliseconds. */
  readonly brokerTimeoutMs: number;
  readonly compressor: Compressor | undefined;
}

/**
 * @param records One or more, for one partition.
 * @param timestampMs Of every record: when it was sent.
 */
export function produceRequest(
  { clientId, acks, brokerTimeoutMs, compressor }: ProduceSettings,
  topic: string,
  partition: number,
  records: readonly KafkaRecord[],
  timestampMs: number,
): Uint8Array {
  const plainBytes = recordsBytes(records);
  const compressed = compressor === undefined ? undefined : compressRecords(compressor, plainBytes, records);
  const name = utf8.encode(topic);
  const batchBytes = 49 + (compressed?.length ?? plainBytes);
  const bodyBytes = 2 + 2 + 4 + 4 + 2 + name.length + 4 + 4 + 4 + 12 + batchBytes;
  const writer = new RequestWriter(API.produce, clientId, bodyBytes)
    .int16(-1).int16(acks).int32(brokerTimeoutMs) // no transaction
    .int32(1).string(name).int32(1).int32(partition)
    .int32(12 + batchBytes) // the record set: base offset, length, batch
    .int64(0n).int32(batchBytes)
    .int32(NO_LEADER_EPOCH).int8(MAGIC);
  const crcAt = writer.at;
  const timestamp = BigInt(Math.trunc(timestampMs));
  writer.int32(0)
    .int16(compressor === undefined ? 0 : CODEC_BITS[compressor.codec]).int32(records.length - 1)
    .int64(timestamp).int64(timestamp)
    .int64(BigInt(NO_PRODUCER)).int16(NO_PRODUCER).int32(NO_PRODUCER)
    .int32(records.length);
  if (compressed === undefined) writeRecords(writer.bytes, writer.at, records);
  else writer.raw(compressed);
  writer.patchUint32(crcAt, crc32c(Buffer.from(writer.bytes.buffer, writer.bytes.byteOffset + crcAt + 4)));
  return writer.bytes;
}

function compressRecords(compressor: Compressor, plainBytes: number, records: readonly KafkaRecord[]): Uint8Array {
  const plain = writeRecords(Buffer.allocUnsafeSlow(plainBytes), 0, records);
  const compressed = compressor.compress(plain);
  giveBack(plain);
  return compressed;
}

/** The most that a request for `records` can take, bytes: for bounding what is in flight. */
export function requestBytesAtMost(clientId: Uint8Array, topic: string, records: readonly KafkaRecord[]): number {
  let bytes = headerBytes(clientId) + 100 + topic.length;
  for (const record of records) bytes += recordBytes(record);
  return bytes;
}

function bodyBytes(record: KafkaRecord, offsetDelta: number): number {
  const { key, valueBytes, headers } = record;
  return 1 + 1 + varintBytes(offsetDelta) + // attributes, time delta of 0
    (key === null ? 1 : varintBytes(key.length) + key.length) +
    varintBytes(valueBytes) + valueBytes + headers.bytes.length;
}

function recordsBytes(records: readonly KafkaRecord[]): number {
  let bytes = 0;
  for (let delta = 0; delta < records.length; delta++) {
    const body = bodyBytes(records[delta]!, delta);
    bytes += varintBytes(body) + body;
  }
  return bytes;
}

/** Writes the records at `at`, to the end of `into`. */
function writeRecords<Bytes extends Uint8Array>(into: Bytes, at: number, records: readonly KafkaRecord[]): Bytes {
  for (let delta = 0; delta < records.length; delta++) {
    const record = records[delta]!;
    at = writeVarint(into, at, bodyBytes(record, delta));
    into[at++] = 0; // attributes
    into[at++] = 0; // time delta
    at = writeVarint(into, at, delta);
    at = writeVarint(into, at, record.key === null ? -1 : record.key.length);
    if (record.key !== null) {
      into.set(record.key, at);
      at += record.key.length;
    }
    at = writeVarint(into, at, record.valueBytes);
    for (const piece of record.value) {
      into.set(piece, at);
      at += piece.length;
    }
    into.set(record.headers.bytes, at);
    at += record.headers.bytes.length;
  }
  return into;
}
