/**
 * Paths: which context they begin with, and what they lead to.
 *
 * @module
 */

import type { Item } from "../functions/definition.ts";
import type { PathField, PathNode } from "../syntax/ast.ts";
import { OttlError } from "../values/errors.ts";
import { indexValues } from "../values/index_keys.ts";
import type { Value } from "../values/value.ts";
import type { ContextDefinition, ContextPath, PathAccess } from "./context.ts";
import { nearestName, suggestion } from "./near_names.ts";
import type { Compiled, Scope } from "./scope.ts";

/** A path, or the parameter of a lambda. */
export function compilePath(node: PathNode, scope: Scope): Compiled {
  const slot = scope.slot(node.fields[0]!.name);
  if (slot !== undefined) return compileSlot(node, scope, () => slot.value);
  const access = resolvePath(node, scope);
  return { evaluate: (item) => access.get(item), constant: undefined, access };
}

/** What a path leads to, also to write there. */
export function resolvePath(node: PathNode, scope: Scope): PathAccess {
  if (scope.slot(node.fields[0]!.name) !== undefined) {
    return scope.refuse("arg_type", "must be a path, not a parameter of a lambda", node.span);
  }
  const path = contextPath(node, scope);
  const { context, resolver } = scope.environment;
  try {
    return resolver.resolve(path);
  } catch (error) {
    if (!(error instanceof OttlError)) throw error;
    const hint = error.category === "unknown_path" ? pathSuggestion(path, context) : "";
    return scope.refuse(error.category, error.message + hint, node.span);
  }
}

/** Keys behind a parameter are as strict as behind a converter. */
function compileSlot(node: PathNode, scope: Scope, read: () => Value): Compiled {
  const [field, dotted] = node.fields;
  if (dotted !== undefined) {
    scope.refuse(
      "unknown_path",
      `a parameter of a lambda has no fields, write ${field!.name}["${dotted.name}"]`,
      dotted.span,
    );
  }
  const keys = compileKeys(field!, scope);
  const evaluate = (item: Item) => indexValues(read(), keys, item);
  return { evaluate, constant: undefined, access: undefined };
}

function contextPath(node: PathNode, scope: Scope): ContextPath {
  const { context, prefixMode } = scope.environment;
  const text = scope.text.slice(node.span.start, node.span.end);
  const [first, ...rest] = node.fields;
  const isPrefixed = rest.length > 0 && first!.keys.length === 0 && context.prefixes.includes(first!.name);
  if (isPrefixed) return { context: first!.name, fields: compileFields(rest, scope), text };
  if (prefixMode === "inferred") return refusePrefix(node, text, scope);
  return { context: context.name, fields: compileFields(node.fields, scope), text: `${context.name}.${text}` };
}

function refusePrefix(node: PathNode, text: string, scope: Scope): never {
  const { context } = scope.environment;
  const [first, ...rest] = node.fields;
  const options = possiblePaths(node, context);
  if (rest.length > 0 && first!.keys.length === 0 && options.length === 0) {
    const hint = suggestion(first!.name, context.prefixes);
    const wanted = `one of ${context.prefixes.join(", ")} is wanted`;
    return scope.refuse(
      "path_context",
      `context "${first!.name}" from path "${text}" is not valid, ${wanted}${hint}`,
      first!.span,
    );
  }
  const named = options.length > 0 ? options : context.prefixes.map((prefix) => `${prefix}.${text}`);
  const listed = named.map((option) => `"${option}"`).join(", ");
  return scope.refuse(
    "path_context",
    `missing context name for path "${text}", possibly valid options are: ${listed}`,
    node.span,
  );
}

/** Paths of the context that end as this one begins. */
function possiblePaths({ fields }: PathNode, { pathNames, prefixes }: ContextDefinition): string[] {
  const names = fields.map(({ name }) => name).join(".");
  return prefixes.map((prefix) => `${prefix}.${names}`).filter((name) => pathNames.includes(name));
}

function pathSuggestion({ context, fields }: ContextPath, { pathNames }: ContextDefinition): string {
  const name = [context, ...fields.map((field) => field.name)].join(".");
  const nearest = nearestName(name, pathNames);
  // The resolver may object to something else than the name: a section too many, keys.
  return nearest === undefined || nearest === name ? "" : `, did you mean "${nearest}"?`;
}

function compileFields(fields: readonly PathField[], scope: Scope): ContextPath["fields"] {
  return scope.all(fields.map((field) => () => ({ name: field.name, keys: compileKeys(field, scope) })));
}

function compileKeys({ keys }: PathField, scope: Scope): Compiled[] {
  return scope.all(keys.map((key) => () => scope.value(key)));
}
