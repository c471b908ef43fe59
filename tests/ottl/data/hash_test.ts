/**
 * Hashes and ids against published vectors and the reference engine's answers.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import { fnv1a, murmur3, murmur3x128 } from "../../../ottl/data/hash.ts";
import { digest } from "../../../ottl/data/hash_digest.ts";
import { communityId } from "../../../ottl/data/hash_community_id.ts";
import { readId, uuidV4, uuidV7 } from "../../../ottl/data/hash_id.ts";
import { encodeUtf8 } from "../../../ottl/values/utf8.ts";
import { OttlError } from "../../../ottl/values/errors.ts";

/** Text, FNV-1a, Murmur3 of 32 and 128 bits, XXH3 of 64 and 128 bits; as many bytes as their code has branches. */
const VECTORS: readonly (readonly [text: string, fnv: bigint, m3: string, m128: string, x3: string, x128: string])[] = [
  [
    "",
    -3750763034362895579n,
    "00000000",
    "00000000000000000000000000000000",
    "2d06800538d394c2",
    "99aa06d3014798d86001c324468d497f",
  ],
  [
    "a",
    -5808556873153909620n,
    "b269253c",
    "897859f6655555855a890e51483ab5e6",
    "e6c632b61e964e1f",
    "a96faf705af16834e6c632b61e964e1f",
  ],
  [
    "ab",
    620445648566982762n,
    "5fd7bf9b",
    "2e1bed16ea118b93add4529b01a75ee6",
    "a873719c24d5735c",
    "89c65ebc828eebaca873719c24d5735c",
  ],
  [
    "abc",
    -1792535898324117685n,
    "fa93ddb3",
    "6778ad3f3f3f96b4522dca264174a23b",
    "78af5f94892f3950",
    "06b05ab6733a618578af5f94892f3950",
  ],
  [
    "abcd",
    -281581062704388899n,
    "6a67ed43",
    "4fcd5646d6b77bb875e87360883e00f2",
    "6497a96f53a89890",
    "8d6b60383dfa90c21be79eecd1b1353d",
  ],
  [
    "Hello World",
    4420528118743043111n,
    "ce837619",
    "dbc2a0c1ab26631a27b4c09fcf1fe683",
    "e34615aade2e6333",
    "403383a15c99beee9ac3af2126a00292",
  ],
  [
    "é 😀",
    -2736487489687207142n,
    "3751d83f",
    "3e639a5d73fe172731bf0b1137861109",
    "8072fe6d2ebb2a9d",
    "6b50d882a304704034236339134022a4",
  ],
  [
    letters(8),
    6430060881669262333n,
    "53178356",
    "4d3587739b033682204996d8879336c3",
    "1808e40d6723f646",
    "647579ea30e43a75f455a8e446810217",
  ],
  [
    letters(9),
    -6248842096884842561n,
    "7dda8150",
    "ba38e79f51871e4cf197d599f87aa172",
    "3b5293ce9b5bd7d7",
    "7ed631159e915ea8e23a7f36c9118966",
  ],
  [
    letters(15),
    4856141641971038825n,
    "fe512486",
    "5123bfc0f6d52da6f04c547c0cf5cc4f",
    "1bba6832325beacf",
    "a15e87058de69926258e33052819616f",
  ],
  [
    letters(16),
    3330193207084279677n,
    "dfe0c736",
    "a7d14acf946de04bda08a7635c5bc387",
    "64439946d8fa212d",
    "ccba8085a0434e9e0befb4873dbe58f8",
  ],
  [
    letters(17),
    3836247537072091438n,
    "6966ade2",
    "def945aa2d61328eee72c306c2f40008",
    "d2e63ed5466f5c32",
    "d54994a55733db61c7401fb9f6fbf86b",
  ],
  [
    letters(31),
    -5880571929270056887n,
    "9c2b27d2",
    "42056e1a0c7828b8b2e9a71391732239",
    "e60a914e4d91f4ab",
    "d1a5f678231c14f3073a7096184b36e8",
  ],
  [
    letters(32),
    970897702525240077n,
    "f695f9d8",
    "f7f1edc0ce5c282f0ba5de7463d605c4",
    "e722775a6ab9de58",
    "5eac76571606d1f04204bfb5ae108fd6",
  ],
  [
    letters(33),
    2858195472030722126n,
    "ed6ac95d",
    "28117495bf1720e89aa9c32bb36ec5dd",
    "e798c852eaea5930",
    "26b8ffcb7622fe4ed9b95818a1bb8854",
  ],
  [
    letters(64),
    4599921718773472653n,
    "0b2d05ac",
    "401ec37f09ed1ad05ad619afeb2a8369",
    "f6968e444cbfe81c",
    "3dba96731a0675f42bf14494b5d11561",
  ],
  [
    letters(128),
    5145963766590699525n,
    "e9962908",
    "5493a228b3ea9fe588b98327af2ccd9a",
    "c4806c0357bd5fa0",
    "335e4f6702f8bbfa379d6cc1dbf519c0",
  ],
  [
    letters(129),
    347207998359053034n,
    "95ed004c",
    "0fd670ad9e86441787d58577e0576edd",
    "92635689b532977d",
    "5c37737dca639ee51904b3e557ae6a32",
  ],
  [
    letters(240),
    1778616036651573989n,
    "1c391216",
    "7e0713b9e7ba4cf3448a37f07194ed2d",
    "e575cd7fcec6f16c",
    "d56ff2e22bb955d52ff0e862eeceaf3b",
  ],
  [
    letters(241),
    6870782073618346110n,
    "12ae2096",
    "d3bab4942b96df0d923262e6baffc00e",
    "d9e22e931b1afb65",
    "d316dd859bea97a2d9e22e931b1afb65",
  ],
  [
    letters(512),
    6843737682783754437n,
    "608b1eee",
    "7003efc6887c59882ba0b25852e2fc61",
    "0b9a090b504b36a1",
    "53f67839cc3738200b9a090b504b36a1",
  ],
  [
    letters(1025),
    1879514006210023006n,
    "c4e491f2",
    "d51b845683ecf61ca5de179318fa6602",
    "bca784d0771c09ad",
    "008ed9b63e1be715bca784d0771c09ad",
  ],
];

function letters(count: number): string {
  return "0123456789abcdefghijklmnopqrstuvwxyz".repeat(40).slice(0, count);
}

Deno.test("hashes that are not of the runtime", async (t) => {
  for (const [text, fnv, m3, m128, x3, x128] of VECTORS) {
    await t.step(`of ${text.length} characters`, () => {
      deepStrictEqual([fnv1a(text), murmur3(text), murmur3x128(text), digest("xxh3", text), digest("xxh128", text)], [
        fnv,
        m3,
        m128,
        x3,
        x128,
      ]);
    });
  }
});

/** "a" followed by the byte 0xff, which is no character. */
const BROKEN = "a\udcff";

Deno.test("hashes are of bytes, also of those that are no UTF-8", () => {
  strictEqual(digest("md5", BROKEN), "cc7bb99ae517c38d9547266ff7157071");
  strictEqual(murmur3(BROKEN), "6a3f8a6e");
  strictEqual(digest("xxh3", BROKEN), "13acce3537d6b799");
  strictEqual(fnv1a(BROKEN), 620310408636712809n);
});

Deno.test("communityId()", async (t) => {
  const cases: { from: [string, bigint]; to: [string, bigint]; protocol?: string; seed?: bigint; want: string }[] = [
    { from: ["128.232.110.120", 34855n], to: ["66.35.250.204", 80n], want: "LQU9qZlK+B5F3KDmev6m5PMibrg=" },
    { from: ["66.35.250.204", 80n], to: ["128.232.110.120", 34855n], want: "LQU9qZlK+B5F3KDmev6m5PMibrg=" },
    { from: ["10.0.0.1", 5n], to: ["10.0.0.2", 5n], seed: 65_535n, want: "Q5fUbjW7FNsji5ZXacqU3DXq28k=" },
    { from: ["10.0.0.1", 6n], to: ["10.0.0.1", 5n], want: "F2wb2rEthkZXCT1z0H06XPxTKn4=" },
    { from: ["::ffff:10.0.0.1", 5n], to: ["10.0.0.2", 5n], want: "oDODHBPDt2cUqKPkD6Y/QTsIPf0=" },
    { from: ["::1.2.3.4", 6n], to: ["1.2.3.4", 5n], want: "Z/PrticJJC7ShDZ2gM8iq8xRck4=" },
    { from: ["1:2:3:4:5:6:7:8", 6n], to: ["1:2:3:4:5:6:7::", 5n], want: "sTJWY7k6k79XAITcwFOhG3DB+oI=" },
    { from: ["1.2.3.4", 1n], to: ["1.2.3.4", 5n], protocol: "SCTP", want: "ICCXp+W/W0mSSYSDknU1fVH5nSs=" },
    { from: ["10.0.0.1", 5n], to: ["10.0.0.2", 5n], protocol: "ICMP6", want: "IKunkrjVmUtVjfg95Gm7Po70ilk=" },
  ];
  for (const { from, to, protocol = "TCP", seed = 0n, want } of cases) {
    await t.step(`${from} ${to} ${protocol} ${seed}`, () => {
      const [source, destination] = [from, to].map(([ip, port]) => ({ ip, port }));
      strictEqual(communityId(source!, destination!, protocol, seed), `1:${want}`);
    });
  }
  const good = { ip: "10.0.0.1", port: 1n };
  const bad = ["", "010.0.0.1", "10.0.0.256", "1.2.3", "[::1]", "fe80::1%eth0", "1::2::3"].map((ip) => ({
    ip,
    port: 1n,
  }));
  for (const source of [...bad, { ip: "10.0.0.1", port: -1n }, { ip: "10.0.0.1", port: 65_536n }]) {
    await t.step(`refuses ${source.ip}:${source.port}`, () => {
      throws(() => communityId(source, good, "TCP", 0n), OttlError);
      throws(() => communityId(good, source, "TCP", 0n), OttlError);
    });
  }
  await t.step("refuses other protocols and seeds", () => {
    for (const protocol of ["", "tcp", "GRE", "toString"]) {
      throws(() => communityId(good, good, protocol, 0n), OttlError);
    }
    for (const seed of [-1n, 65_536n]) throws(() => communityId(good, good, "TCP", seed), OttlError);
  });
});

Deno.test("readId()", async (t) => {
  await t.step("bytes, or hexadecimal of either case", () => {
    deepStrictEqual(readId("span_id", encodeUtf8("abcdefgh")).bytes, encodeUtf8("abcdefgh"));
    deepStrictEqual(
      readId("span_id", encodeUtf8("ABCDEFabcdef0123")).bytes,
      Uint8Array.of(0xab, 0xcd, 0xef, 0xab, 0xcd, 0xef, 0x01, 0x23),
    );
    strictEqual(readId("trace_id", encodeUtf8("0".repeat(32))).bytes.length, 16);
    strictEqual(readId("profile_id", new Uint8Array(16)).kind, "profile_id");
  });
  for (const text of ["", "a", "1".repeat(15), "1".repeat(17), "z".repeat(16), `${"1".repeat(15)}z`]) {
    await t.step(`refuses "${text}"`, () => throws(() => readId("span_id", encodeUtf8(text)), OttlError));
  }
  await t.step("refuses nil", () => throws(() => readId("trace_id", null), OttlError));
});

Deno.test("UUIDs", async (t) => {
  const zeros = (count: number) => new Uint8Array(count);
  const ones = (count: number) => new Uint8Array(count).fill(0xff);
  await t.step("version 4", () => {
    strictEqual(uuidV4(zeros), "00000000-0000-4000-8000-000000000000");
    strictEqual(uuidV4(ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  });
  await t.step("version 7 holds the time", () => {
    // The example of RFC 9562, appendix A.6, and half a millisecond.
    strictEqual(uuidV7(1_645_557_742_000_500_000n, zeros), "017f22e2-79b0-7800-8000-000000000000");
  });
  await t.step("version 7 sorts by time", () => {
    ok(uuidV7(1_645_557_742_000_000_000n, ones) < uuidV7(1_645_557_742_000_001_000n, zeros));
  });
});
