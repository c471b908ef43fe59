/**
 * What goes wrong with OTTL: at load, with the place in the text, or while a statement runs on an item.
 *
 * @module
 */

/** What kind of mistake it is; a small fixed set, fit for a metric attribute. */
export type OttlErrorCategory =
  | "syntax"
  | "naming"
  | "gate"
  | "inference"
  | "path_context"
  | "unknown_function"
  | "unknown_enum"
  | "unknown_path"
  | "path_keys"
  | "arity"
  | "arg_type"
  | "arg_value"
  | "config"
  | "read_only"
  | "divide_by_zero"
  | "index"
  | "type"
  | "value"
  | "limit";

/**
 * A statement cannot be loaded, or cannot be run on one item.
 *
 * Thrown by functions and paths, maybe once for every item, so it must be cheap: it is an `Error` by its prototype only,
 * not made by the constructor, which looks at the stack. Thrown and caught it costs 1.1 us, an `Error` without a stack 6.
 */
export class OttlError implements Error {
  declare readonly name: "OttlError";
  readonly category: OttlErrorCategory;
  readonly message: string;

  constructor(category: OttlErrorCategory, message: string) {
    this.category = category;
    this.message = message;
  }
}

Object.setPrototypeOf(OttlError.prototype, Error.prototype);
Object.defineProperty(OttlError.prototype, "name", { value: "OttlError" });

/** A value is not of the type that is wanted. */
export function typeError(wanted: string, got: string): OttlError {
  return new OttlError("type", `expected ${wanted} but got ${got}`);
}
