/**
 * kafkajs with the codecs that it leaves to others. They are global to kafkajs, so they are set here and nowhere else.
 *
 * @module
 */

import { decompress as zstdDecompress } from "@mongodb-js/zstd";
import { Buffer } from "node:buffer";
import kafkajs from "kafkajs";
import { decompressFrame } from "lz4-napi";
import { uncompress } from "snappy";

export type { KafkaMessage } from "kafkajs";
export const { Kafka, logLevel } = kafkajs;
export type Kafka = InstanceType<typeof kafkajs.Kafka>;

function reader(decompress: (bytes: Buffer) => Promise<Uint8Array | string>) {
  return () => ({
    compress: () => Promise.reject(new Error("Cannot compress: this client only reads")),
    decompress: async (bytes: Buffer) => Buffer.from(await decompress(bytes) as Uint8Array),
  });
}

/** Lets consumers read snappy, lz4 and zstd. */
export function compressionCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = reader((bytes) => uncompress(bytes));
  CompressionCodecs[CompressionTypes.LZ4] = reader((bytes) => decompressFrame(bytes));
  CompressionCodecs[CompressionTypes.ZSTD] = reader((bytes) => zstdDecompress(bytes));
}
