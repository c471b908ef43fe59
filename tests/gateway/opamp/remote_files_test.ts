import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import {
  MAX_REMOTE_BYTES,
  MAX_REMOTE_FILES,
  readPublicKey,
  readRemoteFiles,
  SIGNATURE_TYPE,
} from "../../../gateway/opamp/remote_files.ts";
import { hashConfigMap } from "../../../opamp/protocol/hashes.ts";
import type { AgentConfigMap } from "../../../opamp/protocol/messages.ts";
import { ed25519 } from "./support.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

function mapOf(files: Readonly<Record<string, string>>): AgentConfigMap {
  return { configMap: new Map(Object.entries(files).map(([name, text]) => [name, { body: utf8(text) }])) };
}

Deno.test("readRemoteFiles() puts them in the order of their names, the nameless last", () => {
  const { files } = readRemoteFiles(mapOf({ b: "2", "": "3", a: "1" }), undefined);
  deepStrictEqual(files?.map(({ text }) => text), ["1", "2", "3"]);
});

Deno.test("readRemoteFiles() refuses", async (t) => {
  const many = (count: number) => mapOf(Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, ""])));
  const large = (bytes: number) => mapOf({ a: "x".repeat(bytes) });
  const cases: { name: string; map: AgentConfigMap; why: RegExp | undefined }[] = [
    { name: "as many as there may be", map: many(MAX_REMOTE_FILES), why: undefined },
    { name: "more files", map: many(MAX_REMOTE_FILES + 1), why: /has 65 files/ },
    { name: "as many bytes as there may be", map: large(MAX_REMOTE_BYTES), why: undefined },
    { name: "more bytes", map: large(MAX_REMOTE_BYTES + 1), why: /has 4194305 bytes/ },
    {
      name: "what is not UTF-8",
      map: { configMap: new Map([["x", { body: new Uint8Array([0xff]) }]]) },
      why: /"x" is not UTF-8/,
    },
  ];
  for (const { name, map, why } of cases) {
    await t.step(name, () => {
      const { problem } = readRemoteFiles(map, undefined);
      if (why === undefined) strictEqual(problem, undefined);
      else match(String(problem), why);
    });
  }
});

Deno.test("a signature", async (t) => {
  const keys = ed25519();
  const map = mapOf({ a: "receivers: {}" });
  const signed = (body: Uint8Array, files = map) => ({
    configMap: new Map([...files.configMap ?? [], ["signature", { body, contentType: SIGNATURE_TYPE }]]),
  });
  const signature = keys.sign(hashConfigMap(map));
  const cases: { name: string; map: AgentConfigMap; fine: boolean }[] = [
    { name: "of 64 bytes", map: signed(signature), fine: true },
    { name: "as base64", map: signed(utf8(signature.toBase64())), fine: true },
    { name: "missing", map, fine: false },
    { name: "of another key", map: signed(ed25519().sign(hashConfigMap(map))), fine: false },
    { name: "of other files", map: signed(signature, mapOf({ a: "receivers: {}", b: "" })), fine: false },
    { name: "cut short", map: signed(signature.subarray(1)), fine: false },
    { name: "empty", map: signed(new Uint8Array()), fine: false },
  ];
  for (const { name, map, fine } of cases) {
    await t.step(name, () => {
      const { files, problem } = readRemoteFiles(map, keys.publicKey);
      if (fine) deepStrictEqual(files?.map(({ name }) => name), ["a"]);
      else match(String(problem), /not signed/);
    });
  }
  await t.step("is no file of the configuration where none is wanted", () => {
    strictEqual(readRemoteFiles(signed(utf8("any")), undefined).files?.length, 1);
  });
});

Deno.test("readPublicKey()", () => {
  const keys = ed25519();
  strictEqual(readPublicKey(" "), undefined);
  ok(readPublicKey(keys.pem)?.equals(keys.publicKey));
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "pem" });
  for (const text of ["nonsense", other.toString()]) throws(() => readPublicKey(text), TypeError);
});
