/** docs/admin.md tells every route. */

import { ok, throws } from "node:assert";
import { ENDPOINTS } from "../../../routes/admin/endpoints.ts";
import { ADMIN_DOCS, withAdminReference } from "../../tools/write_docs.ts";

Deno.test("docs/admin.md is up to date: `deno task docs` writes it", async () => {
  const text = await Deno.readTextFile(ADMIN_DOCS);
  ok(text === withAdminReference(text), "docs/admin.md is older than the OpenAPI document");
  for (const { method, path } of Object.values(ENDPOINTS)) ok(text.includes(`\n#### ${method} ${path}\n`), path);
});

Deno.test("withAdminReference() refuses a file without its marks", () => {
  throws(() => withAdminReference("# Admin"), TypeError);
});
