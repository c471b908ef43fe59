/**
 * Coalesce: the first value that is not nil.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { any, converter, listOf } from "../definition.ts";

export const coalesce = converter({
  name: "Coalesce",
  summary: "The first of `values` that is not nil; the ones behind it are not evaluated. nil when there is none.",
  parameters: { values: listOf(any) },
  examples: [
    { text: 'Coalesce([attributes["none"], "", "z"])', result: '""' },
    { text: 'Coalesce([attributes["none"], nil])', result: "nil" },
    { text: "Coalesce([])", error: "at least one" },
  ],
  compile: ({ values }) => {
    if (values.length === 0) throw new OttlError("arg_value", "Coalesce wants at least one value");
    return (item) => {
      for (const candidate of values) {
        const value = candidate.evaluate(item);
        if (value !== null) return value;
      }
      return null;
    };
  },
});
