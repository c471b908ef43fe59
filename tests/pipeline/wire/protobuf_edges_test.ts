/**
 * The reader where varints change their length, and where a message ends inside a larger buffer.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import protobuf from "protobufjs";
import { InvalidPayloadError } from "../../../pipeline/core/errors.ts";
import {
  FieldReader,
  rangeEquals,
  skipValue,
  tagOf,
  varint32,
  varintBig,
  varintEnd,
  WireType,
} from "../../../pipeline/wire/protobuf.ts";

/** Where a message ends, other bytes follow: whoever reads on takes them for its own. */
const FOLLOWING = [0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x7f];

function oracleVarint(value: bigint): Uint8Array {
  return protobuf.Writer.create().uint64(String(value)).finish();
}

/** The offset that the error names. */
function refusedAt(read: () => unknown): number | undefined {
  try {
    read();
  } catch (thrown) {
    ok(thrown instanceof InvalidPayloadError, String(thrown));
    return thrown.offset;
  }
  return undefined;
}

Deno.test("a varint ends where it ends, whatever follows", async (t) => {
  for (let bits = 0n; bits <= 64n; bits++) {
    await t.step(`${bits} bits`, () => {
      const value = (1n << bits) - 1n;
      const varint = oracleVarint(value);
      const bytes = Uint8Array.from([0x80, ...varint, ...FOLLOWING]);
      strictEqual(varintEnd(bytes, 1, bytes.length), 1 + varint.length);
      strictEqual(varintBig(bytes, 1), value);
      if (bits <= 32n) strictEqual(varint32(bytes, 1, bytes.length), Number(value));
      else strictEqual(refusedAt(() => varint32(bytes, 1, bytes.length)), 1);
    });
  }
});

Deno.test("the last field that there can be", () => strictEqual(tagOf(0x1fffffff, WireType.fixed32), 0xfffffffd));

Deno.test("groups of an unknown field nest 64 levels deep, and no deeper", () => {
  const nested = (depth: number) =>
    Uint8Array.from([...new Array(depth - 1).fill(0x4b), ...new Array(depth).fill(0x4c)]);
  strictEqual(skipValue(nested(64), 0, 127, 0x4b), 127);
  throws(() => skipValue(nested(65), 0, 129, 0x4b), InvalidPayloadError);
});

const ranges: { name: string; start: number; end: number; wanted: number[]; same: boolean }[] = [
  { name: "the same", start: 1, end: 4, wanted: [11, 12, 13], same: true },
  { name: "nothing and nothing", start: 2, end: 2, wanted: [], same: true },
  { name: "shorter", start: 1, end: 3, wanted: [11, 12, 13], same: false },
  { name: "longer", start: 1, end: 4, wanted: [11, 12], same: false },
  { name: "another first byte", start: 1, end: 4, wanted: [10, 12, 13], same: false },
  { name: "another last byte", start: 1, end: 4, wanted: [11, 12, 14], same: false },
  { name: "to the end of the buffer", start: 2, end: 5, wanted: [12, 13, 14], same: true },
];

Deno.test("rangeEquals()", async (t) => {
  for (const { name, start, end, wanted, same } of ranges) {
    await t.step(name, () => {
      strictEqual(rangeEquals(Uint8Array.of(10, 11, 12, 13, 14), start, end, Uint8Array.from(wanted)), same);
    });
  }
});

/** Where a length takes a byte more, and one to either side. */
const LENGTHS = [0, 1, 126, 127, 128, 129, 255, 256, 300, 16_383, 16_384, 16_385, 40_000, 2_097_151, 2_097_152];

Deno.test("FieldReader reads lengths of any size, between other fields", async (t) => {
  for (const length of LENGTHS) {
    await t.step(`${length} bytes`, () => {
      const content = new Uint8Array(length).fill(0x85);
      const message = protobuf.Writer.create().uint32(8).uint32(5).uint32(18).bytes(content).uint32(24).uint32(6)
        .finish();
      const bytes = Uint8Array.from([0x80, ...message, ...FOLLOWING]);
      const reader = new FieldReader(bytes, 1, 1 + message.length);
      const got: [number, number, number, number][] = [];
      while (reader.next()) got.push([reader.field, reader.fieldStart, reader.start, reader.valueEnd]);
      const start = 3 + 1 + oracleVarint(BigInt(length)).length;
      deepStrictEqual(got, [[1, 1, 2, 3], [2, 3, start, start + length], [
        3,
        start + length,
        start + length + 1,
        start + length + 2,
      ]]);
    });
  }
});

/** All of them have a message end inside of the buffer, before bytes with which it would be whole. */
const cutOff: { name: string; bytes: number[]; end: number; at: number }[] = [
  { name: "before a length", bytes: [0x0a, 0x00, 0x00], end: 1, at: 1 },
  { name: "within a length of two bytes", bytes: [0x0a, 0x80, 0x00, 0x00], end: 2, at: 1 },
  { name: "within a length of three bytes", bytes: [0x0a, 0x80, 0x80, 0x00], end: 3, at: 1 },
  { name: "behind the length", bytes: [0x0a, 0x01, 0x00], end: 2, at: 2 },
  { name: "behind a length of two bytes", bytes: [0x0a, 0x81, 0x00, 0x00], end: 3, at: 3 },
  { name: "within a tag", bytes: [0x82, 0x01, 0x00], end: 1, at: 0 },
  { name: "before a varint", bytes: [0x08, 0x00], end: 1, at: 1 },
  { name: "within a group", bytes: [0x0b, 0x0c], end: 1, at: 1 },
];

Deno.test("FieldReader refuses what is cut off, and says where", async (t) => {
  for (const { name, bytes, end, at } of cutOff) {
    await t.step(name, () => {
      const wire = Uint8Array.from([0xff, ...bytes]);
      strictEqual(refusedAt(() => new FieldReader(wire, 1, 1 + end).next()), 1 + at);
    });
  }
});

Deno.test("FieldReader gives back long fields too", () => {
  const content = fc.uint8Array({ maxLength: 600, size: "max" });
  fc.assert(fc.property(fc.array(content, { maxLength: 5 }), (contents) => {
    const writer = protobuf.Writer.create();
    for (const bytes of contents) writer.uint32(10).bytes(bytes);
    const reader = new FieldReader(writer.finish());
    const got: number[][] = [];
    while (reader.next()) got.push([...reader.view()]);
    deepStrictEqual(got, contents.map((bytes) => [...bytes]));
  }));
});
