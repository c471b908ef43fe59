import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { COMPRESSIONS } from "../../../../../pipeline/exporters/kafka/client/codecs.ts";
import { createCompressor } from "../../../../../pipeline/exporters/kafka/client/compression.ts";
import {
  BATCH_OVERHEAD_BYTES,
  encodeHeaders,
  type KafkaRecord,
  recordBytes,
  varintBytes,
  writeVarint,
} from "../../../../../pipeline/exporters/kafka/client/record.ts";
import { produceRequest, requestBytesAtMost } from "../../../../../pipeline/exporters/kafka/client/record_batch.ts";
import { NO_HEADERS } from "../kafka_support.ts";

const utf8 = new TextEncoder();
const text = new TextDecoder();
const SETTINGS = { clientId: utf8.encode("me"), acks: -1, brokerTimeoutMs: 3_000, compressor: undefined } as const;
const NOW_MS = 1_700_000_000_123;

function recordOf(key: string | null, ...pieces: string[]): KafkaRecord {
  const value = pieces.map((piece) => utf8.encode(piece));
  const valueBytes = value.reduce((sum, { length }) => sum + length, 0);
  return { key: key === null ? null : utf8.encode(key), value, valueBytes, headers: NO_HEADERS };
}

/** The batch of a request of ours for topic "t". */
function batchOf(request: Uint8Array): Buffer {
  const body = Buffer.from(request).subarray(14 + SETTINGS.clientId.length);
  return body.subarray(2 + 2 + 4 + 4 + 2 + 1 + 4 + 4 + 4);
}

/** CRC-32C, bit by bit. */
function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** Reads the records of an uncompressed batch. */
function readRecords(batch: Buffer): { key: string | null; value: string; headers: [string, string][] }[] {
  let at = 61;
  const varint = () => {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = batch[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 1 ^ -(value & 1);
    }
  };
  const bytes = (length: number) => text.decode(batch.subarray(at, at += length));
  const records = Array.from({ length: batch.readInt32BE(57) }, (_, delta) => {
    const end = varint() + at;
    deepStrictEqual([batch[at++], varint(), varint()], [0, 0, delta], "attributes, time, offset");
    const keyLength = varint();
    const key = keyLength < 0 ? null : bytes(keyLength);
    const value = bytes(varint());
    const headers = Array.from({ length: varint() }, (): [string, string] => [bytes(varint()), bytes(varint())]);
    strictEqual(at, end);
    return { key, value, headers };
  });
  strictEqual(at, batch.length);
  return records;
}

Deno.test("produceRequest(): the request around the batch", () => {
  const request = Buffer.from(produceRequest(SETTINGS, "t", 7, [recordOf(null, "v")], NOW_MS));
  strictEqual(request.readInt32BE(0), request.length - 4);
  deepStrictEqual([request.readInt16BE(4), request.readInt16BE(6)], [0, 7], "Produce v7");
  strictEqual(request.subarray(14, 16).toString(), "me");
  deepStrictEqual([request.readInt16BE(16), request.readInt16BE(18), request.readInt32BE(20)], [-1, -1, 3_000]);
  deepStrictEqual([request.readInt32BE(24), request.readInt16BE(28)], [1, 1], "one topic, a name of one byte");
  deepStrictEqual([request.readInt32BE(31), request.readInt32BE(35)], [1, 7], "one partition, its number");
  strictEqual(request.readInt32BE(39), request.length - 43, "bytes of the record set");
});

Deno.test("produceRequest(): the head of the batch", () => {
  const batch = batchOf(produceRequest(SETTINGS, "t", 0, [recordOf("k", "v"), recordOf(null, "w")], NOW_MS));
  strictEqual(batch.readBigInt64BE(0), 0n);
  strictEqual(batch.readInt32BE(8), batch.length - 12);
  deepStrictEqual([batch.readInt32BE(12), batch[16]], [-1, 2], "no leader epoch, magic");
  strictEqual(batch.readUInt32BE(17), crc32c(batch.subarray(21)));
  deepStrictEqual([batch.readInt16BE(21), batch.readInt32BE(23)], [0, 1], "not compressed, last offset delta");
  deepStrictEqual([batch.readBigInt64BE(27), batch.readBigInt64BE(35)], [BigInt(NOW_MS), BigInt(NOW_MS)]);
  deepStrictEqual(
    [batch.readBigInt64BE(43), batch.readInt16BE(51), batch.readInt32BE(53)],
    [-1n, -1, -1],
    "no producer id",
  );
});

Deno.test("produceRequest(): every record is in it as it was given, and no larger than foretold", () => {
  const headers = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 3 });
  const record = fc.tuple(fc.option(fc.string()), fc.array(fc.string({ maxLength: 300 }), { maxLength: 3 }), headers);
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 200 }), (given) => {
      const records = given.map(([key, pieces, headers]) => ({
        ...recordOf(key, ...pieces),
        headers: encodeHeaders(headers),
      }));
      const request = produceRequest(SETTINGS, "t", 0, records, NOW_MS);
      const batch = batchOf(request);
      const want = given.map(([key, pieces, headers]) => ({ key, value: pieces.join(""), headers }));
      deepStrictEqual(readRecords(batch), want);
      strictEqual(batch.readUInt32BE(17), crc32c(batch.subarray(21)));
      ok(batch.length <= records.reduce((sum, record) => sum + recordBytes(record), BATCH_OVERHEAD_BYTES));
      ok(request.length <= requestBytesAtMost(SETTINGS.clientId, "t", records));
    }),
    { numRuns: 100 },
  );
});

Deno.test("produceRequest(): compression says its codec and takes less", async (t) => {
  const records = [recordOf("k", "hello ".repeat(1_000))];
  const plain = produceRequest(SETTINGS, "t", 0, records, NOW_MS);
  for (const [bits, codec] of COMPRESSIONS.entries()) {
    for (const level of codec === "gzip" || codec === "zstd" ? [0, 1, 9] : [0]) {
      await t.step(`${codec}, level ${level}`, () => {
        const compressor = createCompressor(codec, level);
        const request = produceRequest({ ...SETTINGS, compressor }, "t", 0, records, NOW_MS);
        const batch = batchOf(request);
        strictEqual(batch.readInt16BE(21), bits);
        strictEqual(batch.readUInt32BE(17), crc32c(batch.subarray(21)));
        ok(codec === "none" ? request.length === plain.length : request.length < plain.length / 5);
      });
    }
  }
});

Deno.test("writeVarint() and varintBytes()", async (t) => {
  const cases: { value: number; want: number[] }[] = [
    { value: 0, want: [0] },
    { value: -1, want: [1] },
    { value: 63, want: [126] },
    { value: 64, want: [128, 1] },
    { value: 0x7fffffff, want: [0xfe, 0xff, 0xff, 0xff, 0x0f] },
    { value: -0x80000000, want: [0xff, 0xff, 0xff, 0xff, 0x0f] },
  ];
  for (const { value, want } of cases) {
    await t.step(`${value}`, () => {
      const bytes = new Uint8Array(5);
      const end = writeVarint(bytes, 0, value);
      deepStrictEqual([...bytes.subarray(0, end)], want);
      strictEqual(varintBytes(value), end);
    });
  }
});
