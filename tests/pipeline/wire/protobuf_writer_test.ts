/**
 * A writer copies what another one has written as it copies any bytes.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert";
import fc from "fast-check";
import { ProtoWriter } from "../../../pipeline/wire/protobuf_writer.ts";

/** Shorter and longer than what is copied eight bytes a turn, and with bytes left over. */
const LENGTHS = [0, 1, 7, 8, 9, 15, 16, 17, 95, 96, 97, 127, 128, 300];

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 7 + 129 & 0xff);
}

function written(bytes: Uint8Array): ProtoWriter {
  const source = new ProtoWriter(0);
  source.copy(bytes);
  return source;
}

Deno.test("copyFrom() writes what copy() does", async (t) => {
  for (const length of LENGTHS) {
    for (const start of [0, 3]) {
      await t.step(`${length} bytes from ${start}`, () => {
        const bytes = bytesOf(start + length + 2);
        const source = written(bytes);
        const got = new ProtoWriter(0);
        const want = new ProtoWriter(0);
        got.byte(0xff);
        want.byte(0xff);
        got.copyFrom(source, start, start + length);
        want.copy(bytes, start, start + length);
        deepStrictEqual(got.finish(), want.finish());
      });
    }
  }
});

Deno.test("copy() writes the same at the first time and later, whatever it is from", () => {
  const piece = fc.record({ source: fc.nat(1), start: fc.nat(9), length: fc.oneof(fc.nat(70), fc.nat(260)) });
  const sources = [bytesOf(300), bytesOf(310).subarray(5)];
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const got = new ProtoWriter(0);
      const want: number[] = [];
      for (const { source, start, length } of pieces) {
        got.copy(sources[source]!, start, start + length);
        want.push(...sources[source]!.subarray(start, start + length));
      }
      deepStrictEqual(Array.from(got.finish()), want);
    }),
  );
});

Deno.test("what is written after a copy, to either writer, is in the next copy", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 8 }), (pieces) => {
      const source = new ProtoWriter(0);
      const got = new ProtoWriter(0);
      const want: number[] = [];
      for (const piece of pieces) {
        const start = source.length;
        source.copy(piece);
        got.copyFrom(source, start, source.length);
        got.copyFrom(source, 0, Math.min(source.length, 9));
        want.push(...piece, ...source.buffer.subarray(0, Math.min(source.length, 9)));
        if (source.length > 200) source.clear(100);
      }
      deepStrictEqual(Array.from(got.finish()), want);
    }),
  );
});

Deno.test("what is written into the buffer itself is behind what was there, and before what comes", () => {
  const writer = new ProtoWriter(0);
  writer.copy(bytesOf(100));
  const at = writer.room(60);
  for (let i = 0; i < 60; i++) writer.buffer[at + i] = i;
  writer.wrote(at + 50);
  writer.byte(0xff);
  deepStrictEqual(Array.from(writer.finish()), [...bytesOf(100), ...Array.from({ length: 50 }, (_, i) => i), 0xff]);
});
