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
 * Thrown by functions and paths. While items run it may be thrown once per item, so it has no stack.
 */
export class OttlError extends Error {
  override readonly name = "OttlError";
  readonly category: OttlErrorCategory;

  constructor(category: OttlErrorCategory, message: string) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
    this.category = category;
  }
}

/** A value is not of the type that is wanted. */
export function typeError(wanted: string, got: string): OttlError {
  return new OttlError("type", `expected ${wanted} but got ${got}`);
}
