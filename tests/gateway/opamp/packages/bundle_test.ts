import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { MAX_BUNDLE_FILES, readBundle } from "../../../../gateway/opamp/packages/bundle.ts";
import { tarOf } from "../../../support/tar.ts";

const texts = (bundle: ReturnType<typeof readBundle>) =>
  typeof bundle === "string"
    ? bundle
    : bundle.map(({ path, content }) => `${path}=${new TextDecoder().decode(content)}`);

Deno.test("readBundle() reads files", async (t) => {
  const archive = tarOf([{ path: "./", type: "5" }, { path: "./a.yaml", text: "a: 1" }, {
    path: "b/c.ottl",
    text: "x".repeat(513),
  }]);
  for (const [name, bytes] of [["plain", archive], ["with gzip", gzipSync(archive)]] as const) {
    await t.step(name, () => deepStrictEqual(texts(readBundle(bytes)), ["a.yaml=a: 1", `b/c.ottl=${"x".repeat(513)}`]));
  }
});

Deno.test("readBundle() refuses", async (t) => {
  const fine = tarOf([{ path: "a", text: "text" }]);
  const cases: { name: string; bytes: Uint8Array; maxBytes?: number; why: RegExp }[] = [
    { name: "nothing", bytes: new Uint8Array(), why: /no tar archive with files/ },
    { name: "what is no archive", bytes: new TextEncoder().encode("x".repeat(1_024)), why: /wrong checksum/ },
    { name: "a path upwards", bytes: tarOf([{ path: "../a", text: "x" }]), why: /no path below/ },
    { name: "a path upwards inside", bytes: tarOf([{ path: "a/../../b", text: "x" }]), why: /no path below/ },
    { name: "an absolute path", bytes: tarOf([{ path: "/etc/passwd", text: "x" }]), why: /no path below/ },
    { name: "a link", bytes: tarOf([{ path: "a", type: "2" }]), why: /no plain file/ },
    { name: "a hard link", bytes: tarOf([{ path: "a", type: "1" }]), why: /no plain file/ },
    { name: "a device", bytes: tarOf([{ path: "a", type: "3" }]), why: /no plain file/ },
    { name: "a size past its end", bytes: tarOf([{ path: "a", text: "x", size: "00000077777" }]), why: /cut short/ },
    { name: "no size", bytes: tarOf([{ path: "a", text: "x", size: "-0000000001" }]), why: /has no size|cut short/ },
    { name: "broken gzip", bytes: gzipSync(fine).subarray(0, 20), why: /gzip cannot be read/ },
    { name: "more bytes than it may, with gzip", bytes: gzipSync(fine), maxBytes: fine.length - 1, why: /larger than/ },
    { name: "more bytes than it may", bytes: fine, maxBytes: fine.length - 1, why: /larger than/ },
    {
      name: "more files than it may",
      bytes: tarOf(Array.from({ length: MAX_BUNDLE_FILES + 1 }, (_, i) => ({ path: `f${i}` }))),
      why: /more than 1000 files/,
    },
  ];
  for (const { name, bytes, maxBytes, why } of cases) {
    await t.step(name, () => match(String(readBundle(bytes, maxBytes)), why));
  }
  await t.step(
    "but what is just as large as it may be",
    () => strictEqual(typeof readBundle(gzipSync(fine), fine.length), "object"),
  );
});

Deno.test("readBundle() answers to anything", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
    readBundle(bytes, 10_000);
  }));
  const archive = tarOf([{ path: "a", text: "text" }]);
  fc.assert(fc.property(fc.nat(511), fc.nat(255), (at, byte) => {
    const files = readBundle(archive.with(at, byte));
    if (typeof files !== "string") {
      strictEqual(files.some(({ path }) => path.includes("..") || path.startsWith("/")), false);
    }
  }));
});
