/** The reference of tenants is what the schemas say, and its examples load. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { TenantDirectory } from "../../../gateway/tenants/directory.ts";
import { diskTenantFiles } from "../../../gateway/tenants/tenant_files.ts";
import { parseConfig } from "../../../pipeline/config/parse.ts";
import { systemClock } from "../../../pipeline/core/clock.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { loadComponents, REGISTRY } from "../../../pipeline/graph/registry.ts";
import { tenantSourcesOf } from "../../../pipeline/tenants/sources.ts";
import { TENANTS_DOCS, withTenantsReference } from "../../tools/write_docs.ts";
import { load } from "../config/support.ts";

const text = await Deno.readTextFile(TENANTS_DOCS);
await loadComponents();

/** The texts of its code blocks, by the file name in their first line. */
const examples = new Map(
  Array.from(text.matchAll(/```(?:yaml|json)\n# (\S+)\n([\s\S]*?)```/g), ([, name = "", body = ""]) => [name, body]),
);

Deno.test("docs/tenants.md is up to date: `deno task docs` writes it", () => {
  ok(text === withTenantsReference(text, REGISTRY), "docs/tenants.md is older than the schemas");
});

Deno.test("the examples of docs/tenants.md load", async () => {
  const directory = await Deno.makeTempDir();
  for (const [name, body] of examples) {
    if (name !== "gateway.yaml") await Deno.writeTextFile(`${directory}/${name}`, body);
  }
  const resolved = await load((examples.get("gateway.yaml") ?? "").replace("./tenants", directory));
  const config = parseConfig(resolved, REGISTRY);
  deepStrictEqual(config.warnings, []);
  const tenants = new TenantDirectory({
    ...{ clock: systemClock, logger: silentLogger, files: diskTenantFiles, publish: () => {} },
  });
  (await tenants.prepare(tenantSourcesOf(config))).commit();
  deepStrictEqual(tenants.problems, []);
  deepStrictEqual([...tenants.table?.ids() ?? []].sort(), ["acme", "globex", "initech", "umbrella"]);
  strictEqual(tenants.table?.find("globex")?.limits.all.requestsPerSecond, 100);
  await Deno.remove(directory, { recursive: true });
});
