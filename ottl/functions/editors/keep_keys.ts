/**
 * keep_keys: takes every entry but some out of a map.
 *
 * @module
 */

import { OttlError, typeError } from "../../values/errors.ts";
import { OttlList, typeName, type Value } from "../../values/value.ts";
import { type DynamicList, dynamicListOf, editor, type Item, mapPath, str } from "../definition.ts";

export const keepKeys = editor({
  name: "keep_keys",
  summary: "Takes all entries but those of `keys` out of a map. `keys` may be a path or converter that gives a list.",
  parameters: { target: mapPath, keys: dynamicListOf(str) },
  examples: [
    { text: 'keep_keys(attributes, ["a"])', given: '{"a": 1, "b": 2}', result: '{"a": 1}' },
    { text: "keep_keys(attributes, [])", given: '{"a": 1}', result: "{}" },
    {
      text: 'keep_keys(attributes, attributes["k"])',
      given: '{"a": 1, "b": 2, "k": ["b"]}',
      result: '{"b": 2}',
    },
    { text: 'keep_keys(attributes, attributes["zz"])', error: "expected" },
    { text: "keep_keys(attributes, nil)", error: "cannot be nil" },
  ],
  compile: ({ target, keys }) => {
    const keysOf = keyReader(keys);
    return (item) => {
      const map = target.evaluate(item);
      const kept = keysOf(item);
      map.deleteKeys((key) => !kept.has(key));
      target.set(item, map);
    };
  },
});

function keyReader({ elements, list }: DynamicList<string>): (item: Item) => ReadonlySet<string> {
  if (list?.constant === null) throw new OttlError("arg_value", "keys cannot be nil");
  if (elements === undefined) return (item) => keysIn(list?.evaluate(item) ?? null);
  if (elements.some(({ constant }) => constant === undefined)) {
    return (item) => new Set(elements.map((element) => element.evaluate(item)));
  }
  const constants = new Set(elements.map(({ constant }) => constant!));
  return () => constants;
}

function keysIn(list: Value): ReadonlySet<string> {
  if (!(list instanceof OttlList)) throw typeError("slice", typeName(list));
  const keys = new Set<string>();
  for (const key of list.items) {
    if (typeof key !== "string") throw typeError("string", typeName(key));
    keys.add(key);
  }
  return keys;
}
