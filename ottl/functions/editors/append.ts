/**
 * append: adds values to the end of a list.
 *
 * @module
 */

import { checkEntries } from "../../data/bounds.ts";
import { OttlError } from "../../values/errors.ts";
import { OttlList, PlainMap, typeName, type Value } from "../../values/value.ts";
import { any, editor, listOf, optional, path } from "../definition.ts";

export const append = editor({
  name: "append",
  summary: "Adds `value`, then each of `values`, to the list in `target`. " +
    "A single value there becomes the first of the list, nothing there an empty list.",
  parameters: { target: path, value: optional(any), values: optional(listOf(any)) },
  examples: [
    { text: 'append(attributes["a"], 3)', given: '{"a": [1, "x"]}', result: '{"a": [1, "x", 3]}' },
    { text: 'append(attributes["a"], "y")', given: '{"a": "x"}', result: '{"a": ["x", "y"]}' },
    { text: 'append(attributes["a"], values=[1, 2.5])', result: '{"a": [1, 2.5]}' },
    { text: 'append(attributes["a"], 1, [2])', result: '{"a": [1, 2]}' },
    { text: 'append(attributes["a"])', error: "value" },
    { text: 'append(attributes["a"], {"k": 1})', error: "map" },
  ],
  compile: ({ target, value, values }, { limits }) => {
    if (value === undefined && values === undefined) {
      throw new OttlError("arg_value", "append needs `value` or `values`");
    }
    const added = [...(value === undefined ? [] : [value]), ...(values ?? [])];
    return (item) => {
      const items = itemsOf(target.evaluate(item));
      for (const expression of added) items.push(storable(expression.evaluate(item)));
      checkEntries(items.length, limits);
      target.set(item, new OttlList(items));
    };
  },
});

/** What is there, as the beginning of the new list. */
function itemsOf(current: Value): Value[] {
  if (current === null) return [];
  if (current instanceof OttlList) return [...current.items];
  return [storable(current)];
}

/** The engine takes no map and no list of pdata as an element, only what it holds as plain Go values. */
function storable(value: Value): Value {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  if (value instanceof PlainMap && value.host) return value;
  if (value instanceof OttlList && value.kind === "list") {
    for (const element of value.items) storable(element);
    return value;
  }
  throw new OttlError("value", `cannot append a value of type ${typeName(value)}`);
}
