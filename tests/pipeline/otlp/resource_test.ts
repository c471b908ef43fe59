import { strictEqual } from "node:assert";
import { attributeMapHash, resourceAttribute } from "../../../pipeline/otlp/resource.ts";
import vectors from "../../golden/otlp/attribute_map_hash.json" with { type: "json" };
import { encodeMessage, type Plain } from "../../support/otlp_proto.ts";
import { keyValue } from "../../support/otlp_samples.ts";

function resource(attributes: Plain[], order: "sdk" | "collector" = "sdk"): Uint8Array {
  return encodeMessage("Resource", { attributes }, { order });
}

Deno.test("attributeMapHash() of the collector's vectors", async (t) => {
  for (const { name, resource, hash } of vectors.vectors) {
    await t.step(name, () => strictEqual(attributeMapHash(Uint8Array.fromHex(resource)).toHex(), hash));
  }
});

Deno.test("attributeMapHash()", async (t) => {
  const a = keyValue("a", "1");
  const b = keyValue("b", 2);
  const hash = (...attributes: Plain[]) => attributeMapHash(resource(attributes)).toHex();
  await t.step("order does not matter", () => strictEqual(hash(a, b), hash(b, a)));
  await t.step("field order does not matter", () => {
    strictEqual(attributeMapHash(resource([a, b], "collector")).toHex(), hash(a, b));
  });
  await t.step("a type matters", () => strictEqual(hash(keyValue("a", "1")) !== hash(keyValue("a", 1)), true));
  await t.step("of equal keys the first value stands for all", () => {
    strictEqual(hash(a, keyValue("a", "2")), hash(a, a));
  });
  await t.step("an empty message", () => strictEqual(attributeMapHash(new Uint8Array(0)).toHex(), "0".repeat(32)));
});

const cases: { name: string; attributes: Plain[]; want: string | undefined }[] = [
  { name: "there", attributes: [keyValue("a", "x"), keyValue("tenant.id", "t1")], want: "t1" },
  { name: "not there", attributes: [keyValue("a", "x")], want: undefined },
  { name: "no attributes", attributes: [], want: undefined },
  {
    name: "a key that begins alike",
    attributes: [keyValue("tenant.id2", "t1"), keyValue("tenant", "t1")],
    want: undefined,
  },
  { name: "twice: the first", attributes: [keyValue("tenant.id", "t1"), keyValue("tenant.id", "t2")], want: "t1" },
  { name: "an int", attributes: [keyValue("tenant.id", 7)], want: undefined },
  { name: "empty text", attributes: [keyValue("tenant.id", "")], want: "" },
  { name: "no value", attributes: [{ key: "tenant.id" }], want: undefined },
  { name: "text beyond ASCII", attributes: [keyValue("tenant.id", "größe 😀")], want: "größe 😀" },
];

Deno.test("resourceAttribute()", async (t) => {
  for (const { name, attributes, want } of cases) {
    await t.step(name, () => {
      strictEqual(resourceAttribute(resource(attributes), "tenant.id"), want);
      strictEqual(resourceAttribute(resource(attributes, "collector"), "tenant.id"), want);
    });
  }
});
