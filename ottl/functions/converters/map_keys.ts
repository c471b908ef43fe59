/**
 * MapKeys: a map with other keys.
 *
 * @module
 */

import { OttlError, typeError } from "../../values/errors.ts";
import { OttlMap, PlainMap, typeName, type Value } from "../../values/value.ts";
import { any, converter, lambda } from "../definition.ts";

export const mapKeys = converter({
  name: "MapKeys",
  summary: "A new map with what `mapper` makes of each key. Where keys collide the last wins.",
  parameters: { source: any, mapper: lambda },
  gate: "ottl.functions.enableLambda",
  examples: [
    { text: 'MapKeys({"a": 1}, (k, v) => ToUpperCase(k))', result: '{"A": 1}' },
    { text: 'MapKeys({"a": 1, "b": 2}, (k, v) => "x")', result: '{"x": 2}' },
    { text: 'MapKeys({"a": 1}, (k, v) => v)', error: "string" },
  ],
  compile: ({ source, mapper }) => (item) => {
    const map = source.evaluate(item);
    if (!(map instanceof OttlMap)) throw typeError("map", typeName(map));
    const renamed = new PlainMap();
    for (const entry of map.entries()) renamed.set(asKey(mapper.call(item, entry)), entry[1]);
    return renamed;
  },
});

function asKey(value: Value): string {
  if (typeof value === "string") return value;
  throw new OttlError("type", `the lambda must give a string, not ${typeName(value)}`);
}
