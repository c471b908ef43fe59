/**
 * ToUpperCase: a string in upper case.
 *
 * @module
 */

import { toUpper } from "../../text/case.ts";
import { upperChange } from "../../text/case_change.ts";
import { converter, str } from "../definition.ts";

export const toUpperCase = converter({
  name: "ToUpperCase",
  gives: "string",
  summary: "`target` in upper case, character by character (`ß` stays).",
  parameters: { target: str },
  examples: [
    { text: 'ToUpperCase("Straße")', result: '"STRAßE"' },
    { text: 'ToUpperCase("")', result: '""' },
    { text: 'ToUpperCase(attributes["none"])', error: "expected string but got nil" },
  ],
  compile: ({ target }) => (item) => toUpper(target.evaluate(item)),
  asChange: ({ target }) => ({ source: target, change: upperChange() }),
});
