/**
 * Sort: a list in order.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { textOf } from "../../values/text.ts";
import { compareUtf8 } from "../../values/utf8.ts";
import { copyList, OttlList, typeName, type Value } from "../../values/value.ts";
import { any, converter, litStr, optional } from "../definition.ts";
import { elementsOf } from "../elements.ts";

export const sort = converter({
  name: "Sort",
  summary:
    "A list in `order`, `asc` (default) or `desc`: numbers by value; by text form once a string, bool or nil is among them. " +
    "A list with a map, list or bytes stays as it is. Equal elements keep their order.",
  parameters: { target: any, order: optional(litStr) },
  examples: [
    { text: "Sort([10, 9.5, 1])", result: "[1, 9.5, 10]" },
    { text: 'Sort([3, "b", 1], "desc")', result: '["b", 3, 1]' },
    { text: "Sort([[2], [1]])", result: "[[2], [1]]" },
    { text: "Sort(attributes)", error: "not a list" },
    { text: 'Sort([1], "up")', error: "asc" },
  ],
  compile: ({ target, order = "asc" }) => {
    if (order !== "asc" && order !== "desc") {
      throw new OttlError("arg_value", `invalid arguments: ${order}. Order should be either "asc" or "desc"`);
    }
    const direction = order === "asc" ? 1 : -1;
    return (item) => {
      const list = target.evaluate(item);
      if (list instanceof OttlList) return sorted(list, direction);
      throw new OttlError("type", `sort with unsupported type: '${typeName(list)}'. Target is not a list`);
    };
  },
});

function sorted(list: OttlList, direction: 1 | -1): OttlList {
  const elements = elementsOf(list);
  const compare = comparerOf(elements);
  if (compare === undefined) return list.kind === "slice" ? list : copyList(list);
  const kind = list.kind === "slice" ? "list" : list.kind;
  return new OttlList(elements.toSorted((a, b) => direction * compare(a, b)), kind);
}

type Compare = (a: Value, b: Value) => number;

/** How elements of these types are ordered; undefined when they are not. */
function comparerOf(elements: readonly Value[]): Compare | undefined {
  if (elements.some((element) => element !== null && typeof element === "object")) return undefined;
  if (elements.some((element) => typeof element !== "bigint" && typeof element !== "number")) {
    return (a, b) => compareUtf8(textOf(a), textOf(b));
  }
  const areInts = elements.every((element) => typeof element === "bigint");
  return areInts ? (a, b) => Number(a! > b!) - Number(a! < b!) : (a, b) => compareFloats(Number(a), Number(b));
}

/** Not a number comes before all numbers. */
function compareFloats(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return Number(a > b) - Number(a < b);
}
