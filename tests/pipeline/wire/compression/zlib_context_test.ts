/**
 * Contexts that calls share: what one call leaves behind never shows in the next.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import zlib from "node:zlib";
import { compress, decompress } from "../../../../pipeline/wire/compression.ts";
import { ZlibContext } from "../../../../pipeline/wire/compression/zlib_context.ts";
import { readZstdFrames } from "../../../../pipeline/wire/compression/zstd_frames.ts";

const { Z_FINISH, ZSTD_e_end, ZSTD_c_checksumFlag } = zlib.constants;
const TEXT = new TextEncoder().encode("a span, a span, another span and its end ".repeat(50));
const GZIP = new Uint8Array(zlib.gzipSync(TEXT));
const ZSTD = new Uint8Array(zlib.zstdCompressSync(TEXT, { params: { [ZSTD_c_checksumFlag]: 1 } }));

const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, place) => place === at ? byte ^ 0xff : byte);

const CODINGS = [
  { name: "gunzip", make: () => zlib.createGunzip(), flush: Z_FINISH, good: GZIP, want: TEXT },
  { name: "zstd", make: () => zlib.createZstdDecompress(), flush: ZSTD_e_end, good: ZSTD, want: TEXT },
];

for (const { name, make, flush, good, want } of CODINGS) {
  Deno.test(`ZlibContext: ${name}`, async (t) => {
    let made = 0;
    const context = new ZlibContext(() => (made++, make()), flush);
    const run = (input: Uint8Array, room = want.length + 1) => {
      const output = new Uint8Array(room);
      const bytes = context.run(input, output);
      return bytes === undefined ? undefined : output.subarray(0, bytes);
    };
    await t.step("many inputs, one context", () => {
      for (let call = 0; call < 5; call++) deepStrictEqual(run(good), want);
      strictEqual(made, 1);
    });
    const refused: { readonly name: string; readonly input: Uint8Array; readonly room?: number }[] = [
      { name: "not valid", input: flipped(good, 20) },
      { name: "nothing of the kind", input: TEXT },
      { name: "more than the output holds", input: good, room: 100 },
      { name: "as much as the output holds", input: good, room: want.length },
    ];
    for (const { name, input, room } of refused) {
      await t.step(`${name}: undefined, and the next is right`, () => {
        strictEqual(run(input, room), undefined);
        deepStrictEqual(run(good), want);
      });
    }
  });
}

Deno.test("ZlibContext: a stream without such a handle is not used", () => {
  const context = new ZlibContext(() => ({}), Z_FINISH);
  strictEqual(context.run(GZIP, new Uint8Array(5_000)), undefined);
});

Deno.test("compress() to zstd tells the size in the frame, at any level", async (t) => {
  for (const level of [0, 1, 6, 7]) {
    for (const bytes of [1, 300, 100_000, 256 * 1024]) {
      await t.step(`level ${level}, ${bytes} bytes`, async () => {
        const data = Uint8Array.from({ length: bytes }, (_, at) => at * at >>> 3);
        const coded = await compress("zstd", [data], level);
        strictEqual(readZstdFrames(coded, bytes)[0]?.contentBytes, bytes);
        deepStrictEqual(new Uint8Array(zlib.zstdDecompressSync(coded)), data);
        deepStrictEqual(await decompress("zstd", coded, bytes), data);
      });
    }
  }
});
