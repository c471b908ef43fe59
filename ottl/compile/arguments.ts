/**
 * Arguments by the kind of their parameter: what may be written there, and what the function is given.
 *
 * Source: pkg/ottl 1.3; docs/ottl.md, "Parameters".
 *
 * @module
 */

import type {
  Expression,
  FunctionReference,
  Item,
  Lambda,
  Parameter,
  ParameterKind,
  Target,
} from "../functions/definition.ts";
import { elementsOf } from "../functions/elements.ts";
import type { EnumNode, LambdaNode, ValueNode } from "../syntax/ast.ts";
import { toBoolLike, toBytesLike, toFloatLike, toIntLike, toStringLike } from "../values/convert.ts";
import { OttlError, typeError } from "../values/errors.ts";
import { Duration, OttlList, OttlMap, Time, typeName, type Value } from "../values/value.ts";
import type { PathAccess } from "./context.ts";
import { resolvePath } from "./paths.ts";
import type { Compiled, Scope, Slot } from "./scope.ts";

type Reference = (symbol: EnumNode) => FunctionReference;

/** A value of the type, or a type error. */
type Convert = (value: Value) => Value;

/** What the value of a typed expression goes through. */
const CONVERSIONS: ReadonlyMap<ParameterKind, Convert> = new Map<ParameterKind, Convert>([
  ["str", (value) => typeof value === "string" ? value : wrongType("string", value)],
  ["int", (value) => typeof value === "bigint" ? value : wrongType("int", value)],
  ["map", (value) => value instanceof OttlMap ? value : wrongType("map", value)],
  ["slice", toSlice],
  ["time", (value) => value instanceof Time ? value : wrongType("time", value)],
  ["duration", (value) => value instanceof Duration ? value : wrongType("duration", value)],
  ["str~", toStringLike],
  ["int~", toIntLike],
  ["float~", toFloatLike],
  ["bool~", toBoolLike],
  ["bytes~", toBytesLike],
]);

/** Which literal each kind wants. */
const LITERALS: Partial<Record<ParameterKind, ValueNode["kind"]>> = {
  "lit-str": "string",
  "lit-int": "int",
  "lit-float": "float",
  "lit-bool": "bool",
};

/** The engine makes a slice of its own out of a list literal, which not every list can become. */
function toSlice(value: Value): OttlList {
  if (!(value instanceof OttlList)) return wrongType("slice", value);
  elementsOf(value);
  return value;
}

function wrongType(wanted: string, value: Value): never {
  throw typeError(wanted, typeName(value));
}

/** What the function is given for one parameter. */
export function bindArgument(parameter: Parameter, node: ValueNode, scope: Scope, reference: Reference): unknown {
  const { kind } = parameter;
  const conversion = CONVERSIONS.get(kind);
  if (conversion !== undefined) return bindTyped(conversion, node, scope);
  const literal = LITERALS[kind];
  if (literal !== undefined) return bindLiteral(literal, node, scope);
  switch (kind) {
    case "fn":
      return node.kind === "enum" ? reference(node) : refuse("the name of a converter", node, scope);
    case "lambda":
      return node.kind === "lambda" ? bindLambda(node, scope) : refuse("a lambda", node, scope);
    case "path":
    case "path-map":
    case "path-slice":
      return node.kind === "path" ? bindTarget(kind, resolvePath(node, scope)) : refuse("a path", node, scope);
    case "list":
      return bindList(parameter.element!, node, scope, reference);
    case "dynamic-list":
      return bindDynamicList(parameter.element!, node, scope, reference);
    default:
      return scope.value(node);
  }
}

function refuse(wanted: string, node: ValueNode, scope: Scope): never {
  return scope.refuse("arg_type", `must be ${wanted}`, node.span);
}

/** A literal is converted at load, where it may turn out to be wrong; the rest for every item. */
function bindTyped(convert: Convert, node: ValueNode, scope: Scope): Expression {
  const { evaluate, constant, access } = scope.value(node);
  if (constant === undefined) return perItem((item) => convert(evaluate(item)), access);
  const converted = scope.located(node.span, () => convert(constant), "arg_type");
  return { evaluate: () => converted, constant: converted };
}

/** For a function an expression, for the compiler also what it is made of. */
function perItem(evaluate: Compiled["evaluate"], access: Compiled["access"]): Compiled {
  return { evaluate, constant: undefined, access };
}

function bindLiteral(kind: ValueNode["kind"], node: ValueNode, scope: Scope): unknown {
  if (node.kind === kind && "value" in node) return node.value;
  return refuse(kind === "int" ? "an int literal" : `a ${kind} literal`, node, scope);
}

function bindList(element: Parameter, node: ValueNode, scope: Scope, reference: Reference): unknown[] {
  if (node.kind !== "list") return refuse("a list literal", node, scope);
  return scope.all(node.items.map((item) => () => bindArgument(element, item, scope, reference)));
}

function bindDynamicList(element: Parameter, node: ValueNode, scope: Scope, reference: Reference): unknown {
  if (node.kind === "list") return { elements: bindList(element, node, scope, reference), list: undefined };
  const list = scope.value(node);
  const { constant } = list;
  // Of the other literals nil is a list without elements, and bytes are one of numbers.
  const isList = constant === null || (constant instanceof Uint8Array && element.kind === "str~");
  if (constant !== undefined && !isList) {
    return refuse("a list literal, a path or a converter", node, scope);
  }
  return { elements: undefined, list };
}

function bindTarget(kind: "path" | "path-map" | "path-slice", access: PathAccess): Target {
  return {
    evaluate: targetReader(kind, access),
    set: (item, value) => access.set(item, value),
    setter: (value) => setter(access, value),
    changer: (change) => access.changer?.(change),
    keyDeleter: (key) => access.keyDeleter?.(key),
  };
}

function setter(access: PathAccess, value: Expression): (item: Item) => void {
  const { constant } = value;
  if (constant !== undefined) return access.constantSetter?.(constant) ?? ((item) => access.set(item, constant));
  const source = (value as Partial<Compiled>).access;
  return (source && access.copier?.(source)) ?? ((item) => access.set(item, value.evaluate(item)));
}

function targetReader(kind: "path" | "path-map" | "path-slice", access: PathAccess): (item: Item) => Value {
  if (kind === "path") return (item) => access.get(item);
  const convert = CONVERSIONS.get(kind === "path-map" ? "map" : "slice")!;
  return (item) => convert(access.get(item));
}

function bindLambda(node: LambdaNode, scope: Scope): Lambda {
  const { parameters, body } = node;
  const slots = parameters.map((name): Slot => ({ name, value: null }));
  const evaluate = compileBody(body, scope.inLambda(slots.filter(({ name }) => name !== "_")));
  const call = (item: Item, args: readonly Value[]): Value => {
    if (args.length !== slots.length) {
      throw new OttlError("arity", `the lambda takes ${slots.length} arguments but is given ${args.length}`);
    }
    for (let i = 0; i < slots.length; i++) slots[i]!.value = args[i]!;
    return evaluate(item);
  };
  return { parameters, call };
}

function compileBody(body: LambdaNode["body"], scope: Scope): (item: Item) => Value {
  if (body.kind === "or" || body.kind === "and" || body.kind === "not" || body.kind === "comparison") {
    const { test } = scope.condition(body);
    return (item) => test(item);
  }
  return scope.value(body).evaluate;
}
