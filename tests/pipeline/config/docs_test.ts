/** The configuration reference is what the schemas say. */

import { ok, throws } from "node:assert/strict";
import { loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";
import { CONFIGURATION_DOCS, withReference } from "../../tools/write_docs.ts";
import { catalog } from "./support.ts";

Deno.test("docs/configuration.md is up to date: `deno task docs` writes it", async () => {
  await loadComponents();
  const text = await Deno.readTextFile(CONFIGURATION_DOCS);
  ok(text === withReference(text, REGISTRY), "docs/configuration.md is older than the schemas");
});

Deno.test("withReference() refuses a file without its marks", () => {
  throws(() => withReference("# Configuration", catalog), TypeError);
});
