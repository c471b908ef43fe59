/**
 * What the language has here, as Markdown: functions, paths and symbols. docs/ottl.md holds the same.
 *
 * @module
 */

import type { FunctionDefinition } from "../../ottl/mod.ts";
import { STANDARD_CONVERTERS, STANDARD_EDITORS } from "../../ottl/mod.ts";
import type { Example, Parameter } from "../../ottl/functions/definition.ts";
import { ownFunctionsOf } from "../../pipeline/otlp/ottl/functions/table.ts";
import { contextDefinition, contextsOf, pathTable } from "../../pipeline/otlp/ottl/mod.ts";
import { SIGNAL_NAMES } from "../../pipeline/otlp/signals.ts";

/** All contexts, each once. */
const CONTEXTS = [...new Set(SIGNAL_NAMES.flatMap(contextsOf))];

/** Tables of editors, of converters, and of what only some contexts have. */
export function functionReference(): string {
  const own = CONTEXTS.flatMap((context) => {
    const functions = ownFunctionsOf(context);
    return functions.length === 0 ? [] : [functionTableOf(`Only in the context ${context}`, functions)];
  });
  return [
    functionTableOf("Editors", STANDARD_EDITORS),
    functionTableOf("Converters", STANDARD_CONVERTERS),
    ...own,
  ].join("\n\n");
}

/** Tables of paths by the word that they begin with, what each context reaches, and symbols. */
export function pathReference(): string {
  const reach = CONTEXTS.map((name) => [code(name), contextDefinition(name).prefixes.map(code).join(" ")]);
  const paths = Array.from(pathTable(), ([prefix, rows]) => {
    const cells = rows.map(({ path, type, takesKeys, isReadOnly }) => [
      code(takesKeys ? `${path}[…]` : path),
      type,
      isReadOnly ? "read only" : "",
    ]);
    return section(`Paths of ${prefix}`, table(["Path", "Type", ""], cells));
  });
  const symbols = CONTEXTS.flatMap((name) => {
    const { enums } = contextDefinition(name);
    return enums.size === 0
      ? []
      : [[code(name), Array.from(enums, ([symbol, value]) => `${code(symbol)} ${value}`).join(", ")]];
  });
  return [
    section("What each context reaches", table(["Context", "Paths begin with"], reach)),
    ...paths,
    section("Symbols", table(["Context", "Symbols and their numbers"], symbols)),
  ].join("\n\n");
}

function functionTableOf(title: string, functions: readonly FunctionDefinition[]): string {
  const rows = functions.toSorted((a, b) => a.name < b.name ? -1 : 1).map((each) => [
    code(signatureOf(each)),
    each.gate === undefined ? each.summary : `${each.summary} Gate: ${code(each.gate)}.`,
    each.examples.slice(0, 1).map(showExample).join(""),
  ]);
  return section(title, table(["Function", "What it does", "Example"], rows));
}

/** `truncate_all(target: path-map, limit: lit-int, utf8_safe?: lit-bool)`. */
function signatureOf({ name, parameters }: FunctionDefinition): string {
  const list = Object.entries(parameters).map(([parameter, { kind, element, optional }]) =>
    `${snakeCase(parameter)}${optional ? "?" : ""}: ${kindOf({ kind, element })}`
  );
  return `${name}(${list.join(", ")})`;
}

function kindOf({ kind, element }: Pick<Parameter, "kind" | "element">): string {
  if (element === undefined) return kind;
  return kind === "list" ? `[${kindOf(element)}]` : `[${kindOf(element)}] or any`;
}

function showExample({ text, given, result, matches, error }: Example): string {
  const before = given === undefined ? "" : `${code(given)} `;
  const after = result !== undefined
    ? code(result)
    : matches !== undefined
    ? `matches ${code(String(matches))}`
    : error;
  return `${before}${code(text)} → ${after ?? ""}`;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => `_${letters.toLowerCase()}`);
}

function section(title: string, body: string): string {
  return `### ${title}\n\n${body}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

/** Text with backticks needs more of them around it. */
function code(text: string): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${text}${fence}` : `${fence} ${text} ${fence}`;
}
