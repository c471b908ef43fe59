/** Every package of deno.lock has a licence that is allowed, in docs/licences.md; nothing of it needs the network. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  ALLOWED_LICENCES,
  LICENCE_DOCS,
  licenceIn,
  licenceRow,
  lockedPackages,
  npmCache,
  readLock,
} from "../tools/licences.ts";

/** Package and version to licence, as the page has them. */
async function rowsOfPage(): Promise<ReadonlyMap<string, string>> {
  const page = await Deno.readTextFile(LICENCE_DOCS);
  return new Map(
    [...page.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|/gm)].map(([, name, version, licence]) =>
      [`${name}@${version}`, licence!] as const
    ),
  );
}

Deno.test("docs/licences.md has the packages of deno.lock: `deno task licences` writes it", async () => {
  const rows = await rowsOfPage();
  deepStrictEqual([...rows.keys()], lockedPackages(await readLock()).map(({ name, version }) => `${name}@${version}`));
});

Deno.test("every licence is an allowed one", async () => {
  deepStrictEqual([...await rowsOfPage()].filter(([, licence]) => !ALLOWED_LICENCES.includes(licence)), []);
});

Deno.test("licences are what the packages in the cache say", async () => {
  const rows = await rowsOfPage();
  const cache = await npmCache();
  let found = 0;
  for (const each of lockedPackages(await readLock())) {
    const licence = await licenceIn(cache, each);
    if (licence === undefined) continue; // a package of other tests, not loaded on this machine
    found++;
    strictEqual(rows.get(`${each.name}@${each.version}`), licence, each.name);
  }
  ok(found > 15, `${found} packages in the cache`);
});

Deno.test("lockedPackages() and licenceRow()", () => {
  const packages = lockedPackages({
    "snappy@7.4.3": { optionalDependencies: ["@napi-rs/snappy-linux-x64-gnu"] },
    "@napi-rs/snappy-linux-x64-gnu@7.4.3": {},
    "@otel/core@3.1.0_@otel+api@1.10.0": {},
    "@otel/core@3.1.0": {},
  });
  deepStrictEqual(packages, [
    { name: "@otel/core", version: "3.1.0", binaries: [] },
    { name: "snappy", version: "7.4.3", binaries: ["@napi-rs/snappy-linux-x64-gnu"] },
  ]);
  strictEqual(licenceRow(packages[1]!, "MIT"), "| `snappy` | 7.4.3 | MIT | deno.json | 1 with its binaries |");
});
