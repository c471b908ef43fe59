/**
 * delete_index: takes elements out of a list.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { OttlList } from "../../values/value.ts";
import { editor, int, optional, slicePath } from "../definition.ts";

export const deleteIndex = editor({
  name: "delete_index",
  summary:
    "Takes the elements from `startIndex` up to, not including, `endIndex` (default: one element) out of a list.",
  parameters: { target: slicePath, startIndex: int, endIndex: optional(int) },
  examples: [
    { text: 'delete_index(attributes["a"], 1)', given: '{"a": [1, 2, 3]}', result: '{"a": [1, 3]}' },
    { text: 'delete_index(attributes["a"], 0, 2)', given: '{"a": [1, 2, 3]}', result: '{"a": [3]}' },
    { text: 'delete_index(attributes["a"], 1, 1)', given: '{"a": [1, 2]}', result: '{"a": [1, 2]}' },
    { text: 'delete_index(attributes["a"], 2)', given: '{"a": [1, 2]}', error: "out of bounds" },
    { text: 'delete_index(attributes["a"], 1, 0)', given: '{"a": [1, 2]}', error: "less than" },
  ],
  compile: ({ target, startIndex, endIndex }) => (item) => {
    const { items, kind } = target.evaluate(item);
    const start = startIndex.evaluate(item);
    const end = endIndex?.evaluate(item) ?? start + 1n;
    checkRange(start, end, items.length);
    target.set(item, new OttlList([...items.slice(0, Number(start)), ...items.slice(Number(end))], kind));
  },
});

function checkRange(start: bigint, end: bigint, length: number): void {
  if (start < 0n || start >= length) {
    throw new OttlError("index", `startIndex ${start} out of bounds for slice of length ${length}`);
  }
  if (end < start) throw new OttlError("value", `endIndex ${end} cannot be less than startIndex ${start}`);
  if (end > length) throw new OttlError("index", `endIndex ${end} out of bounds for slice of length ${length}`);
}
