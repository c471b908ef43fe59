/** docs/errors.md tells every status, every class of failure and every category that the code has. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { PROGRAM_FOLDERS, sourcesBelow } from "../support/sources.ts";
import { TOLD_CLASSES } from "../tools/references/errors.ts";
import { ERRORS_DOCS, withErrorReference } from "../tools/write_docs.ts";

const page = await Deno.readTextFile(ERRORS_DOCS);
const ROOT = new URL("../../", import.meta.url);

Deno.test("docs/errors.md is up to date: `deno task docs` writes it", () => {
  ok(page === withErrorReference(page), "docs/errors.md is older than the errors");
});

/** A number of an HTTP failure: not a part of a longer number (64_400), of a range or of a name. */
const STATUS = /(?<![\d_.\w])(?:4[0-4]\d|50\d)(?![\d_.\w])/g;

Deno.test("docs/errors.md has every HTTP status that a listener sends", async () => {
  const missing: string[] = [];
  let found = 0;
  const listeners = ["routes/", "controller/", "opamp/server/", "pipeline/core/", "pipeline/extensions/"];
  for await (const { path, code } of sourcesBelow(...listeners)) {
    for (const [status] of code.matchAll(STATUS)) {
      found++;
      if (!new RegExp(`(?<!\\d)${status}(?!\\d)`).test(page)) missing.push(`${path}: ${status}`);
    }
  }
  ok(found > 100, `${found} statuses found in the sources`);
  deepStrictEqual(missing, []);
});

const CLASS = /class (\w+) extends \w*(?:GatewayError|RejectedError|UnavailableError)\b/g;

Deno.test("docs/errors.md has every class of failure", async () => {
  const names = new Set<string>();
  for await (const { code } of sourcesBelow(...PROGRAM_FOLDERS)) {
    for (const [, name = ""] of code.matchAll(CLASS)) names.add(name);
  }
  ok(names.size > 20);
  deepStrictEqual(
    [...names].filter((name) => !TOLD_CLASSES.includes(name)),
    [],
    "wanted in tests/tools/references/errors.ts",
  );
  deepStrictEqual(TOLD_CLASSES.filter((name) => !names.has(name)), [], "classes that are gone");
});

Deno.test("docs/errors.md has every category of OTTL's errors", async () => {
  const source = await Deno.readTextFile(new URL("ottl/values/errors.ts", ROOT));
  const [, union = ""] = /export type OttlErrorCategory =([^;]*);/.exec(source) ?? [];
  const categories = [...union.matchAll(/"(\w+)"/g)].map(([, name]) => name!);
  ok(categories.length > 15);
  deepStrictEqual(categories.filter((name) => !page.includes(`\`${name}\``)), []);
});
