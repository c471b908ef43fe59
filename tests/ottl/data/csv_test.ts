/**
 * One row of comma-separated values.
 *
 * @module
 */

import { deepStrictEqual, throws } from "node:assert";
import fc from "fast-check";
import { parseCsvRow, type QuoteMode } from "../../../ottl/data/csv.ts";
import { OttlError } from "../../../ottl/values/errors.ts";

Deno.test("parseCsvRow()", async (t) => {
  const cases: { name: string; text: string; want: string[]; mode?: QuoteMode; delimiter?: string }[] = [
    { name: "plain", text: "1,two,3.0", want: ["1", "two", "3.0"] },
    { name: "spaces stay", text: " 1, 2", want: [" 1", " 2"] },
    { name: "quoted delimiter", text: '"a,b",c', want: ["a,b", "c"] },
    { name: "doubled quote", text: '"a""b",c', want: ['a"b', "c"] },
    { name: "empty fields", text: ",,", want: ["", "", ""] },
    { name: "another delimiter", text: "1 2", want: ["1", "2"], delimiter: " " },
    { name: "a delimiter past the first plane", text: "1😀2", want: ["1", "2"], delimiter: "😀" },
    { name: "line break at the end", text: "1,2\r\n", want: ["1", "2"] },
    { name: "carriage return at the end", text: "1,2\r", want: ["1", "2"] },
    { name: "line break in quotes", text: '"1\r\n2",3', want: ["1\n2", "3"] },
    { name: "line break outside", text: "1\n2,3", want: ["1\n2", "3"] },
    { name: "blank lines", text: "\n1,2\n\n3\n", want: ["1", "2\n3"] },
    { name: "stray quotes, lazy", text: 'a"b,"c"d"', want: ['a"b', 'c"d'], mode: "lazyQuotes" },
    { name: "unclosed quote, lazy", text: '1,"2', want: ["1", "2"], mode: "lazyQuotes" },
    { name: "quotes ignored", text: '"x,y",2', want: ['"x', 'y"', "2"], mode: "ignoreQuotes" },
    { name: "what stands before a stray quote", text: 'a,b"c', want: ["a"] },
  ];
  for (const { name, text, want, mode = "strict", delimiter = "," } of cases) {
    await t.step(name, () => deepStrictEqual(parseCsvRow(text, delimiter, mode), want));
  }
  for (const text of ["", "\n\n", 'a"b', '"a"b', '"a']) {
    await t.step(`refuses ${JSON.stringify(text)}`, () => throws(() => parseCsvRow(text, ",", "strict"), OttlError));
  }
});

Deno.test("parseCsvRow() gives back any fields that were quoted", () => {
  const field = fc.string().map((text) => text.replaceAll("\r", ""));
  fc.assert(fc.property(fc.array(field, { minLength: 1 }), (fields) => {
    const text = fields.map((content) => `"${content.replaceAll('"', '""')}"`).join(",");
    deepStrictEqual(parseCsvRow(text, ",", "strict"), fields);
  }));
});
