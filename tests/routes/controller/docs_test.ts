/** docs/controller.md tells every route. */

import { ok } from "node:assert";
import { CONTROLLER_ENDPOINTS } from "../../../routes/controller/endpoints.ts";
import { CONTROLLER_DOCS, withControllerReference } from "../../tools/write_docs.ts";

Deno.test("docs/controller.md is up to date: `deno task docs` writes it", async () => {
  const text = await Deno.readTextFile(CONTROLLER_DOCS);
  ok(text === withControllerReference(text), "docs/controller.md is older than the OpenAPI document");
  for (const { method, path } of Object.values(CONTROLLER_ENDPOINTS)) {
    ok(text.includes(`\n#### ${method} ${path}\n`), path);
  }
});
