/**
 * What IsString, IsInt, IsDouble, IsBool and IsMap have in common.
 *
 * @module
 */

import { OttlError } from "../values/errors.ts";
import { typeName, type Value } from "../values/value.ts";
import type { Expression, Item } from "./definition.ts";

/**
 * A closure that tells whether a value is of a type.
 *
 * @throws {OttlError} At load: the value is written in the text, and is of another type.
 */
export function typeTest(
  value: Expression,
  wanted: string,
  isWanted: (value: Value) => boolean,
): (item: Item) => boolean {
  if (value.constant !== undefined && !isWanted(value.constant)) {
    throw new OttlError("arg_type", `expected ${wanted} but got ${typeName(value.constant)}`);
  }
  return (item) => isWanted(value.evaluate(item));
}
