/**
 * Compression both ways: what comes back, what is refused, and that memory stays bounded.
 *
 * @module
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import zlib from "node:zlib";
import fc from "fast-check";
import { compress, type ContentEncoding, decompress } from "../../../pipeline/wire/compression.ts";
import { InvalidPayloadError, LimitExceededError } from "../../../pipeline/core/errors.ts";
import { residentSetGrowth } from "../../support/resident_set.ts";

const MIB = 1024 * 1024;
const ENCODINGS: readonly ContentEncoding[] = ["", "gzip", "zstd", "zlib", "deflate"];

/** Bytes that compress about 1:3, never the same twice. */
function sample(bytes: number): Uint8Array {
  const data = new Uint8Array(bytes);
  let state = 1;
  for (let at = 0; at < bytes; at++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    data[at] = at % 3 === 0 ? state >>> 16 : 97 + at % 7;
  }
  return data;
}

const join = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));
const SMALL = sample(5_000);

Deno.test("compress() then decompress() gives the same bytes", async (t) => {
  for (const encoding of ENCODINGS) {
    for (const size of [0, 1, 5_000, 256 * 1024, 256 * 1024 + 1, 3 * MIB + 7]) {
      await t.step(`${encoding || "identity"}, ${size} bytes`, async () => {
        const data = sample(size);
        const half = size >>> 1;
        const coded = await compress(encoding, [data.subarray(0, half), data.subarray(half)]);
        const back = await decompress(encoding, coded, size);
        strictEqual(Object.getPrototypeOf(back), Uint8Array.prototype);
        ok(equal(back, data));
      });
    }
  }
  await t.step("any chunks, any level", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ENCODINGS),
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }),
        fc.integer({ min: -1, max: 9 }),
        async (encoding, chunks, level) => {
          const data = join(...chunks);
          const coded = await compress(encoding, chunks, level);
          deepStrictEqual(await decompress(encoding, coded, data.length), data);
        },
      ),
      { numRuns: 200 },
    );
  });
});

Deno.test("compress() writes what another decoder reads", async (t) => {
  const decoders: Record<string, (data: Uint8Array) => Uint8Array> = {
    gzip: zlib.gunzipSync,
    zstd: zlib.zstdDecompressSync,
    zlib: zlib.inflateSync,
    deflate: zlib.inflateSync,
  };
  for (const [encoding, decode] of Object.entries(decoders)) {
    for (const size of [5_000, 2 * MIB]) {
      await t.step(`${encoding}, ${size} bytes`, async () => {
        const data = sample(size);
        ok(equal(decode(await compress(encoding as ContentEncoding, [data])), data));
      });
    }
  }
});

const gzip = (data: Uint8Array) => new Uint8Array(zlib.gzipSync(data));
const zstd = (data: Uint8Array, params: Record<number, number> = {}) =>
  new Uint8Array(zlib.zstdCompressSync(data, { params }));
const withChecksum = { [zlib.constants.ZSTD_c_checksumFlag]: 1 };
const skippable = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9);
/** A frame without a content size, as a stream writes it. */
const unsized = (data: Uint8Array) => zstd(data, { [zlib.constants.ZSTD_c_contentSizeFlag]: 0 });
const flipped = (data: Uint8Array, at: number) => data.map((byte, index) => index === at ? byte ^ 0xff : byte);

Deno.test("decompress() takes every legal form", async (t) => {
  const twice = join(SMALL, SMALL);
  const cases: { name: string; encoding: ContentEncoding; body: Uint8Array; want: Uint8Array }[] = [
    { name: "two gzip members", encoding: "gzip", body: join(gzip(SMALL), gzip(SMALL)), want: twice },
    { name: "two zstd frames", encoding: "zstd", body: join(zstd(SMALL), zstd(SMALL)), want: twice },
    { name: "zstd without a content size", encoding: "zstd", body: unsized(SMALL), want: SMALL },
    { name: "zstd with a content size", encoding: "zstd", body: declaring(unsized(SMALL), SMALL.length), want: SMALL },
    { name: "zstd with a checksum", encoding: "zstd", body: zstd(SMALL, withChecksum), want: SMALL },
    {
      name: "skippable zstd frames before, between and after",
      encoding: "zstd",
      body: join(skippable, zstd(SMALL), skippable, unsized(SMALL), skippable),
      want: twice,
    },
    { name: "an empty zstd frame", encoding: "zstd", body: zstd(new Uint8Array(0)), want: new Uint8Array(0) },
    { name: "only a skippable zstd frame", encoding: "zstd", body: skippable, want: new Uint8Array(0) },
    { name: "an empty gzip member", encoding: "gzip", body: gzip(new Uint8Array(0)), want: new Uint8Array(0) },
  ];
  for (const { name, encoding, body, want } of cases) {
    await t.step(name, async () => deepStrictEqual(await decompress(encoding, body, MIB), want));
  }
  await t.step("large bodies of two members or frames", async () => {
    const large = sample(2 * MIB);
    const both = 4 * MIB;
    for (const [encoding, encode] of [["gzip", gzip], ["zstd", zstd], ["zstd", unsized]] as const) {
      const coded = encode(large);
      const body = new Uint8Array(coded.length * 2);
      body.set(coded);
      body.set(coded, coded.length);
      const back = await decompress(encoding, body, both);
      ok(equal(back.subarray(0, 2 * MIB), large) && equal(back.subarray(2 * MIB), large));
      await rejects(async () => await decompress(encoding, body, both - 1), LimitExceededError);
    }
  });
});

Deno.test("decompress() refuses what is not whole and valid", async (t) => {
  const garbage = Uint8Array.of(1, 2, 3);
  const badMagic = flipped(zstd(SMALL), 0);
  const cases: { name: string; encoding: ContentEncoding; body: Uint8Array }[] = [
    { name: "gzip, empty", encoding: "gzip", body: new Uint8Array(0) },
    { name: "gzip, not gzip", encoding: "gzip", body: SMALL },
    { name: "gzip, garbage behind", encoding: "gzip", body: join(gzip(SMALL), garbage) },
    { name: "gzip, zeros behind", encoding: "gzip", body: join(gzip(SMALL), new Uint8Array(8)) },
    { name: "gzip, second member cut", encoding: "gzip", body: join(gzip(SMALL), gzip(SMALL).subarray(0, 50)) },
    { name: "gzip, wrong checksum", encoding: "gzip", body: flipped(gzip(SMALL), gzip(SMALL).length - 6) },
    { name: "deflate, raw", encoding: "deflate", body: zlib.deflateRawSync(SMALL) },
    { name: "zlib, garbage behind", encoding: "zlib", body: join(zlib.deflateSync(SMALL), garbage) },
    { name: "zstd, empty", encoding: "zstd", body: new Uint8Array(0) },
    { name: "zstd, not zstd", encoding: "zstd", body: SMALL },
    { name: "zstd, wrong magic", encoding: "zstd", body: badMagic },
    { name: "zstd, garbage behind", encoding: "zstd", body: join(zstd(SMALL), garbage) },
    { name: "zstd, five bytes behind", encoding: "zstd", body: join(zstd(SMALL), new Uint8Array(5)) },
    {
      name: "zstd, wrong checksum",
      encoding: "zstd",
      body: flipped(zstd(SMALL, withChecksum), zstd(SMALL, withChecksum).length - 1),
    },
    { name: "zstd, skippable frame cut", encoding: "zstd", body: skippable.subarray(0, 9) },
    { name: "zstd, reserved bit", encoding: "zstd", body: flipped(zstd(SMALL), 4) },
    {
      name: "zstd, a block of the reserved type",
      encoding: "zstd",
      body: Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 0x0f, 0, 0, 0),
    },
    { name: "zstd, declares more than it has", encoding: "zstd", body: declaring(unsized(SMALL), SMALL.length + 1) },
  ];
  for (const { name, encoding, body } of cases) {
    await t.step(name, () => rejects(async () => await decompress(encoding, body, MIB), InvalidPayloadError));
  }
  await t.step("cut at every byte", async () => {
    const data = sample(300);
    for (
      const [encoding, body] of [["gzip", gzip(data)], ["zlib", zlib.deflateSync(data)], [
        "zstd",
        zstd(data, withChecksum),
      ], ["zstd", unsized(data)]] as const
    ) {
      for (let end = 0; end < body.length; end++) {
        await rejects(
          async () => await decompress(encoding, body.subarray(0, end), MIB),
          InvalidPayloadError,
          `${encoding} cut at ${end}`,
        );
      }
    }
  });
  await t.step("large bodies, cut or with something behind", async () => {
    const large = sample(2 * MIB);
    for (
      const [encoding, body] of [["gzip", gzip(large)], ["zlib", new Uint8Array(zlib.deflateSync(large))], [
        "zstd",
        zstd(large),
      ]] as const
    ) {
      await rejects(
        async () => await decompress(encoding, body.subarray(0, body.length - 1), 4 * MIB),
        InvalidPayloadError,
      );
      const longer = new Uint8Array(body.length + 3);
      longer.set(body);
      await rejects(async () => await decompress(encoding, longer, 4 * MIB), InvalidPayloadError);
    }
  });
  await t.step("any bytes: an answer or one of the two errors", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ENCODINGS), fc.uint8Array({ maxLength: 60 }), async (encoding, noise) => {
        const body = encoding === "zstd" ? join(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), noise) : noise;
        try {
          await decompress(encoding, body, 1_000);
        } catch (error) {
          ok(error instanceof InvalidPayloadError || error instanceof LimitExceededError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

Deno.test("decompress() holds its limit", async (t) => {
  for (const encoding of ENCODINGS) {
    for (const size of [5_000, MIB, MIB + 1, 3 * MIB]) {
      await t.step(`${encoding || "identity"}: ${size} bytes at the limit and one past it`, async () => {
        const data = sample(size);
        const body = await compress(encoding, [data]);
        strictEqual((await decompress(encoding, body, size)).length, size);
        await rejects(async () => await decompress(encoding, body, size - 1), LimitExceededError);
      });
    }
  }
  await t.step("zstd: a declared size is refused before anything is decoded", async () => {
    const liar = declaring(unsized(SMALL), 2 ** 40);
    await rejects(async () => await decompress("zstd", liar, 64 * MIB), LimitExceededError);
  });
  await t.step("zstd: a window of 8 MiB, and above", async () => {
    const frame = (window: number) => Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, window, 0x09, 0, 0, 7);
    deepStrictEqual(await decompress("zstd", frame(13 << 3), MIB), Uint8Array.of(7));
    await rejects(async () => await decompress("zstd", frame((13 << 3) | 1), MIB), LimitExceededError);
  });
  await t.step("zstd: 1,024 frames, and one more", async () => {
    const frame = zstd(Uint8Array.of(7));
    const frames = (count: number) => {
      const body = new Uint8Array(frame.length * count);
      for (let at = 0; at < body.length; at += frame.length) body.set(frame, at);
      return body;
    };
    strictEqual((await decompress("zstd", frames(1_024), MIB)).length, 1_024);
    await rejects(async () => await decompress("zstd", frames(1_025), MIB), LimitExceededError);
  });
});

Deno.test("decompress() of a bomb of 512 MiB takes no more memory than its limit allows", async (t) => {
  const limit = 16 * MIB;
  for (const encoding of ["gzip", "zstd", "zlib"] as const) {
    await t.step(encoding, async () => {
      const grown = await residentSetGrowth({
        imports: `import { rejects } from "node:assert/strict";
          import { LimitExceededError } from "./pipeline/core/errors.ts";
          import { compress, decompress } from "./pipeline/wire/compression.ts";`,
        setup: `const bomb = await compress("${encoding}", Array(64).fill(new Uint8Array(${8 * MIB})));`,
        body: `for (let time = 0; time < 3; time++) {
          await rejects(async () => await decompress("${encoding}", bomb, ${limit}), LimitExceededError);
        }`,
      });
      ok(grown < 10 * limit, `${grown} bytes`);
    });
  }
});

/** A zstd frame that declares no content size, with one of eight bytes. */
function declaring(frame: Uint8Array, contentBytes: number): Uint8Array {
  strictEqual(frame[4], 0, "descriptor of a frame with a window and no size");
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(contentBytes), true);
  return join(frame.subarray(0, 4), Uint8Array.of(0xc0), frame.subarray(5, 6), size, frame.subarray(6));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
