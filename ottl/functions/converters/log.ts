/**
 * Log: the natural logarithm.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { converter, floatLike } from "../definition.ts";

export const log = converter({
  name: "Log",
  gives: "float",
  summary: "The natural logarithm of a number above 0.",
  parameters: { target: floatLike },
  examples: [
    { text: "Log(1)", result: "0.0" },
    { text: 'Log("2.5")', result: "0.9162907318741551" },
    { text: "Log(0)", error: "above 0" },
    { text: "Log(nil)", error: "above 0" },
  ],
  compile: ({ target: value }) => (item) => {
    const number = value.evaluate(item);
    if (number === null || number <= 0) {
      throw new OttlError("type", "cannot take a logarithm: a number above 0 is wanted");
    }
    return Math.log(number);
  },
});
