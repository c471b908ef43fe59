import { deepStrictEqual, strictEqual } from "node:assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { endsWithBytes, indexOfBytes, sliceBytes, splitBytes, startsWithBytes } from "../../../ottl/text/bytes.ts";
import { decodeUtf8, encodeUtf8, joinUtf8 } from "../../../ottl/values/utf8.ts";

/** Strings that begin and end anywhere in characters of one to four bytes. */
const anyText = fc.uint8Array({ maxLength: 6 }).map((bytes) => decodeUtf8(bytes.map((byte) => byte & 0x83 | 0x41)));
const cutText = fc.tuple(fc.string({ unit: fc.constantFrom("a", "é", "日", "😀"), maxLength: 5 }), fc.nat(8), fc.nat(8))
  .map(([text, from, length]) => decodeUtf8(encodeUtf8(text).slice(from, from + length)));
const someText = fc.oneof(anyText, cutText);

Deno.test("finding is finding bytes", () => {
  fc.assert(fc.property(someText, someText, (text, part) => {
    const bytes = Buffer.from(encodeUtf8(text));
    const wanted = Buffer.from(encodeUtf8(part));
    strictEqual(indexOfBytes(text, part), bytes.indexOf(wanted));
    strictEqual(startsWithBytes(text, part), bytes.subarray(0, wanted.length).equals(wanted));
    strictEqual(
      endsWithBytes(text, part),
      bytes.length >= wanted.length && bytes.subarray(bytes.length - wanted.length).equals(wanted),
    );
  }));
});

Deno.test("parts joined with the delimiter are the text", () => {
  fc.assert(fc.property(someText, someText, (text, delimiter) => {
    const parts = splitBytes(text, delimiter, 1_000);
    if (delimiter !== "" || text !== "") strictEqual(joinUtf8(parts, delimiter), text);
    else deepStrictEqual(parts, []);
  }));
});

const slices: { name: string; start: number; end: number; isSafe: boolean; want: string }[] = [
  { name: "whole characters", start: 1, end: 3, isSafe: false, want: "é" },
  { name: "half a character", start: 0, end: 2, isSafe: false, want: "a\udcc3" },
  { name: "no half at the end", start: 0, end: 2, isSafe: true, want: "a" },
  { name: "no half at the start", start: 2, end: 4, isSafe: true, want: "b" },
  { name: "only halves", start: 2, end: 3, isSafe: true, want: "" },
];

Deno.test("sliceBytes()", async (t) => {
  for (const { name, start, end, isSafe, want } of slices) {
    await t.step(name, () => strictEqual(sliceBytes("aéb", start, end, isSafe), want));
  }
});
