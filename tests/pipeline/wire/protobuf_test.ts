import { deepStrictEqual, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import protobuf from "protobufjs";
import { InvalidPayloadError } from "../../../pipeline/core/errors.ts";
import {
  FieldReader,
  MAX_GROUP_DEPTH,
  skipValue,
  tagOf,
  varint32,
  varintBig,
  varintEnd,
  varintHigh,
  varintLow,
  WireType,
} from "../../../pipeline/wire/protobuf.ts";
import { ProtoWriter, varintSize } from "../../../pipeline/wire/protobuf_writer.ts";

const uint32 = fc.nat({ max: 0xffffffff });
const uint64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 36n }));

/** `value` as the oracle writes it. */
function oracleVarint(value: bigint): Uint8Array {
  return protobuf.Writer.create().uint64(String(value)).finish();
}

Deno.test("Varints read as the oracle writes them", () => {
  fc.assert(fc.property(uint64, (value) => {
    const bytes = oracleVarint(value);
    strictEqual(varintEnd(bytes, 0, bytes.length), bytes.length);
    strictEqual(varintBig(bytes, 0), value);
    strictEqual(varintLow(bytes, 0), Number(value & 0xffffffffn));
    strictEqual(varintHigh(bytes, 0), Number(value >> 32n));
  }));
});

Deno.test("Varints are written as the oracle writes them", () => {
  fc.assert(fc.property(uint32, uint64, (small, large) => {
    const writer = new ProtoWriter(1);
    writer.varint(small);
    strictEqual(writer.length, varintSize(small));
    writer.varint64(Number(large & 0xffffffffn), Number(large >> 32n));
    deepStrictEqual([...writer.finish()], [...oracleVarint(BigInt(small)), ...oracleVarint(large)]);
  }));
});

const edges: { name: string; bytes: number[]; want: bigint | undefined }[] = [
  { name: "zero", bytes: [0], want: 0n },
  { name: "zero in ten bytes", bytes: [...new Array(9).fill(0x80), 0], want: 0n },
  { name: "64 ones", bytes: [...new Array(9).fill(0xff), 1], want: 2n ** 64n - 1n },
  { name: "65 bits", bytes: [...new Array(9).fill(0xff), 2], want: undefined },
  { name: "eleven bytes", bytes: [...new Array(10).fill(0x80), 0], want: undefined },
  { name: "cut off", bytes: [0x80], want: undefined },
  { name: "nothing", bytes: [], want: undefined },
  { name: "2^32", bytes: [0x80, 0x80, 0x80, 0x80, 0x10], want: 2n ** 32n },
  { name: "2^35", bytes: [0x80, 0x80, 0x80, 0x80, 0x80, 0x01], want: 2n ** 35n },
];

Deno.test("varintEnd() and varintBig() at the edges", async (t) => {
  for (const { name, bytes, want } of edges) {
    await t.step(name, () => {
      const varint = Uint8Array.from(bytes);
      if (want === undefined) throws(() => varintEnd(varint, 0, varint.length), InvalidPayloadError);
      else {
        strictEqual(varintEnd(varint, 0, varint.length), varint.length);
        strictEqual(varintBig(varint, 0), want);
      }
    });
  }
  await t.step("a varint that goes past the end of its message is cut off", () => {
    throws(() => varintEnd(Uint8Array.of(0x80, 0x01), 0, 1), InvalidPayloadError);
  });
});

Deno.test("varint32() takes 32 bits and no more", () => {
  strictEqual(varint32(oracleVarint(0xffffffffn), 0, 5), 0xffffffff);
  strictEqual(varint32(Uint8Array.of(0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), 0, 7), 5);
  throws(() => varint32(oracleVarint(0x100000000n), 0, 5), InvalidPayloadError);
});

const group = (...content: number[]) => [tagOf(9, WireType.groupStart), ...content, tagOf(9, WireType.groupEnd)];

const skips: { name: string; tag: number; bytes: number[]; end: number | undefined }[] = [
  { name: "varint", tag: tagOf(1, 0), bytes: [0xff, 0x01, 9], end: 2 },
  { name: "fixed64", tag: tagOf(1, 1), bytes: [1, 2, 3, 4, 5, 6, 7, 8, 9], end: 8 },
  { name: "fixed64, one byte short", tag: tagOf(1, 1), bytes: [1, 2, 3, 4, 5, 6, 7], end: undefined },
  { name: "bytes", tag: tagOf(1, 2), bytes: [2, 7, 7, 9], end: 3 },
  { name: "bytes to the end", tag: tagOf(1, 2), bytes: [2, 7, 7], end: 3 },
  { name: "bytes, one byte short", tag: tagOf(1, 2), bytes: [2, 7], end: undefined },
  { name: "fixed32", tag: tagOf(1, 5), bytes: [1, 2, 3, 4], end: 4 },
  { name: "fixed32, one byte short", tag: tagOf(1, 5), bytes: [1, 2, 3], end: undefined },
  { name: "an empty group", tag: tagOf(8, 3), bytes: [tagOf(8, 4), 1], end: 1 },
  { name: "a group with fields and a group", tag: tagOf(8, 3), bytes: [8, 1, ...group(8, 1), tagOf(8, 4)], end: 7 },
  { name: "a group ended by another's end", tag: tagOf(8, 3), bytes: [tagOf(9, 4)], end: undefined },
  { name: "a group that does not end", tag: tagOf(8, 3), bytes: [8, 1], end: undefined },
  { name: "the end of no group", tag: tagOf(8, 4), bytes: [], end: undefined },
  { name: "field 0", tag: tagOf(0, 0), bytes: [1], end: undefined },
  { name: "field 0 in a group", tag: tagOf(8, 3), bytes: [0, 1, tagOf(8, 4)], end: undefined },
  { name: "wire type 6", tag: tagOf(1, 6), bytes: [1], end: undefined },
  { name: "wire type 7", tag: tagOf(1, 7), bytes: [1], end: undefined },
];

Deno.test("skipValue()", async (t) => {
  for (const { name, tag, bytes, end } of skips) {
    await t.step(name, () => {
      const value = Uint8Array.from(bytes);
      if (end === undefined) throws(() => skipValue(value, 0, value.length, tag), InvalidPayloadError);
      else strictEqual(skipValue(value, 0, value.length, tag), end);
    });
  }
  await t.step("groups to the depth bound, and one past it", () => {
    const nested = (depth: number) => {
      let bytes: number[] = [];
      for (let level = 1; level < depth; level++) bytes = group(...bytes);
      return Uint8Array.from([...bytes, tagOf(8, 4)]);
    };
    const at = nested(MAX_GROUP_DEPTH);
    strictEqual(skipValue(at, 0, at.length, tagOf(8, 3)), at.length);
    const past = nested(MAX_GROUP_DEPTH + 1);
    throws(() => skipValue(past, 0, past.length, tagOf(8, 3)), InvalidPayloadError);
  });
});

type Field = { number: number; kind: "varint" | "fixed64" | "bytes" | "fixed32"; value: number; bytes: Uint8Array };

const field: fc.Arbitrary<Field> = fc.record({
  number: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 ** 29 - 1 })),
  kind: fc.constantFrom("varint", "fixed64", "bytes", "fixed32"),
  value: uint32,
  bytes: fc.uint8Array({ maxLength: 200 }),
});

Deno.test("FieldReader gives back the fields that ProtoWriter wrote, in place", () => {
  fc.assert(fc.property(fc.array(field), fc.uint8Array({ maxLength: 3 }), (fields, before) => {
    const writer = new ProtoWriter(1);
    writer.copy(before);
    for (const { number, kind, value, bytes } of fields) {
      if (kind === "varint") writer.varintField(number, value);
      else if (kind === "bytes") writer.bytesField(number, bytes);
      else {
        writer.tag(number, WireType[kind]);
        if (kind === "fixed64") writer.fixed64(value, 7);
        else writer.fixed32(value);
      }
    }
    const bytes = writer.finish();
    const reader = new FieldReader(bytes, before.length);
    let end = before.length;
    for (const want of fields) {
      strictEqual(reader.next(), true);
      strictEqual(reader.field, want.number);
      strictEqual(reader.tag & 7, WireType[want.kind]);
      strictEqual(reader.fieldStart, end);
      if (want.kind === "bytes") deepStrictEqual([...reader.view()], [...want.bytes]);
      if (want.kind === "varint") strictEqual(varintLow(bytes, reader.start), want.value);
      end = reader.valueEnd;
    }
    strictEqual(reader.next(), false);
    strictEqual(end, bytes.length);
  }));
});

Deno.test("FieldReader refuses what is cut off", () => {
  for (const bytes of [[0x0a], [0x0a, 2, 1], [0x08], [0x09, 1], [0x00, 0x00], [0x02, 0x00], [0x80]]) {
    throws(() => new FieldReader(Uint8Array.from(bytes)).next(), InvalidPayloadError, String(bytes));
  }
});

/** Bytes that a writer is told to expect: right or wrong, they may only change where it has to move things. */
const expected = fc.constantFrom(0, 1, 127, 128, 20_000, 3_000_000);

Deno.test("ProtoWriter.open() and close() frame messages of any length in one another", () => {
  const contents = fc.uint8Array({ maxLength: 20_000, size: "max" });
  const texts = fc.oneof(fc.string({ maxLength: 200 }), fc.string({ unit: "binary", maxLength: 200 }));
  fc.assert(fc.property(contents, texts, expected, expected, (content, text, expectedOuter, expectedInner) => {
    const writer = new ProtoWriter(1);
    const outer = writer.open(1, expectedOuter);
    writer.stringField(2, text);
    const inner = writer.open(3, expectedInner);
    writer.copy(content);
    writer.close(inner, expectedInner);
    writer.close(outer, expectedOuter);
    writer.varintField(4, 1);
    const want = protobuf.Writer.create();
    want.uint32(10).fork().uint32(18).string(text).uint32(26).bytes(content).ldelim().uint32(32).uint32(1);
    deepStrictEqual([...writer.finish()], [...want.finish()]);
  }));
});

Deno.test("ProtoWriter.clear() begins anew, in the same buffer up to the bound", () => {
  const writer = new ProtoWriter(64);
  const { buffer } = writer;
  writer.copy(new Uint8Array(64));
  writer.clear(64);
  writer.byte(7);
  strictEqual(writer.buffer, buffer);
  deepStrictEqual([...writer.finish()], [7]);
  writer.clear(63);
  strictEqual(writer.buffer.length, 0);
  writer.byte(8);
  deepStrictEqual([...writer.finish()], [8]);
});

Deno.test("ProtoWriter writes doubles and fixed integers as the oracle does", () => {
  fc.assert(fc.property(fc.double(), uint32, uint32, (double, low, high) => {
    const writer = new ProtoWriter(1);
    writer.double(double);
    writer.fixed64(low, high);
    writer.fixed32(high);
    writer.byte(0xf3);
    const want = protobuf.Writer.create().double(double).fixed32(low).fixed32(high).fixed32(high).finish();
    deepStrictEqual([...writer.finish()], [...want, 0xf3]);
  }));
});

Deno.test("ProtoWriter.copy() copies ranges of views, short and long", () => {
  const source = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff).subarray(100);
  for (const [start, end] of [[0, 0], [3, 4], [5, 37], [5, 38], [0, 200]] as const) {
    const writer = new ProtoWriter(1);
    writer.copy(source, start, end);
    deepStrictEqual([...writer.finish()], [...source.slice(start, end)]);
  }
});
