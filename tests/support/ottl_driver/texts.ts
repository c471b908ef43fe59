/**
 * Single conditions, values and statements, read as an explicit `context:` reads them and run once per item.
 *
 * @module
 */

import { type FunctionTable, functionTable, OttlCompiler } from "../../../ottl/mod.ts";
import { DEFAULT_OTTL_LIMITS } from "../../../ottl/limits.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { type Cursor, openContext, walk } from "../../../pipeline/otlp/ottl/mod.ts";
import { functionsOf } from "../../../pipeline/otlp/ottl/functions/table.ts";
import type { LevelName } from "../../../pipeline/otlp/ottl/levels.ts";
import type { Signal } from "../../../pipeline/otlp/signals.ts";
import { failure } from "./failure.ts";
import { payloadOfRequest } from "./payloads.ts";
import type { Answer, Request, Result } from "./protocol.ts";
import { typedValue } from "./typed_value.ts";

/** Signals of the contexts that only one signal has. */
const SIGNAL_OF_CONTEXT: Readonly<Record<string, Signal>> = {
  span: "traces",
  spanevent: "traces",
  metric: "metrics",
  datapoint: "metrics",
  exemplar: "metrics",
  log: "logs",
  profile: "profiles",
};

/** Ops "condition", "value" and "parse". */
export function answerText(request: Request): Answer {
  const context = request.context ?? "";
  const signal = SIGNAL_OF_CONTEXT[context] ?? request.signal ?? "traces";
  const { definition, resolver, cursor } = openContext(signal, context);
  const compiler = new OttlCompiler({
    context: definition,
    resolver,
    functions: functionsIn(context),
    tools: {
      limits: DEFAULT_OTTL_LIMITS,
      nowUnixNano: () => BigInt(Date.now()) * 1_000_000n,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      zone: "UTC",
    },
    gates: new Set(),
    prefixMode: "explicit",
  });
  let evaluate: ((cursor: Cursor) => Result) | undefined;
  try {
    evaluate = compileText(compiler, request);
  } catch (thrown) {
    return failure("config", thrown);
  }
  if (evaluate === undefined) return { ok: true };
  return { results: resultsOf(request, signal, context as LevelName, cursor, evaluate) };
}

/** What to do with each item; undefined when the text was only to be parsed. */
function compileText(compiler: OttlCompiler, request: Request): ((cursor: Cursor) => Result) | undefined {
  const { op, expr = "", statement, condition, value } = request;
  if (op === "condition") {
    const [compiled] = compiler.conditions([expr]);
    return (cursor) => compiled!.test(cursor);
  }
  if (op === "value") {
    const expression = compiler.value(expr);
    return (cursor) => typedValue(expression.evaluate(cursor));
  }
  if (statement !== undefined) compiler.statements([statement]);
  if (condition !== undefined) compiler.conditions([condition]);
  if (value !== undefined) compiler.value(value);
  return undefined;
}

function resultsOf(
  request: Request,
  signal: Signal,
  level: LevelName,
  cursor: Cursor,
  evaluate: (cursor: Cursor) => Result,
): Result[] {
  const results: Result[] = [];
  const visitor = () => {
    results.push(resultOf(() => evaluate(cursor)));
    return true;
  };
  walk(payloadOfRequest(request, signal), cursor, { visit: { [level]: visitor } });
  return results;
}

function resultOf(evaluate: () => Result): Result {
  try {
    return evaluate();
  } catch (thrown) {
    if (thrown instanceof OttlError) return { error: { category: thrown.category } };
    throw thrown;
  }
}

/** What the transform processor has in statements and conditions. */
function functionsIn(context: string): FunctionTable {
  const conditions = functionsOf("transform condition", context);
  return functionTable([...functionsOf("transform statement", context).values(), ...conditions.values()], []);
}
