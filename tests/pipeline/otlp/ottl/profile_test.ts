/**
 * Profiles: strings and attributes that stand in the request's dictionary.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import { type OttlMap, PlainMap, type Value } from "../../../../ottl/values/value.ts";
import { type Cursor, openContext, walk } from "../../../../pipeline/otlp/ottl/mod.ts";
import { payloadBytes } from "../../../../pipeline/otlp/payload.ts";
import { type Message, messagesOf, read } from "../../../support/otlp_levels.ts";
import { decodeRequest, encodeMessage, REQUEST_TYPES } from "../../../support/otlp_proto.ts";

const STRINGS = ["", "cpu", "nanoseconds", "thread", "main", "service.name", "pay"];

const REQUEST = {
  resource_profiles: [{
    resource: { attributes: [{ key_strindex: 5, value: { string_value_strindex: 6 } }] },
    scope_profiles: [{
      profiles: [{ sample_type: { type_strindex: 1, unit_strindex: 2 }, attribute_indices: [1, 2] }, {}],
    }],
  }],
  dictionary: {
    string_table: STRINGS,
    attribute_table: [
      {},
      { key_strindex: 3, value: { string_value_strindex: 4 } },
      { key_strindex: 5, value: { int_value: "3" }, unit_strindex: 2 },
    ],
  },
};

function paths(...names: readonly (readonly [context: string, name: string, key?: string])[]) {
  const { resolver, cursor } = openContext("profiles", "profile");
  const found = names.map(([context, name, key]) => {
    const fields = name.split(".").map((field) => ({
      name: field,
      keys: [] as { constant: Value; evaluate(): Value }[],
    }));
    if (key !== undefined) fields.at(-1)!.keys.push({ constant: key, evaluate: () => key });
    return resolver.resolve({ context, fields, text: `${context}.${name}` });
  });
  return { found, cursor };
}

/** What `visit` makes of the first profile, decoded. */
function edit(cursor: Cursor, visit: (cursor: Cursor) => void): { request: Message; profile: Message } {
  let isFirst = true;
  const visitor = (item: Cursor) => {
    if (isFirst) visit(item);
    isFirst = false;
    return true;
  };
  const payload = read("profiles", encodeMessage(REQUEST_TYPES.profiles, REQUEST));
  const output = walk(payload, cursor, { visit: { profile: visitor } });
  strictEqual(output.chunks.length, 1);
  const request = decodeRequest("profiles", payloadBytes(output));
  return { request, profile: messagesOf("profiles", 2, request)[0]!.message };
}

function stringsOf(request: Message): unknown {
  return (request["dictionary"] as Message)["string_table"];
}

Deno.test("strings of the dictionary", async (t) => {
  await t.step("read", () => {
    const { found: [type, resource], cursor } = paths(
      ["profile", "sample_type.type"],
      ["resource", "attributes", "service.name"],
    );
    edit(cursor, (item) => {
      strictEqual(type!.get(item), "cpu");
      strictEqual(resource!.get(item), "pay");
      strictEqual(resource!.comparison!("==", "pay")!(item), true);
      strictEqual(resource!.comparison!("!=", "pay")!(item), false);
    });
  });
  await t.step("one that is there is used again", () => {
    const { found: [type], cursor } = paths(["profile", "sample_type.type"]);
    const { request, profile } = edit(cursor, (item) => type!.set(item, "main"));
    deepStrictEqual(profile["sample_type"], { type_strindex: 4, unit_strindex: 2 });
    deepStrictEqual(stringsOf(request), STRINGS);
  });
  await t.step("a new one goes behind the others, once", () => {
    const { found: [type, unit], cursor } = paths(["profile", "sample_type.type"], ["profile", "sample_type.unit"]);
    const { request, profile } = edit(cursor, (item) => {
      type!.set(item, "new");
      unit!.set(item, "new");
      strictEqual(type!.get(item), "new");
    });
    deepStrictEqual(profile["sample_type"], { type_strindex: 7, unit_strindex: 7 });
    deepStrictEqual(stringsOf(request), [...STRINGS, "new"]);
  });
  await t.step("attributes of the resource are written as numbers", () => {
    const { found: [name, fresh], cursor } = paths(
      ["resource", "attributes", "service.name"],
      ["resource", "attributes", "fresh"],
    );
    const { request } = edit(cursor, (item) => {
      name!.set(item, "main");
      fresh!.set(item, new PlainMap([["thread", 1n]]));
    });
    const [entry] = request["resource_profiles"] as Message[];
    deepStrictEqual((entry!["resource"] as Message)["attributes"], [
      { key_strindex: 5, value: { string_value_strindex: 4 } },
      {
        key_strindex: 7,
        value: { kvlist_value: { values: [{ key_strindex: 3, value: { int_value: "1" } }] } },
      },
    ]);
    deepStrictEqual(stringsOf(request), [...STRINGS, "fresh"]);
  });
});

Deno.test("attributes of a profile", async (t) => {
  const tableOf = (request: Message) => (request["dictionary"] as Message)["attribute_table"] as Message[];
  await t.step("read", () => {
    const { found: [all, one], cursor } = paths(["profile", "attributes"], ["profile", "attributes", "thread"]);
    edit(cursor, (item) => {
      deepStrictEqual((all!.get(item) as OttlMap).entries(), [["thread", "main"], ["service.name", 3n]]);
      strictEqual(one!.get(item), "main");
    });
  });
  await t.step("what does not change keeps its entry, with its unit", () => {
    const { found: [one], cursor } = paths(["profile", "attributes", "thread"]);
    const { request, profile } = edit(cursor, (item) => one!.set(item, "pay"));
    deepStrictEqual(profile["attribute_indices"], [3, 2]);
    deepStrictEqual(tableOf(request)[3], { key_strindex: 3, value: { string_value_strindex: 6 } });
    deepStrictEqual(stringsOf(request), STRINGS);
  });
  await t.step("an entry that is there is used again; one with a unit is not", () => {
    const { found: [all], cursor } = paths(["profile", "attributes"]);
    const { request, profile } = edit(cursor, (item) => {
      all!.set(item, null);
      all!.set(item, new PlainMap([["thread", "main"], ["service.name", 3n]] as [string, Value][]));
    });
    deepStrictEqual(profile["attribute_indices"], [1, 3]);
    deepStrictEqual(tableOf(request)[3], { key_strindex: 5, value: { int_value: "3" } });
  });
});
