/** Statements from files and options, and the places of what is wrong with them. */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { openTexts } from "../../../gateway/ottl/asked.ts";
import { parseTexts, splitFile } from "../../../gateway/ottl/texts.ts";
import { UsageError } from "../../../gateway/ottl/usage_error.ts";
import { ASKED, textsOf } from "./support.ts";

const FILE = `# what services are called
set(span.name, "a")
set(span.attributes["x"],
  1)
  where span.kind == SPAN_KIND_SERVER

span.name == "b" > set(span.name, "c")
 
  set(span.name, "d")
`;

Deno.test("splitFile()", () => {
  deepStrictEqual(splitFile(FILE, "f"), [
    { text: 'set(span.name, "a")', from: "f", line: 2 },
    { text: 'set(span.attributes["x"],\n  1)\n  where span.kind == SPAN_KIND_SERVER', from: "f", line: 3 },
    { text: 'span.name == "b" > set(span.name, "c")', from: "f", line: 7 },
    { text: '  set(span.name, "d")', from: "f", line: 9 },
  ]);
});

Deno.test("parseTexts() takes statements and rules", () => {
  const { statements } = parseTexts(splitFile(FILE, "f"), []);
  deepStrictEqual(statements.map(({ where }) => where?.kind), [undefined, "comparison", "comparison", undefined]);
});

/** Texts of the command line, and all that is told. */
const WRONG: {
  readonly name: string;
  readonly statements: string[];
  readonly conditions?: string[];
  readonly want: string;
}[] = [
  {
    name: "syntax, of all texts",
    statements: ["set(span.name, 1", 'set(span.name, "x")'],
    conditions: ["span.name"],
    want: '--statement:1:17: statement has invalid syntax: the text ends, wanted "," or ")"\n' +
      "    set(span.name, 1\n" +
      "                    ^\n" +
      "--condition:1:1: condition has invalid syntax: a path is no condition by itself, wanted a comparison, such as " +
      "… == true\n" +
      "    span.name\n" +
      "    ^^^^^^^^^",
  },
  {
    name: "an upper-case editor is a statement's",
    statements: ["Set(span.name, 1)"],
    want: '--statement:1:1: editor names must start with a lowercase letter but got "Set"\n' +
      "    Set(span.name, 1)\n" +
      "    ^^^",
  },
];

Deno.test("what is wrong is told with its place", async (t) => {
  for (const { name, statements, conditions, want } of WRONG) {
    await t.step(name, () => {
      throws(() => openTexts(textsOf(statements, conditions), ASKED, "traces"), { name: "UsageError", message: want });
    });
  }
  await t.step("a context that the signal has not", () => {
    throws(() => openTexts(textsOf(["set(name, 1)"]), { ...ASKED, context: "log" }, "traces"), UsageError);
  });
});

Deno.test("the context is the one that the paths name", () => {
  strictEqual(openTexts(textsOf(['set(resource.attributes["a"], 1)']), ASKED, "traces").context, "resource");
  strictEqual(openTexts(textsOf(['set(resource.attributes["a"], span.name)']), ASKED, "traces").context, "span");
});
