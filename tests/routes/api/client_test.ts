/** How a problem that an API tells is shown. */

import { strictEqual } from "node:assert/strict";
import { problemText } from "../../../routes/api/client.ts";
import type { ConfigProblem } from "../../../routes/api/schemas.ts";

const PROBLEM: ConfigProblem = {
  ...{ severity: "error", path: "tenants::acme", message: "is broken", file: "a.yaml", line: 5, column: 1 },
};

const cases: { name: string; of: Partial<ConfigProblem>; want: string }[] = [
  { name: "an error", of: {}, want: "a.yaml:5:1: tenants::acme: is broken" },
  { name: "a warning", of: { severity: "warning" }, want: "a.yaml:5:1: warning: tenants::acme: is broken" },
  { name: "of the whole text", of: { path: "" }, want: "a.yaml:5:1: is broken" },
  { name: "of a source as a whole", of: { line: 0, column: 0 }, want: "a.yaml: tenants::acme: is broken" },
];

Deno.test("problemText()", async (t) => {
  for (const { name, of, want } of cases) {
    await t.step(name, () => strictEqual(problemText({ ...PROBLEM, ...of }), want));
  }
});
