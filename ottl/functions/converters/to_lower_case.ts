/**
 * ToLowerCase: a string in lower case.
 *
 * @module
 */

import { toLower } from "../../text/case.ts";
import { lowerChange } from "../../text/case_change.ts";
import { converter, str } from "../definition.ts";

export const toLowerCase = converter({
  name: "ToLowerCase",
  gives: "string",
  summary: "`target` in lower case, character by character.",
  parameters: { target: str },
  examples: [
    { text: 'ToLowerCase("Sluice ÉTÉ")', result: '"sluice été"' },
    { text: 'ToLowerCase("")', result: '""' },
    { text: 'ToLowerCase(attributes["none"])', error: "expected string but got nil" },
  ],
  compile: ({ target }) => (item) => toLower(target.evaluate(item)),
  asChange: ({ target }) => ({ source: target, change: lowerChange() }),
});
