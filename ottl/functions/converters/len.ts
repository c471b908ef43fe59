/**
 * Len: how long something is.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { utf8Length } from "../../values/utf8.ts";
import { Opaque, OttlList, OttlMap, typeName, type Value } from "../../values/value.ts";
import { any, converter } from "../definition.ts";

export const len = converter({
  name: "Len",
  gives: "int",
  summary: "Bytes of a string (as UTF-8) or of bytes, entries of a map, elements of a list.",
  parameters: { target: any },
  examples: [
    { text: 'Len("é")', result: "2" },
    { text: "Len(attributes)", given: '{"a": 1}', result: "1" },
    { text: "Len([1, 2, 3])", result: "3" },
    { text: "Len(0x0102)", result: "2" },
    { text: "Len(5)", error: "unsupported target type" },
  ],
  compile: ({ target }) => (item) => {
    const value = target.evaluate(item);
    const length = lengthOf(value);
    if (length === undefined) throw new OttlError("type", `Len: unsupported target type ${typeName(value)}`);
    return BigInt(length);
  },
});

function lengthOf(value: Value): number | undefined {
  if (typeof value === "string") return utf8Length(value);
  if (value instanceof Uint8Array) return value.length;
  return value instanceof OttlList || value instanceof OttlMap || value instanceof Opaque ? value.size : undefined;
}
