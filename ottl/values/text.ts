/**
 * The text form of values: pdata's AsString, which `body.string`, `stringify_all`, `ToKeyValueString` and `Sort` use.
 *
 * @module
 */

import { toHex } from "./hex.ts";
import { OttlError } from "./errors.ts";
import { base64, plainJson } from "./json.ts";
import { asStringFloat } from "./numbers.ts";
import { rfc3339 } from "./rfc3339.ts";
import { Duration, Id, OttlList, OttlMap, Time, type Value } from "./value.ts";

/** The text of any value; empty for nil, and for a map or list that has no JSON because a float in it is not finite. */
export function textOf(value: Value): string {
  switch (typeof value) {
    case "string":
      return value;
    case "bigint":
    case "boolean":
      return String(value);
    case "number":
      return asStringFloat(value);
  }
  if (value === null) return "";
  if (value instanceof Uint8Array) return base64(value);
  if (value instanceof OttlMap || value instanceof OttlList) return jsonOrNothing(value);
  if (value instanceof Time) return rfc3339(value);
  if (value instanceof Duration) return String(value.nanos);
  return value instanceof Id ? toHex(value.bytes) : "";
}

function jsonOrNothing(value: OttlMap | OttlList): string {
  try {
    return plainJson(value);
  } catch (error) {
    if (error instanceof OttlError && error.category === "value") return "";
    throw error;
  }
}
