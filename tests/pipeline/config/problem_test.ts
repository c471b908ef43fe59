/** Problems as they are counted and told. */

import { strictEqual } from "node:assert/strict";
import {
  ConfigError,
  countProblems,
  errorAt,
  formatReport,
  type Problem,
  warningAt,
} from "../../../pipeline/config/problem.ts";

const at = (line: number) => ({ file: "f", line, column: 1 });
const error = (line: number): Problem => errorAt(at(line), ["a"], "is wrong");
const warning = (line: number): Problem => warningAt(at(line), ["b"], "is odd");

const counts: { name: string; problems: Problem[]; want: string }[] = [
  { name: "none", problems: [], want: "no problems" },
  { name: "one", problems: [error(1)], want: "1 problem" },
  { name: "two", problems: [error(1), error(2)], want: "2 problems" },
  { name: "a warning alone", problems: [warning(1)], want: "1 warning" },
  { name: "of both", problems: [warning(1), error(1), error(2), warning(2)], want: "2 problems, 2 warnings" },
  { name: "equal ones once", problems: [error(1), error(1), warning(2), warning(2)], want: "1 problem, 1 warning" },
];

Deno.test("countProblems()", async (t) => {
  for (const { name, problems, want } of counts) await t.step(name, () => strictEqual(countProblems(problems), want));
});

Deno.test("formatReport() has each once, excerpts below theirs, and how many at the end", () => {
  const unread = { ...error(1), excerpt: "  1 | a\n    | ^" };
  strictEqual(
    formatReport([warning(2), unread, unread]),
    "f:1:1: a: is wrong\n  1 | a\n    | ^\nf:2:1: warning: b: is odd\n1 problem, 1 warning",
  );
  strictEqual(formatReport([error(1)], true).split("\n").at(-1), "1 problem; more may show when it is mended");
  strictEqual(
    formatReport([error(1), error(2)], true).split("\n").at(-1),
    "2 problems; more may show when these are mended",
  );
});

Deno.test("what a start says of a configuration has its errors alone, and no text of it", () => {
  const unread = { ...error(1), excerpt: "  1 | s3cret\n    | ^" };
  const { explanation } = new ConfigError([unread, warning(2)], { isPartial: true });
  strictEqual(
    explanation,
    "Cannot use the configuration: 1 problem\nf:1:1: a: is wrong\nmore may show when it is mended",
  );
});
