/**
 * IsEmpty: whether a value is nothing.
 *
 * @module
 */

import { Duration, Id, OttlList, OttlMap, Time, type Value } from "../../values/value.ts";
import { any, converter } from "../definition.ts";

export const isEmpty = converter({
  name: "IsEmpty",
  gives: "bool",
  summary: 'Whether `target` is nil, `""`, 0, false, an ID of zeros only, or a list, map or bytes without content.',
  parameters: { target: any },
  examples: [
    { text: 'IsEmpty(attributes["none"])', result: "true" },
    { text: 'IsEmpty("")', result: "true" },
    { text: "IsEmpty(attributes)", result: "true" },
    { text: 'IsEmpty(attributes["a"])', given: '{"a": [nil]}', result: "false" },
    { text: "IsEmpty(0.1)", result: "false" },
  ],
  compile: ({ target: value }) => (item) => isNothing(value.evaluate(item)),
});

/** What Go's zero time is: the first second of the year 1. */
const ZERO_TIME = -62_135_596_800_000_000_000n;

function isNothing(value: Value): boolean {
  if (value === null || value === "" || value === 0n || value === 0 || value === false) return true;
  if (value instanceof OttlMap || value instanceof OttlList) return value.size === 0;
  if (value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Id) return value.bytes.every((byte) => byte === 0);
  if (value instanceof Time) return value.unixNano === ZERO_TIME;
  return value instanceof Duration && value.nanos === 0n;
}
