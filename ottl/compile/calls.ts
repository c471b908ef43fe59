/**
 * Calls of editors and converters: the function by its name, its arguments, the keys behind it.
 *
 * @module
 */

import type { FunctionDefinition, FunctionReference, Item } from "../functions/definition.ts";
import type { ArgumentNode, CallNode, EnumNode } from "../syntax/ast.ts";
import { OttlError } from "../values/errors.ts";
import { indexValues } from "../values/index_keys.ts";
import type { Value } from "../values/value.ts";
import { bindArgument } from "./arguments.ts";
import { nearestName, suggestion } from "./near_names.ts";
import type { Compiled, Scope } from "./scope.ts";

/** A call of `kind`, with its keys. */
export function compileCall(node: CallNode, kind: FunctionDefinition["kind"], scope: Scope): Compiled {
  const definition = findFunction(node.name, kind, scope, node.nameSpan);
  if (definition.gate !== undefined && !scope.environment.gates.has(definition.gate)) {
    return scope.refuse("gate", `function "${node.name}" needs the feature gate ${definition.gate}`, node.nameSpan);
  }
  const args = bindArguments(definition, node, scope);
  const run = scope.located(node.span, () => definition.compile(args, scope.environment.tools));
  if (definition.folds && areConstant(args)) return indexed(node, literal(run, node, scope), scope);
  const access = changedAccess(definition, args, run);
  const fixed = definition.isPure && areConstant(args) ? fixedValue(run) : undefined;
  return indexed(node, { evaluate: run, constant: undefined, access, ...fixed !== undefined && { fixed } }, scope);
}

/** @returns undefined for what fails: it does so when items run. */
function fixedValue(run: Compiled["evaluate"]): Value | undefined {
  try {
    return run(NO_ITEM);
  } catch (error) {
    if (error instanceof OttlError) return undefined;
    throw error;
  }
}

/** Where the call changes a string that a path leads to. */
function changedAccess(
  definition: FunctionDefinition,
  args: Readonly<Record<string, unknown>>,
  run: Compiled["evaluate"],
): Compiled["access"] {
  const changed = definition.asChange?.(args);
  const { access } = (changed?.source ?? {}) as Partial<Compiled>;
  return changed && access?.changed?.(changed.change, run);
}

function findFunction(
  name: string,
  kind: FunctionDefinition["kind"],
  scope: Scope,
  span: CallNode["span"],
): FunctionDefinition {
  const { functions } = scope.environment;
  const found = functions.get(name);
  if (found?.kind === kind) return found;
  const names = Array.from(functions.values()).filter((each) => each.kind === kind).map((each) => each.name);
  return scope.refuse("unknown_function", `undefined function "${name}"${suggestion(name, names)}`, span);
}

function areConstant(args: Readonly<Record<string, unknown>>): boolean {
  return Object.values(args).every((arg) =>
    typeof arg !== "object" || arg === null || (arg as { constant?: Value }).constant !== undefined
  );
}

const NO_ITEM: Item = {};

/** A call whose result counts as a literal. */
function literal(run: (item: Item) => Value, node: CallNode, scope: Scope): Compiled {
  const constant = scope.located(node.span, () => run(NO_ITEM), "arg_value");
  return { evaluate: () => constant, constant, access: undefined };
}

function indexed(node: CallNode, call: Compiled, scope: Scope): Compiled {
  if (node.keys.length === 0) return call;
  const keys = scope.all(node.keys.map((key) => () => scope.value(key)));
  const evaluate = (item: Item) => indexValues(call.evaluate(item), keys, item);
  return { evaluate, constant: undefined, access: undefined };
}

/** An argument for each parameter, by its name. */
function bindArguments(
  definition: FunctionDefinition,
  node: CallNode,
  scope: Scope,
): Readonly<Record<string, unknown>> {
  const parameters = Object.entries(definition.parameters);
  // The reference engine does not look at what a function without parameters is given.
  if (parameters.length === 0) return {};
  checkCount(definition, node, scope);
  const given = new Map<string, ArgumentNode>();
  for (const [position, argument] of node.arguments.entries()) {
    given.set(
      argument.name === undefined ? parameters[position]![0] : parameterName(definition, argument, scope),
      argument,
    );
  }
  checkRequired(definition, given, node, scope);
  const bound = scope.all(
    parameters.map(([name, parameter]) => (): readonly [string, unknown] => {
      const argument = given.get(name);
      return [name, argument && bindArgument(parameter, argument.value, scope, (symbol) => reference(symbol, scope))];
    }),
  );
  return Object.fromEntries(bound);
}

function checkCount(definition: FunctionDefinition, node: CallNode, scope: Scope): void {
  const parameters = Object.values(definition.parameters);
  const required = parameters.filter(({ optional }) => !optional).length;
  const received = node.arguments.length;
  if (received < required || received > parameters.length) {
    const expected = received < required ? required : parameters.length;
    scope.refuse("arity", `incorrect number of arguments. Expected: ${expected} Received: ${received}`, node.span);
  }
  const named = node.arguments.findIndex(({ name }) => name !== undefined);
  const unnamed = named < 0 ? undefined : node.arguments.slice(named).find(({ name }) => name === undefined);
  if (unnamed !== undefined) scope.refuse("arity", "unnamed argument used after named argument", unnamed.span);
}

/** Which parameter a name means: `replacement_format` and `replacementFormat` are the same, `xpath` and `x_path` too. */
function parameterName({ parameters }: FunctionDefinition, argument: ArgumentNode, scope: Scope): string {
  const wanted = plainName(argument.name!);
  for (const [name, { aliases }] of Object.entries(parameters)) {
    if (plainName(name) === wanted || aliases.some((alias) => plainName(alias) === wanted)) return name;
  }
  const near = nearestName(argument.name!, Object.keys(parameters).map(snakeCase));
  const hint = near === undefined
    ? `, it has ${Object.keys(parameters).map(snakeCase).join(", ")}`
    : `, did you mean "${near}"?`;
  return scope.refuse("arity", `no such parameter: ${argument.name}${hint}`, argument.span);
}

function plainName(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function checkRequired(
  { parameters }: FunctionDefinition,
  given: ReadonlyMap<string, ArgumentNode>,
  node: CallNode,
  scope: Scope,
): void {
  const missing = Object.entries(parameters).find(([name, { optional }]) => !optional && !given.has(name));
  if (missing !== undefined) scope.refuse("arity", `missing argument: ${snakeCase(missing[0])}`, node.span);
}

/** A converter by its name alone. */
function reference(symbol: EnumNode, scope: Scope): FunctionReference {
  const definition = findFunction(symbol.name, "converter", scope, symbol.span);
  const [parameter, ...others] = Object.entries(definition.parameters);
  if (parameter === undefined || others.length > 0 || parameter[1].kind !== "str") return unusable(definition);
  let given = "";
  const argument = { evaluate: () => given, constant: undefined };
  const run = scope.located(
    symbol.span,
    () => definition.compile({ [parameter[0]]: argument }, scope.environment.tools),
  );
  const call = (item: Item, text: string) => {
    given = text;
    return run(item);
  };
  return { name: definition.name, call };
}

function unusable({ name }: FunctionDefinition): FunctionReference {
  const call = () => {
    throw new OttlError("arg_type", `cannot call ${name} here: a function of exactly one string is wanted`);
  };
  return { name, call };
}
