/**
 * Concat: strings joined.
 *
 * @module
 */

import { toStringLike } from "../../values/convert.ts";
import { OttlError } from "../../values/errors.ts";
import { OttlList, typeName, type Value } from "../../values/value.ts";
import { converter, type DynamicList, dynamicListOf, type Item, str, strLike } from "../definition.ts";
import { joined } from "../joined.ts";

export const concat = converter({
  name: "Concat",
  gives: "string",
  summary:
    "The text forms of `vals` joined with `delimiter`; nil is `<nil>`. `vals` may be a path or converter that gives a list.",
  parameters: { vals: dynamicListOf(strLike), delimiter: str },
  examples: [
    { text: 'Concat(["a", 1, true], "-")', result: '"a-1-true"' },
    { text: 'Concat(["a", attributes["none"]], "-")', result: '"a-<nil>"' },
    { text: 'Concat(attributes["l"], ",")', given: '{"l": ["x", 2.5]}', result: '"x,2.5"' },
    { text: 'Concat(attributes["none"], ",")', result: '""' },
    { text: 'Concat(attributes["s"], ",")', given: '{"s": "x"}', error: "expected a slice" },
  ],
  compile: ({ vals, delimiter }, { limits }) => {
    const textsOf = textReader(vals);
    return (item) => {
      const between = delimiter.evaluate(item);
      return joined(textsOf(item), between, limits);
    };
  },
});

function textReader({ elements, list }: DynamicList<string | null>): (item: Item) => string[] {
  if (elements !== undefined) return (item) => elements.map((element) => element.evaluate(item) ?? NIL);
  return (item) => textsIn(list?.evaluate(item) ?? null);
}

const NIL = "<nil>";

function textsIn(list: Value): string[] {
  if (list === null) return [];
  if (list instanceof Uint8Array) return Array.from(list, String);
  if (!(list instanceof OttlList)) throw new OttlError("arg_type", `expected a slice, got ${typeName(list)}`);
  return list.items.map((item) => toStringLike(item) ?? NIL);
}
