/**
 * OTTL, the OpenTelemetry Transformation Language, for readers outside this folder.
 *
 * Texts are parsed, their context is inferred or given, and they are compiled once to closures over the items of that
 * context. Everything that is wrong is found then, and told with its place; what can still fail is an item.
 *
 * ```ts
 * const statements = parseStatements(config.statements, limits);
 * const conditions = parseConditions(config.conditions, limits);
 * const name = config.context ?? inferContext([...statements, ...conditions], candidates);
 * const { definition, resolver, cursor } = openContext("logs", name); // pipeline/otlp/ottl
 * const compiler = new OttlCompiler({ context: definition, resolver, functions, tools, gates, prefixMode });
 * const when = new ConditionList(compiler.conditions(conditions), errorMode);
 * const sequence = new StatementSequence(compiler.statements(statements), errorMode);
 * // for each item, which the cursor stands on:
 * if (conditions.length === 0 || when.matches(cursor)) sequence.run(cursor);
 * // once a batch:
 * for (const { text, count, error } of sequence.drainFailures()) log.warn(…);
 * ```
 *
 * | What | For |
 * | --- | --- |
 * | `parseStatements`, `parseConditions`, `parseRules` | texts to trees, the problems of all in one `OttlSyntaxError` |
 * | `inferContext(texts, candidates)` | the context that parsed texts mean; `candidates` know functions of both kinds |
 * | `OttlCompiler` | `.statements(…)`, `.conditions(…)` take texts or trees, `.value(text)` an expression |
 * | `ProblemCollector` | problems of several groups at once: `collect(() => …)`, then `throwProblems()` |
 * | `StatementSequence`, `ConditionList` | run over one item: `run(item)`, `matches(item)`; `drainFailures()` |
 * | `STANDARD_EDITORS`, `STANDARD_CONVERTERS`, `functionTable(…)` | functions by name |
 * | `OttlError` (an item), `OttlSyntaxError` (a text) | what goes wrong |
 *
 * Error modes: "propagate" throws the first error of an item as an `OttlError` that names the text; "ignore" and
 * "silent" go on and keep counts for `drainFailures`, which the caller logs for the one and not for the other.
 *
 * `prefixMode`: "explicit" when the context is given (paths without a context name get it), "inferred" else.
 *
 * @module
 */

export { OttlCompiler, parseConditions, parseRules, parseStatements, ProblemCollector } from "./compile/compiler.ts";
export type { FunctionTable, PathAccess, PathResolver } from "./compile/context.ts";
export { inferContext } from "./compile/inference.ts";
export type { InferenceCandidate, ParsedCondition, ParsedText } from "./compile/inference.ts";
export { ConditionList, StatementSequence } from "./compile/sequence.ts";
export type { CompiledCondition, CompiledStatement, ErrorMode, Failure } from "./compile/sequence.ts";
export type { Expression, FunctionDefinition, Item, Tools } from "./functions/definition.ts";
export { functionTable, STANDARD_CONVERTERS, STANDARD_EDITORS } from "./functions/table.ts";
export { DEFAULT_OTTL_LIMITS } from "./limits.ts";
export type { Statement } from "./syntax/ast.ts";
export { OttlSyntaxError, placeOf, showProblem } from "./syntax/problem.ts";
export type { OttlProblem } from "./syntax/problem.ts";
export { OttlError } from "./values/errors.ts";
export type { OttlErrorCategory } from "./values/errors.ts";
