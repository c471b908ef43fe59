import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { ChunkReader, MalformedChunk } from "../../../routes/http1/chunked.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Reads `bytes` as if they came in pieces of these lengths, keeping what is not taken, as a connection does. */
function readAll(bytes: Uint8Array, lengths: readonly number[]): { body: number[]; rest: number; isDone: boolean } {
  const reader = new ChunkReader();
  const body: number[] = [];
  let [from, end] = [0, 0];
  for (const length of [...lengths, bytes.length]) {
    end = Math.min(bytes.length, end + length);
    reader.read(bytes, from, end, (chunk) => void body.push(...chunk));
    from = reader.at;
  }
  return { body, rest: bytes.length - from, isDone: reader.isDone };
}

Deno.test("ChunkReader", async (t) => {
  await t.step("any body, in any chunks, read in any pieces", () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
    const pieces = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 40 });
    fc.assert(fc.property(chunks, pieces, fc.boolean(), (sent, lengths, isUpper) => {
      const size = ({ length }: Uint8Array) =>
        isUpper ? length.toString(16).toUpperCase() : `0${length.toString(16)};x=y`;
      const wire = sent.flatMap((chunk) => [...utf8(`${size(chunk)}\r\n`), ...chunk, ...utf8("\r\n")]);
      const bytes = Uint8Array.from([...wire, ...utf8("0\r\nTrailer: a\r\n\r\nGET")]);
      deepStrictEqual(readAll(bytes, lengths), { body: sent.flatMap((chunk) => [...chunk]), rest: 3, isDone: true });
    }));
  });
  await t.step("stops where there is no room, and goes on from there", async () => {
    const reader = new ChunkReader();
    const bytes = utf8("1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
    const seen: number[] = [];
    const wait = Promise.resolve();
    const take = (chunk: Uint8Array) => (seen.push(...chunk), wait);
    strictEqual(reader.read(bytes, 0, bytes.length, take), wait);
    await wait;
    deepStrictEqual(seen, [97]);
    reader.read(bytes, reader.at, bytes.length, take);
    strictEqual(reader.read(bytes, reader.at, bytes.length, take), undefined);
    deepStrictEqual([seen, reader.isDone], [[97, 98], true]);
  });
  const malformed = {
    "no size": "\r\n",
    "no hexadecimal size": "xy\r\n",
    "a negative size": "-1\r\n",
    "something behind the size": "1 1,\r\na\r\n".replace(" 1", "z"),
    "something behind the blanks that is no extension": "1 x\r\na\r\n",
    "a carriage return in an extension": "1;a\r0\r\na\r\n",
    "a carriage return before an extension": "1 \r;a\r\na\r\n",
    "a control character in an extension": "1;a\u0000\r\na\r\n",
    "a delete character in an extension": "1;a\u007f\r\na\r\n",
    "a size beyond any body": "100000000000\r\n",
    "a chunk longer than its size": "1\r\nab\r\n",
    "a line that ends with a line feed alone": "1\na\r\n",
    "a line without an end": `1;${"x".repeat(5_000)}`,
    "a trailer that is no field": "0\r\nfoo bar\r\n\r\n",
    "a trailer without a name": "0\r\n: b\r\n\r\n",
    "a folded trailer": "0\r\nA: b\r\n c\r\n\r\n",
    "trailers without an end": `0\r\n${"A: b\r\n".repeat(1_000)}`,
  };
  for (const [name, text] of Object.entries(malformed)) {
    await t.step(`refused: ${name}`, () => throws(() => readAll(utf8(text), [utf8(text).length]), MalformedChunk));
  }
  await t.step("a size of more digits than any body has says how many are wanted", () => {
    const wanted = { message: "a chunk has no size that can be read, wanted up to 11 hexadecimal digits" };
    throws(() => readAll(utf8("100000000000\r\n"), []), wanted);
    ok(!readAll(utf8("10000000000\r\n"), []).isDone);
  });
  await t.step("what a chunk announces is known before it comes", () => {
    const reader = new ChunkReader();
    const line = utf8("100000000\r\n");
    reader.read(line, 0, line.length, () => undefined);
    strictEqual(reader.left, 4 * 1024 ** 3);
  });
  await t.step("blanks and extensions are read over", () => {
    for (const end of ["", " ", "\t ", ";", ";a", " ; a=b", ';a="\u00e4\tc"']) {
      ok(readAll(utf8(`1${end}\r\na\r\n0${end}\r\n\r\n`), []).isDone, JSON.stringify(end));
    }
  });
  await t.step("lines and trailers up to the limit are read over", () => {
    const { isDone } = readAll(utf8(`1;${"x".repeat(4_000)}\r\na\r\n0\r\nA: ${"b".repeat(4_000)}\r\n\r\n`), []);
    ok(isDone);
  });
});
