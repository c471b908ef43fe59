/**
 * ToCamelCase: a string in CamelCase.
 *
 * @module
 */

import { toCamel } from "../../text/case.ts";
import { converter, str } from "../definition.ts";

export const toCamelCase = converter({
  name: "ToCamelCase",
  gives: "string",
  summary: "`target` in CamelCase. Only ASCII letters and digits stay.",
  parameters: { target: str },
  examples: [
    { text: 'ToCamelCase("http_server-name")', result: '"HttpServerName"' },
    { text: 'ToCamelCase("")', result: '""' },
    { text: 'ToCamelCase(attributes["none"])', error: "expected string but got nil" },
  ],
  compile: ({ target }) => (item) => toCamel(target.evaluate(item)),
});
