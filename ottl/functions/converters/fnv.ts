/**
 * FNV: a 64-bit hash as an int.
 *
 * @module
 */

import { fnv1a } from "../../data/hash.ts";
import { converter, str } from "../definition.ts";

export const fnv = converter({
  name: "FNV",
  gives: "int",
  summary: "The 64-bit FNV-1a hash of a string, as a signed int.",
  parameters: { target: str },
  examples: [
    { text: 'FNV("hello world")', result: "8618312879776256743" },
    { text: 'FNV("")', result: "-3750763034362895579" },
    { text: "FNV(1)", error: "expected string" },
  ],
  compile: ({ target: value }) => (item) => fnv1a(value.evaluate(item)),
});
