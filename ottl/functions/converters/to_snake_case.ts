/**
 * ToSnakeCase: a string in snake_case.
 *
 * @module
 */

import { toSnake } from "../../text/case.ts";
import { converter, str } from "../definition.ts";

export const toSnakeCase = converter({
  name: "ToSnakeCase",
  gives: "string",
  summary: "`target` in snake_case; words end where ASCII letters change case, and around digits.",
  parameters: { target: str },
  examples: [
    { text: 'ToSnakeCase("JSONData2Go")', result: '"json_data_2_go"' },
    { text: 'ToSnakeCase("")', result: '""' },
    { text: 'ToSnakeCase(attributes["none"])', error: "expected string but got nil" },
  ],
  compile: ({ target }) => (item) => toSnake(target.evaluate(item)),
});
