/** docs/ottl.md tells what the functions and contexts are. */

import { ok, throws } from "node:assert";
import { OTTL_DOCS, withOttlReference } from "../../tools/write_docs.ts";

Deno.test("docs/ottl.md is up to date: `deno task docs` writes it", async () => {
  const text = await Deno.readTextFile(OTTL_DOCS);
  ok(text === withOttlReference(text), "docs/ottl.md is older than the functions and contexts");
});

Deno.test("withOttlReference() refuses a file without its marks", () => {
  throws(() => withOttlReference("# OTTL"), TypeError);
});
