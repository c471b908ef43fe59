/**
 * Kafka's wire format for the few requests that a producer needs: Metadata v4, Produce v7, SaslHandshake v1 and
 * SaslAuthenticate v1. All are understood by Kafka 2.2 to 4.x (2.1 without SASL).
 *
 * Source: https://kafka.apache.org/protocol ; KIP-896 (the versions that 4.0 removed).
 *
 * @module
 */

import { Buffer } from "node:buffer";

export const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

export const API = {
  produce: { key: 0, version: 7 },
  metadata: { key: 3, version: 4 },
  saslHandshake: { key: 17, version: 1 },
  saslAuthenticate: { key: 36, version: 1 },
} as const;

export type Api = typeof API[keyof typeof API];

/** Where the connection writes a request's correlation id: after its length, api key and version. */
export const CORRELATION_ID_AT = 8;

/** Bytes of a request before its body. */
export function headerBytes(clientId: Uint8Array): number {
  return 4 + 2 + 2 + 4 + 2 + clientId.length;
}

/** Writes big-endian fields into a request that was allocated at its exact size. */
export class RequestWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  /** A request of `bodyBytes` with its header; the correlation id is the connection's to fill in. */
  constructor({ key, version }: Api, clientId: Uint8Array, bodyBytes: number) {
    const size = headerBytes(clientId) + bodyBytes;
    const buffer = Buffer.allocUnsafeSlow(size);
    this.bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, size);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
    this.int32(size - 4).int16(key).int16(version).int32(0).string(clientId);
  }

  int8(value: number): this {
    this.#view.setInt8(this.at, value);
    this.at += 1;
    return this;
  }

  int16(value: number): this {
    this.#view.setInt16(this.at, value);
    this.at += 2;
    return this;
  }

  int32(value: number): this {
    this.#view.setInt32(this.at, value);
    this.at += 4;
    return this;
  }

  int64(value: bigint): this {
    this.#view.setBigInt64(this.at, value);
    this.at += 8;
    return this;
  }

  /** Overwrites four bytes that were left out before. */
  patchUint32(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }

  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
    return this;
  }

  /** Length as int16, then UTF-8. */
  string(value: Uint8Array): this {
    return this.int16(value.length).raw(value);
  }

  /** Length as int32, then the bytes. */
  byteArray(value: Uint8Array): this {
    return this.int32(value.length).raw(value);
  }
}

/** A reply that is not what the protocol says: the connection is of no more use. */
export class MalformedReplyError extends Error {
  override readonly name = "MalformedReplyError";
}

/** Reads big-endian fields of a reply, never past its end. */
export class ReplyReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  int8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  int16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  /** A string whose length is an int16; null when that is -1. */
  nullableString(): string | null {
    const length = this.int16();
    if (length === -1) return null;
    const at = this.#take(length);
    return utf8Decoder.decode(this.#bytes.subarray(at, at + length));
  }

  string(): string {
    return this.nullableString() ?? "";
  }

  byteArray(): Uint8Array {
    const length = Math.max(0, this.int32());
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Reads as many elements as an int32 says; each takes at least one byte, so a lying count ends at the reply's end. */
  array<T>(read: (reader: this) => T): T[] {
    const elements: T[] = [];
    for (let left = this.int32(); left > 0; left--) elements.push(read(this));
    return elements;
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (bytes < 0 || at + bytes > this.#bytes.length) {
      throw new MalformedReplyError(`Cannot read the broker's reply: it ends after ${this.#bytes.length} bytes`);
    }
    this.#at = at + bytes;
    return at;
  }
}

/** A broker as its cluster tells clients to reach it. */
export interface BrokerAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** One topic of a Metadata reply. */
export interface TopicMetadata {
  readonly name: string;
  readonly errorCode: number;
  /** Node that leads each partition, by partition number; -1 where there is none now. */
  readonly leaders: readonly number[];
}

/** The Metadata request for one topic. */
export function metadataRequest(clientId: Uint8Array, topic: string, allowAutoTopicCreation: boolean): Uint8Array {
  const name = utf8.encode(topic);
  return new RequestWriter(API.metadata, clientId, 4 + 2 + name.length + 1)
    .int32(1).string(name).int8(allowAutoTopicCreation ? 1 : 0).bytes;
}

export function readMetadataReply(
  reader: ReplyReader,
): { readonly brokers: readonly BrokerAddress[]; readonly topics: readonly TopicMetadata[] } {
  reader.int32(); // throttle time: metadata is asked for too rarely to matter
  const brokers = reader.array((broker) => {
    const address = { nodeId: broker.int32(), host: broker.string(), port: broker.int32() };
    broker.nullableString(); // rack
    return address;
  });
  reader.nullableString(); // cluster id
  reader.int32(); // controller
  return { brokers, topics: reader.array(readTopicMetadata) };
}

function readTopicMetadata(reader: ReplyReader): TopicMetadata {
  const errorCode = reader.int16();
  const name = reader.string();
  reader.int8(); // internal
  const partitions = reader.array((partition) => {
    const error = partition.int16();
    const index = partition.int32();
    const leader = partition.int32();
    partition.array((replica) => replica.int32());
    partition.array((inSync) => inSync.int32());
    return { index, leader: error === 0 ? leader : -1 };
  });
  const leaders = new Array<number>(partitions.length).fill(-1);
  for (const { index, leader } of partitions) {
    if (index < 0 || index >= leaders.length) {
      throw new MalformedReplyError(`Cannot use the metadata of a topic: partition ${index} of ${leaders.length}`);
    }
    leaders[index] = leader;
  }
  return { name, errorCode, leaders };
}

/** What a broker says of the one topic-partition of a Produce request. */
export interface ProduceReply {
  readonly errorCode: number;
  /** How long the broker asks this connection to send nothing, milliseconds. */
  readonly throttleMs: number;
}

/**
 * @throws {MalformedReplyError} It does not speak of exactly `topic` and `partition`: nothing is known to be kept.
 */
export function readProduceReply(reader: ReplyReader, topic: string, partition: number): ProduceReply {
  const entries = reader.array((response) => {
    const name = response.string();
    return response.array((entry) => {
      const index = entry.int32();
      const errorCode = entry.int16();
      entry.int64(); // base offset
      entry.int64(); // log append time
      entry.int64(); // log start offset
      return { name, index, errorCode };
    });
  }).flat();
  const throttleMs = reader.int32();
  const [entry] = entries;
  if (entries.length !== 1 || entry === undefined || entry.name !== topic || entry.index !== partition) {
    throw new MalformedReplyError(
      `Cannot trust the broker's reply: it has ${entries.length} entries, wanted one, for partition ${partition} of ${topic}`,
    );
  }
  return { errorCode: entry.errorCode, throttleMs };
}
