/**
 * IsValidLuhn: whether the check digit of a number is right.
 *
 * @module
 */

import { OttlError } from "../../values/errors.ts";
import { converter, strLike } from "../definition.ts";

export const isValidLuhn = converter({
  name: "IsValidLuhn",
  gives: "bool",
  summary:
    "Whether the last digit of a number, such as a credit card's, is right by Luhn's formula. Spaces do not count.",
  parameters: { target: strLike },
  examples: [
    { text: 'IsValidLuhn("4111 1111 1111 1111")', result: "true" },
    { text: 'IsValidLuhn("4111111111111112")', result: "false" },
    { text: "IsValidLuhn(79927398713)", result: "true" },
    { text: 'IsValidLuhn("")', result: "false" },
    { text: 'IsValidLuhn("1-2")', error: "digit" },
  ],
  compile: ({ target: value }) => (item) => {
    const text = value.evaluate(item);
    if (text === null) throw new OttlError("value", "invalid input: nil");
    return isRight(text.replaceAll(" ", ""));
  },
});

function isRight(digits: string): boolean {
  if (digits === "") return false;
  if (!/^[0-9]+$/.test(digits)) throw new OttlError("arg_value", "a number has something else than digits");
  let sum = 0;
  for (let i = digits.length - 1, isDoubled = false; i >= 0; i--, isDoubled = !isDoubled) {
    const digit = Number(digits[i]);
    sum += isDoubled ? (digit * 2) % 10 + Math.floor(digit / 5) : digit;
  }
  return sum % 10 === 0;
}
