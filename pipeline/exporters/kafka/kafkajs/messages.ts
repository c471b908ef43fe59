/**
 * Records as kafkajs wants them, and our compression in its batches.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import kafkajs, { type IHeaders, type Message } from "kafkajs";
import { CODEC_BITS, type Compressor } from "../client/compression.ts";
import type { KafkaRecord, RecordHeaders } from "../client/record.ts";

export function toMessages(records: readonly KafkaRecord[], partition: number): Message[] {
  const headersOf = new Map<RecordHeaders, IHeaders>(); // mostly one for all
  return records.map(({ key, value, headers }) => {
    if (!headersOf.has(headers)) headersOf.set(headers, toHeaders(headers));
    return {
      key: key === null ? null : toBuffer(key),
      value: value.length === 1 ? toBuffer(value[0]!) : Buffer.concat(value),
      headers: headersOf.get(headers)!,
      partition,
    };
  });
}

/** Those of one name stand together, at the place of the first. */
function toHeaders({ pairs }: RecordHeaders): IHeaders {
  return Object.fromEntries(
    [...Map.groupBy(pairs, ([name]) => name)].map(([name, same]) => [name, same.map(([, value]) => value)]),
  );
}

/** kafkajs's part of an encoder of records. */
interface RecordsEncoder {
  readonly buffer: Buffer;
}

/** One registry for the process, by number, of which a batch gets the lowest three bits. */
const CODECS = kafkajs.CompressionCodecs as unknown as Record<number, () => unknown>;

/** @returns The number to compress with: one of its own, as each exporter may have another level. */
export function registerCodec(compressor: Compressor | undefined): number {
  if (compressor === undefined) return kafkajs.CompressionTypes.None;
  let number = CODEC_BITS[compressor.codec] + 8;
  while (number in CODECS) number += 8;
  CODECS[number] = () => ({
    compress: ({ buffer }: RecordsEncoder) => Promise.resolve(toBuffer(compressor.compress(buffer))),
  });
  return number;
}

export function unregisterCodec(number: number): void {
  if (number !== kafkajs.CompressionTypes.None) delete CODECS[number];
}

/** The same bytes. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
