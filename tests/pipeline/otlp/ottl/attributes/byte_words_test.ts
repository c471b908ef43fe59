/**
 * Bytes compared four at a time are the same as when they are compared one by one.
 *
 * @module
 */

import { strictEqual } from "node:assert";
import fc from "fast-check";
import { ByteWords } from "../../../../../pipeline/otlp/ottl/attributes/byte_words.ts";
import { rangeEquals } from "../../../../../pipeline/wire/protobuf.ts";

Deno.test("ByteWords finds what lies in a range, of any length and at any offset", () => {
  const few = fc.uint8Array({ min: 0, max: 1, maxLength: 13 });
  fc.assert(
    fc.property(few, few, few, few, fc.boolean(), (before, wanted, other, behind, isSame) => {
      const held = isSame ? wanted : Uint8Array.from(wanted, (byte, i) => other[i] ?? byte);
      const bytes = Uint8Array.of(...before, ...held, ...behind);
      const view = new DataView(bytes.buffer);
      strictEqual(
        new ByteWords(wanted).isAt(view, before.length),
        rangeEquals(bytes, before.length, before.length + wanted.length, wanted),
      );
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("ByteWords sees a difference in each of its bytes", () => {
  for (let length = 1; length <= 12; length++) {
    const wanted = new ByteWords(new Uint8Array(length).fill(7));
    for (let i = 0; i < length; i++) {
      const bytes = new Uint8Array(length).fill(7);
      strictEqual(wanted.isAt(new DataView(bytes.buffer), 0), true);
      bytes[i] = 8;
      strictEqual(wanted.isAt(new DataView(bytes.buffer), 0), false);
    }
  }
});
