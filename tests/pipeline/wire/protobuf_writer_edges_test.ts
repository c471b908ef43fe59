/**
 * The writer where varints change their length, and where its buffer is all but full.
 *
 * @module
 */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { Buffer } from "node:buffer";
import protobuf from "protobufjs";
import { ProtoWriter, varintSize } from "../../../pipeline/wire/protobuf_writer.ts";

/** As the oracle writes them. */
function oracle(write: (writer: protobuf.Writer) => unknown): number[] {
  const writer = protobuf.Writer.create();
  write(writer);
  return [...writer.finish()];
}

Deno.test("varints where they take another byte", async (t) => {
  for (let bits = 0n; bits <= 64n; bits++) {
    for (const value of [(1n << bits) - 1n, 1n << bits]) {
      if (value >= 1n << 64n) continue;
      await t.step(String(value), () => {
        const want = oracle((writer) => writer.uint64(String(value)));
        const [low, high] = [Number(value & 0xffffffffn), Number(value >> 32n)];
        const writer = new ProtoWriter();
        writer.varint64(low, high);
        deepStrictEqual([...writer.finish()], want);
        const signed = new ProtoWriter();
        signed.varint64(low | 0, high | 0);
        deepStrictEqual([...signed.finish()], want, "in signed halves");
        if (high !== 0) return;
        const short = new ProtoWriter();
        short.varint(low);
        deepStrictEqual([...short.finish()], want);
        strictEqual(varintSize(low), want.length);
      });
    }
  }
});

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => i * 11 + 3 & 0xff);

function framed(writer: ProtoWriter, length: number, expected: number): void {
  const mark = writer.open(1, expected);
  writer.copy(bytes(length));
  writer.close(mark, expected);
}

/** What can be written, and the same by the oracle or by hand. */
const writes: { name: string; write: (writer: ProtoWriter) => unknown; want: number[] }[] = [
  { name: "a byte", write: (writer) => writer.byte(7), want: [7] },
  { name: "a varint", write: (writer) => writer.varint(0xffffffff), want: oracle((o) => o.uint32(0xffffffff)) },
  { name: "a tag", write: (writer) => writer.tag(0x1fffffff, 5), want: oracle((o) => o.uint32(0xfffffffd)) },
  {
    name: "a varint of ten bytes",
    write: (writer) => writer.varint64(0xffffffff, 0xffffffff),
    want: oracle((o) => o.uint64("18446744073709551615")),
  },
  { name: "a fixed32", write: (writer) => writer.fixed32(0x84030201), want: [1, 2, 3, 0x84] },
  {
    name: "a fixed64",
    write: (writer) => writer.fixed64(0x84030201, 0x88070605),
    want: [1, 2, 3, 0x84, 5, 6, 7, 0x88],
  },
  { name: "a double", write: (writer) => writer.double(-1.5), want: oracle((o) => o.double(-1.5)) },
  {
    name: "a varint field",
    write: (writer) => writer.varintField(40, 300),
    want: oracle((o) => o.uint32(320).uint32(300)),
  },
  ...[0, 1, 2, 3, 31, 32, 33, 127, 128, 200, 20_000].flatMap((length) => [
    {
      name: `a field of ${length} bytes`,
      write: (writer: ProtoWriter) => writer.bytesField(1, bytes(length)),
      want: oracle((o) => o.uint32(10).bytes(bytes(length))),
    },
    {
      name: `a field of ${length} bytes from within others`,
      write: (writer: ProtoWriter) => writer.bytesField(15, bytes(length + 7), 5, length + 5),
      want: oracle((o) => o.uint32(122).bytes(bytes(length + 7).subarray(5, length + 5))),
    },
    {
      name: `a field of ${length} bytes with a long tag`,
      write: (writer: ProtoWriter) => writer.bytesField(16, bytes(length)),
      want: oracle((o) => o.uint32(130).bytes(bytes(length))),
    },
    {
      name: `a copy of ${length} bytes from within others`,
      write: (writer: ProtoWriter) => writer.copy(bytes(length + 7), 5, length + 5),
      want: [...bytes(length + 7).subarray(5, length + 5)],
    },
    {
      name: `a copy of ${length} bytes from another writer`,
      write(writer: ProtoWriter) {
        const source = new ProtoWriter();
        source.copy(bytes(length + 7));
        writer.copyFrom(source, 5, length + 5);
      },
      want: [...bytes(length + 7).subarray(5, length + 5)],
    },
    ...[0, 127, 128, 3_000_000].map((expected) => ({
      name: `a message of ${length} bytes where ${expected} were expected`,
      write: (writer: ProtoWriter) => framed(writer, length, expected),
      want: oracle((o) => o.uint32(10).bytes(bytes(length))),
    })),
  ]),
  ...["", "a", "\x7f", "\u0080", "ü", "€", "€€", "😀", "\ud800"].flatMap((text) =>
    [1, 42, 43, 63, 64, 65, 127, 128, 5_461, 5_462, 16_384].map((times) => ({
      name: `${times} times ${JSON.stringify(text)}`,
      write: (writer: ProtoWriter) => writer.stringField(2, text.repeat(times)),
      want: oracle((o) => o.uint32(18).bytes(new TextEncoder().encode(text.repeat(times)))),
    }))
  ),
];

/** Bytes that a buffer begins with; each write is tried with each number of them left. */
const CAPACITY = 24;

Deno.test("everything is written whole, however full the buffer is", async (t) => {
  for (const { name, write, want } of writes) {
    await t.step(name, () => {
      for (let filled = 0; filled <= CAPACITY; filled++) {
        const writer = new ProtoWriter(CAPACITY);
        writer.copy(bytes(filled));
        write(writer);
        writer.byte(0xee);
        const got = writer.finish();
        strictEqual(Buffer.compare(got, Uint8Array.from([...bytes(filled), ...want, 0xee])), 0, `${filled} before it`);
      }
    });
  }
});

Deno.test("a field is as long as the buffer has left", () => {
  for (let length = 0; length <= 300; length++) {
    const writer = new ProtoWriter(length + 2);
    const { buffer } = writer;
    writer.bytesField(1, bytes(length));
    const want = oracle((o) => o.uint32(10).bytes(bytes(length)));
    deepStrictEqual([...writer.finish()], want);
    if (length <= 32) strictEqual(writer.buffer, buffer, "it did not grow");
  }
});

Deno.test("a message may have 512 MiB, and not a byte more", () => {
  const MAX_BYTES = 536_870_912;
  throws(() => new ProtoWriter(0).room(MAX_BYTES + 1), RangeError);
  const writer = new ProtoWriter(0);
  strictEqual(writer.room(MAX_BYTES), 0);
  strictEqual(writer.buffer.length, MAX_BYTES);
  writer.wrote(MAX_BYTES);
  throws(() => writer.byte(1), RangeError);
});
