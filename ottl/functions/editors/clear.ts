/**
 * clear: sets what a value of the same type is when nothing was ever put in.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { Duration, Id, Opaque, OttlList, OttlMap, PlainMap, Time, typeName, type Value } from "../../values/value.ts";
import { editor, path } from "../definition.ts";

/** The engine's zero time is the first instant of year 1; fields of nanoseconds wrap it. */
const YEAR_ONE_UNIX_NANO = -62_135_596_800_000_000_000n;

export const clear = editor({
  name: "clear",
  summary: "Sets `target` to the zero value of its type: an empty string, list or map, 0, false. " +
    "An attribute that is missing becomes an empty one.",
  parameters: { target: path },
  examples: [
    { text: 'clear(attributes["a"])', given: '{"a": "x", "b": 1}', result: '{"a": "", "b": 1}' },
    { text: 'clear(attributes["a"])', given: '{"a": [1, 2]}', result: '{"a": []}' },
    { text: 'clear(attributes["a"])', result: '{"a": nil}' },
    { text: "clear(attributes)", given: '{"a": "x"}', result: "{}" },
  ],
  compile: ({ target }) => (item) => {
    const value = target.evaluate(item);
    // The engine copies an empty status over itself, which changes nothing.
    if (value instanceof Opaque && value.size === undefined) return;
    target.set(item, zeroOf(value));
  },
});

function zeroOf(value: Value): Value {
  switch (typeof value) {
    case "string":
      return "";
    case "bigint":
      return 0n;
    case "number":
      return 0;
    case "boolean":
      return false;
  }
  if (value === null) return null;
  if (value instanceof Uint8Array) return new Uint8Array(0);
  if (value instanceof OttlMap) return new PlainMap();
  if (value instanceof OttlList) return new OttlList([], value.kind);
  if (value instanceof Time) return new Time(YEAR_ONE_UNIX_NANO);
  if (value instanceof Duration) return new Duration(0n);
  if (value instanceof Id) return new Id(value.kind, new Uint8Array(value.bytes.length));
  throw new OttlError("type", `cannot clear ${typeName(value)}`);
}
