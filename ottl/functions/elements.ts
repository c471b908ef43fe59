/**
 * The elements of lists, for functions that look into them.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";
import { OttlList, PlainMap, typeName, type Value } from "../values/value.ts";

/**
 * Elements of `list`. The reference engine cannot make a list of its own out of a list literal that holds values of the
 * data, times or IDs.
 *
 * @throws {OttlError} There is such a value in a list literal.
 */
export function elementsOf(list: OttlList): readonly Value[] {
  if (list.kind === "list") { for (const item of list.items) checkElement(item); }
  return list.items;
}

function checkElement(value: Value): void {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  if (value instanceof OttlList && value.kind === "list") return value.items.forEach(checkElement);
  if (value instanceof PlainMap && value.host) return;
  throw new OttlError("value", `<Invalid value type ${typeName(value)}> in a list literal`);
}
