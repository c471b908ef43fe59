/**
 * IsList: whether a value is a list.
 *
 * @module
 */

import { Opaque, OttlList } from "../../values/value.ts";
import { any, converter } from "../definition.ts";

export const isList = converter({
  name: "IsList",
  gives: "bool",
  summary: "Whether `target` is a list, also one that only a context knows (span events, data points).",
  parameters: { target: any },
  examples: [
    { text: "IsList([])", result: "true" },
    { text: 'IsList(Split("a,b", ","))', result: "true" },
    { text: "IsList(attributes)", result: "false" },
  ],
  compile: ({ target: value }) => (item) => {
    const list = value.evaluate(item);
    return list instanceof OttlList || (list instanceof Opaque && list.size !== undefined);
  },
});
