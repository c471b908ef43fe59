import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { OttlError } from "../../../ottl/values/errors.ts";
import { indexValue, type Key, readKeys, writeKeys } from "../../../ottl/values/index_keys.ts";
import { textOf } from "../../../ottl/values/text.ts";
import { OttlList, PlainMap, Time, type Value } from "../../../ottl/values/value.ts";

const ITEM = {};
const MAX_ENTRIES = 5;

const key = (value: Value): Key => ({ evaluate: () => value });
const map = (entries: Record<string, Value>) => new PlainMap(Object.entries(entries));
const list = (...items: Value[]) => new OttlList(items);
const fails = (category: string) => (error: unknown) => error instanceof OttlError && error.category === category;

function root(): PlainMap {
  return map({ a: "x", n: 5n, e: null, m: map({ k: "v", deep: list(1n, map({ z: true })) }), l: list("p", "q") });
}

const reads: { name: string; keys: Value[]; want: Value | { error: string } }[] = [
  { name: "a key", keys: ["a"], want: "x" },
  { name: "a missing key", keys: ["zz"], want: null },
  { name: "behind a missing key", keys: ["zz", "b", 5n], want: null },
  { name: "deep", keys: ["m", "deep", 1n, "z"], want: true },
  { name: "missing in a nested map", keys: ["m", "zz"], want: null },
  { name: "an int for a map", keys: [0n], want: { error: "index" } },
  { name: "nil for a map", keys: [null], want: { error: "index" } },
  { name: "a string for a slice", keys: ["l", "0"], want: { error: "index" } },
  { name: "the last of a slice", keys: ["l", 1n], want: "q" },
  { name: "one past a slice", keys: ["l", 2n], want: { error: "index" } },
  { name: "before a slice", keys: ["l", -1n], want: { error: "index" } },
  { name: "behind a string", keys: ["a", "k"], want: { error: "index" } },
  { name: "behind nil that is there", keys: ["e", "k"], want: { error: "index" } },
];

Deno.test("readKeys()", async (t) => {
  for (const { name, keys, want } of reads) {
    await t.step(name, () => {
      const read = () => readKeys(root(), keys.map(key), ITEM);
      if (want !== null && typeof want === "object" && "error" in want) throws(read, fails(want.error));
      else strictEqual(read(), want);
    });
  }
});

/** `want` is what the root looks like afterwards; an error leaves it as it was where `want` is not given. */
const writes: { name: string; keys: Value[]; value: Value; want?: string; error?: string }[] = [
  { name: "replaces", keys: ["a"], value: 1n, want: '{"a":1}' },
  { name: "adds", keys: ["b"], value: 1n, want: '{"a":"x","b":1}' },
  { name: "makes maps and slices", keys: ["b", "x", 1n], value: "y", want: '{"a":"x","b":{"x":[null,"y"]}}' },
  { name: "writes nil", keys: ["b"], value: null, want: '{"a":"x","b":null}' },
  { name: "as long a slice as allowed", keys: ["b", 4n], value: 1n, want: '{"a":"x","b":[null,null,null,null,1]}' },
  { name: "one longer", keys: ["b", 5n], value: 1n, error: "limit", want: '{"a":"x","b":null}' },
  { name: "behind a string", keys: ["a", "k"], value: 1n, error: "index" },
  { name: "an int for the root", keys: [0n], value: 1n, error: "index" },
  { name: "a time, under a new key", keys: ["t"], value: new Time(0n), error: "type", want: '{"a":"x","t":null}' },
  { name: "a time, under a key that is there", keys: ["a"], value: new Time(0n), error: "type" },
  {
    name: "a time, in a new map",
    keys: ["b", "t"],
    value: new Time(0n),
    error: "type",
    want: '{"a":"x","b":{"t":null}}',
  },
];

Deno.test("writeKeys()", async (t) => {
  for (const { name, keys, value, want, error } of writes) {
    await t.step(name, () => {
      const target = map({ a: "x" });
      const write = () => writeKeys(target, keys.map(key), ITEM, value, MAX_ENTRIES);
      if (error === undefined) write();
      else throws(write, fails(error));
      strictEqual(textOf(target), want ?? '{"a":"x"}');
    });
  }
  await t.step("into a nested slice, which does not grow", () => {
    const target = root();
    writeKeys(target, ["m", "deep", 0n].map(key), ITEM, "new", MAX_ENTRIES);
    strictEqual(readKeys(target, ["m", "deep", 0n].map(key), ITEM), "new");
    throws(() => writeKeys(target, ["m", "deep", 2n].map(key), ITEM, 1n, MAX_ENTRIES), fails("index"));
  });
  await t.step("a copy", () => {
    const source = map({ inner: map({ k: 1n }) });
    const target = map({});
    writeKeys(target, [key("c")], ITEM, source, MAX_ENTRIES);
    writeKeys(source, ["inner", "k"].map(key), ITEM, 2n, MAX_ENTRIES);
    strictEqual(textOf(target), '{"c":{"inner":{"k":1}}}');
  });
});

Deno.test("indexValue() is strict", () => {
  strictEqual(indexValue(root(), "n"), 5n);
  strictEqual(indexValue(list("p"), 0n), "p");
  strictEqual(indexValue(Uint8Array.of(7, 8), 1n), 8n);
  deepStrictEqual(indexValue(root(), "e"), null);
  for (const [value, wrong] of [[root(), "zz"], [list("p"), 1n], ["text", 0n], [null, "a"], [root(), null]] as const) {
    throws(() => indexValue(value, wrong), fails("index"));
  }
});
