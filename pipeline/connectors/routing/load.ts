/**
 * Routes as they run: what each asks of which items, and where what it takes goes.
 *
 * @module
 */

import {
  type CompiledCondition,
  ConditionList,
  type ErrorMode,
  OttlSyntaxError,
  type ParsedCondition,
  parseRules,
  type Statement,
  type Tools,
} from "../../../ottl/mod.ts";
import { type ContextName, contextsOf, type Cursor } from "../../otlp/ottl/mod.ts";
import type { Origin } from "../../otlp/payload.ts";
import { type Signal, SIGNAL_NAMES } from "../../otlp/signals.ts";
import type { Watched } from "../../statements/batch_run.ts";
import type { PlacedText } from "../../statements/group_config.ts";
import { CHECK_TOOLS, type Placed, type PlacedProblem, TextLoader } from "../../statements/loader.ts";
import {
  type NamedPipeline,
  pipelineNames,
  type RouteConfig,
  routesOf,
  type RoutingConfig,
  signalOf,
} from "./config.ts";

/** Where what a route takes goes; none: it is dropped. */
interface Taking {
  readonly action: "move" | "copy";
  readonly pipelines: readonly string[];
}

/** Asks each item of a context. */
export interface ItemRoute extends Taking {
  readonly context: ContextName;
  readonly list: ConditionList;
  /** Whether asking changes what matches. */
  readonly edits: boolean;
}

/** Asks the request's client metadata, for all of a batch. */
export interface RequestRoute extends Taking {
  readonly context: "request";
  matches(origin: Origin): boolean;
}

export type Route = ItemRoute | RequestRoute;

export interface LoadedRoutes {
  readonly routes: readonly Route[];
  readonly cursor: Cursor;
  readonly watched: readonly Watched[];
  readonly problems: readonly PlacedProblem[];
}

export function loadRoutes(config: RoutingConfig, signal: Signal, tools: Tools): LoadedRoutes {
  const loader = new RouteLoader(signal, tools, config.error_mode);
  const table = routesOf(config).flatMap((row) => loader.row(row) ?? []);
  const rules = config.rules.flatMap(({ text, path }) => loader.rule({ text, path: ["rules", ...path] }) ?? []);
  const routes = [...table, ...rules];
  const watched = routes.flatMap((route) => route.context === "request" ? [] : [route.list]);
  return { routes, cursor: loader.cursor, watched, problems: loader.problems };
}

/** Every pipeline that the section names, those of its rules among them; of rules that do not parse none. */
export function namedPipelines(config: RoutingConfig): readonly NamedPipeline[] {
  const ruled = config.rules.flatMap(({ text, path }) => {
    try {
      return parseRules([text], CHECK_TOOLS.limits).flatMap(({ editor }) =>
        literals(editor.arguments).map((id) => ({ path: ["rules", ...path], id }))
      );
    } catch (error) {
      if (error instanceof OttlSyntaxError) return []; // told when it is loaded
      throw error;
    }
  });
  return [...pipelineNames(config), ...ruled];
}

/** The signal, as far as a section alone can tell it. */
export function routedSignal(config: RoutingConfig): Signal {
  return signalOf(namedPipelines(config).map(({ id }) => id));
}

/** What a request is asked: whether one of the values of `name` is `value` (`==`), or another (`!=`). */
interface RequestCondition {
  readonly name: string;
  readonly operator: string;
  readonly value: string;
}

/** `request["name"] == "value"`, read no stricter than the collector does; undefined when it is nothing of the kind. */
function readRequestCondition(text: string): RequestCondition | undefined {
  const [operator, ...others] = text.match(/==|!=/g) ?? [];
  if (operator === undefined || others.length > 0) return undefined;
  const [field = "", value = ""] = text.split(operator).map((side) => side.trim());
  if (!/request\["[^\n]*"\]/.test(field) || !/"[^\n]*"/.test(value)) return undefined;
  const name = field.replace(/^request\["/, "").replace(/"\]$/, "");
  return { name: name.toLowerCase(), operator, value: value.replace(/^"/, "").replace(/"$/, "") };
}

class RouteLoader {
  readonly cursor: Cursor;
  readonly #signal: Signal;
  readonly #texts: TextLoader;
  readonly #tools: Tools;
  readonly #errorMode: ErrorMode;

  constructor(signal: Signal, tools: Tools, errorMode: ErrorMode) {
    this.#signal = signal;
    this.#texts = new TextLoader(signal, tools);
    this.#tools = tools;
    this.#errorMode = errorMode;
    this.cursor = this.#texts.newCursor();
  }

  get problems(): readonly PlacedProblem[] {
    return this.#texts.problems;
  }

  row(row: RouteConfig): Route | undefined {
    const { action, pipelines } = row;
    if (row.context === "request") {
      const matches = this.#request(row.text);
      return matches && { context: "request", matches, action, pipelines };
    }
    const asked = row.kind === "condition" ? this.#condition(row) : this.#statement(row);
    return asked && { ...asked, action, pipelines };
  }

  /** `condition > route("a", "b")`, or `condition > drop()`. */
  rule(placed: PlacedText): Route | undefined {
    const [rule] = this.#texts.load([placed], () => parseRules([placed.text], this.#tools.limits)) ?? [];
    if (rule === undefined) return undefined;
    const pipelines = this.#texts.load([placed], () => destinations(rule));
    if (pipelines === undefined || rule.where === undefined) return undefined;
    const parsed: ParsedCondition = { kind: "condition", text: rule.text, node: rule.where };
    const asked = this.#compile(undefined, { placed, parsed });
    return asked && { ...asked, action: "move", pipelines };
  }

  #request({ text, path }: PlacedText): RequestRoute["matches"] | undefined {
    const condition = readRequestCondition(text);
    if (condition === undefined) {
      const message = `is ${JSON.stringify(text)}, wanted request["name"] == "value", or != for ==`;
      this.#texts.problems.push({ path, message });
      return undefined;
    }
    const { name, operator, value } = condition;
    const fits = (given: string) => (given === value) === (operator === "==");
    return ({ metadata, client }) =>
      metadata.get(name)?.some(fits) === true || client?.grpcMetadata?.get(name)?.some(fits) === true;
  }

  #condition({ context, text }: RouteConfig) {
    const [condition] = this.#texts.conditions([text]);
    return condition && this.#compile(context, condition);
  }

  #statement({ context: said, text }: RouteConfig): Omit<ItemRoute, keyof Taking> | undefined {
    const [parsed] = this.#texts.statements([text]);
    const context = parsed && this.#contextOf(said, parsed);
    if (parsed === undefined || context === undefined) return undefined;
    const [statement] = this.#texts.compiler(context, true, this.cursor).statements("routing", [parsed]);
    if (statement === undefined) return undefined;
    const asked: CompiledCondition = {
      text: statement.text,
      known: undefined,
      test: (item) => {
        if (statement.where !== undefined && !statement.where.test(item)) return false;
        statement.execute(item);
        return true;
      },
    };
    return { context, list: new ConditionList([asked], this.#errorMode), edits: parsed.parsed.editor.name !== "route" };
  }

  #compile(
    said: string | undefined,
    condition: Placed<ParsedCondition>,
  ): Omit<ItemRoute, keyof Taking> | undefined {
    const context = this.#contextOf(said, condition);
    if (context === undefined) return undefined;
    const conditions = this.#texts.compiler(context, true, this.cursor).conditions("routing", [condition]);
    return conditions.length === 0
      ? undefined
      : { context, list: new ConditionList(conditions, this.#errorMode), edits: false };
  }

  /** Without one that is said or meant it is "resource", as it was before contexts were inferred. */
  #contextOf(said: string | undefined, text: Placed<Statement | ParsedCondition>): ContextName | undefined {
    const path = text.placed.path.slice(0, -1);
    const meant = said === undefined ? this.#texts.inferred(text.parsed, PLACES) : undefined;
    if (said === undefined && meant === undefined && this.#refuseOtherSignal(text)) return undefined;
    // What is known of the request alone is the same for all resources.
    const context = said === "otelcol" ? "resource" : said ?? meant ?? "resource";
    if (ROUTED_CONTEXTS.has(context)) return this.#texts.contextOf(context, [text], PLACES, path);
    const message = `is the context ${JSON.stringify(context)}, wanted one of ${
      Array.from(ROUTED_CONTEXTS).join(", ")
    }`;
    this.#texts.problems.push({ path: [...path, "context"], message, category: "config" });
    return undefined;
  }

  /** A text that means a context which only another signal has is judged there, and refused. */
  #refuseOtherSignal(text: Placed<Statement | ParsedCondition>): boolean {
    for (const signal of SIGNAL_NAMES.filter((each) => each !== this.#signal)) {
      const other = new TextLoader(signal, this.#tools);
      const context = other.inferred(text.parsed, PLACES);
      if (context === undefined) continue;
      if (text.parsed.kind === "condition") {
        const condition = { placed: text.placed, parsed: text.parsed };
        other.compiler(context, true, other.newCursor()).conditions("routing", [condition]);
      }
      const offered = contextsOf(this.#signal).filter((name) => ROUTED_CONTEXTS.has(name)).join(", ");
      const message = `means the context ${
        JSON.stringify(context)
      }, which ${this.#signal} do not have, wanted one of ${offered}`;
      const { path } = text.placed;
      this.#texts.problems.push({ path, message, category: "inference" }, ...other.problems);
      return true;
    }
    return false;
  }
}

const PLACES = ["routing"] as const;

/** The contexts whose items are routed. */
const ROUTED_CONTEXTS: ReadonlySet<string> = new Set(["resource", "span", "metric", "datapoint", "log"]);

/**
 * The pipelines that a rule names.
 *
 * @throws {OttlSyntaxError} It calls something else than route() with one or more, or drop() without.
 */
function destinations({ text, editor }: Statement): readonly string[] {
  const ids = literals(editor.arguments);
  const fits = ids.length === editor.arguments.length &&
    (editor.name === "drop" ? ids.length === 0 : editor.name === "route" && ids.length > 0);
  if (fits) return ids;
  const message = 'a rule ends in drop(), or in route("…") with the ids of pipelines';
  throw new OttlSyntaxError([{ category: "arg_value", message, text, span: editor.span }]);
}

function literals(args: Statement["editor"]["arguments"]): string[] {
  return args.flatMap(({ name, value }) => name === undefined && value.kind === "string" ? [value.value] : []);
}
