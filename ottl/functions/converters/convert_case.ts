/**
 * ConvertCase: a string in another case.
 *
 * @module
 */

import { toCamel, toLower, toSnake, toUpper } from "../../text/case.ts";
import { lowerChange, upperChange } from "../../text/case_change.ts";
import { OttlError } from "../../values/errors.ts";
import { converter, litStr, str } from "../definition.ts";

export const convertCase = converter({
  name: "ConvertCase",
  gives: "string",
  summary: "`target` in the case `lower`, `upper`, `snake` or `camel`.",
  parameters: { target: str, toCase: litStr },
  examples: [
    { text: 'ConvertCase("someName", "snake")', result: '"some_name"' },
    { text: 'ConvertCase("some_name", "camel")', result: '"SomeName"' },
    { text: 'ConvertCase("a", "title")', error: "invalid case" },
  ],
  compile: ({ target, toCase }) => {
    const convert = CASES.get(toCase);
    if (convert === undefined) {
      throw new OttlError("arg_value", `invalid case: ${toCase}, allowed cases are: lower, upper, snake, camel`);
    }
    return (item) => convert(target.evaluate(item));
  },
  asChange({ target, toCase }) {
    const change = CHANGES.get(toCase)?.();
    return change && { source: target, change };
  },
});

const CASES: ReadonlyMap<string, (text: string) => string> = new Map([
  ["lower", toLower],
  ["upper", toUpper],
  ["snake", toSnake],
  ["camel", toCamel],
]);

const CHANGES = new Map([["lower", lowerChange], ["upper", upperChange]]);
