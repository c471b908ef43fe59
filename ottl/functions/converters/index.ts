/**
 * Index: where something is in a string or a list.
 *
 * @module
 */

import { indexOfBytes } from "../../text/bytes.ts";
import { equalValues } from "../../values/compare.ts";
import { OttlError, typeError } from "../../values/errors.ts";
import { OttlList, typeName, type Value } from "../../values/value.ts";
import { any, converter } from "../definition.ts";
import { elementsOf } from "../elements.ts";

export const index = converter({
  name: "Index",
  summary:
    "Byte offset of the first place in a string where `value` is, or index of the first element of a list that equals it; " +
    "-1 for none.",
  parameters: { target: any, value: any },
  examples: [
    { text: 'Index("né!", "!")', result: "3" },
    { text: 'Index("abc", "z")', result: "-1" },
    { text: "Index([1, 2.0, 3], 2)", result: "1" },
    { text: 'Index("abc", 1)', error: "must be a string" },
    { text: 'Index(attributes["none"], 1)', error: "expected slice but got nil" },
  ],
  compile: ({ target, value }) => (item) => {
    const searched = target.evaluate(item);
    return BigInt(indexIn(searched, value.evaluate(item)));
  },
});

function indexIn(target: Value, value: Value): number {
  if (typeof target === "string") {
    if (typeof value === "string") return indexOfBytes(target, value);
    throw new OttlError("arg_type", "invalid value type for Index function, value must be a string");
  }
  if (target instanceof OttlList) return elementsOf(target).findIndex((element) => equalValues(element, value));
  throw typeError("slice", typeName(target));
}
