/**
 * ConvertCase: a string in another case.
 *
 * @module
 */

import { toCamel, toLower, toSnake, toUpper } from "../../text/case.ts";
import { OttlError } from "../../values/errors.ts";
import { converter, litStr, str } from "../definition.ts";

export const convertCase = converter({
  name: "ConvertCase",
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
});

const CASES: ReadonlyMap<string, (text: string) => string> = new Map([
  ["lower", toLower],
  ["upper", toUpper],
  ["snake", toSnake],
  ["camel", toCamel],
]);
