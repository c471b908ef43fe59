/**
 * SliceToMap: a map out of a list.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { copyValue, OttlMap, PlainMap, typeName, type Value } from "../../values/value.ts";
import { converter, listOf, litStr, optional, slice } from "../definition.ts";
import { elementsOf } from "../elements.ts";

export const sliceToMap = converter({
  name: "SliceToMap",
  summary:
    "A map of a list's elements, or of what they have at `valuePath`, by the string they have at `keyPath`, or by their " +
    "index. With a path every element must be a map. Of two elements with one key the last stays.",
  parameters: { target: slice, keyPath: optional(listOf(litStr)), valuePath: optional(listOf(litStr)) },
  examples: [
    { text: 'SliceToMap(["a", 2])', result: '{"0": "a", "1": 2}' },
    {
      text: 'SliceToMap(attributes["l"], ["k"], ["v", "w"])',
      given: '{"l": [{"k": "x", "v": {"w": 1}}]}',
      result: '{"x": 1}',
    },
    { text: 'SliceToMap(attributes["l"], ["k"])', given: '{"l": [{"k": 1}]}', error: "not of type string" },
    { text: 'SliceToMap(attributes["l"], ["k"])', given: '{"l": ["x"]}', error: "must be maps" },
  ],
  compile: ({ target, keyPath, valuePath }) => (item) => {
    const entries = elementsOf(target.evaluate(item)).map((element, i): [string, Value] => {
      const key = keyPath === undefined ? String(i) : keyAt(element, keyPath, i);
      const value = valuePath === undefined ? element : valueAt(element, valuePath, i);
      return [key, copyValue(value)];
    });
    return new PlainMap(entries);
  },
});

function keyAt(element: Value, path: readonly string[], index: number): string {
  const key = valueAt(element, path, index);
  if (typeof key === "string") return key;
  throw new OttlError("value", `element ${index}: extracted key attribute is not of type string, got ${typeName(key)}`);
}

function valueAt(element: Value, path: readonly string[], index: number): Value {
  if (!(element instanceof OttlMap)) {
    throw new OttlError("value", "slice elements must be maps when using `key_path` or `value_path`");
  }
  if (path.length === 0) throw new OttlError("value", "must provide at least one path item");
  let value: Value | undefined = element;
  for (const key of path) value = value instanceof OttlMap ? value.get(key) : undefined;
  if (value !== undefined) return value;
  throw new OttlError("value", `element ${index}: provided object does not contain the path ${path.join(".")}`);
}
