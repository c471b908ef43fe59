/**
 * Names of rotated files, and which of them go.
 *
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert";
import { backupPath, backupTimeMs, expiredBackups } from "../../../../pipeline/exporters/file/backups.ts";

const NOW_MS = Date.parse("2026-01-31T23:59:59.999Z");
const DAY_MS = 86_400_000;

Deno.test("backupPath()", () => {
  strictEqual(backupPath("/data/t.json", NOW_MS, false), "/data/t-2026-01-31T23-59-59.999-size.json");
  strictEqual(backupPath("data/t", NOW_MS, false), "data/t-2026-01-31T23-59-59.999-size");
});

const names: { name: string; file: string; want: number | undefined }[] = [
  { name: "as it is made", file: "t-2026-01-31T23-59-59.999-size.json", want: NOW_MS },
  { name: "of an older release, without a reason", file: "t-2026-01-31T23-59-59.999.json", want: NOW_MS },
  { name: "another file's", file: "tt-2026-01-31T23-59-59.999.json", want: undefined },
  { name: "another extension", file: "t-2026-01-31T23-59-59.999.proto", want: undefined },
  { name: "the file itself", file: "t.json", want: undefined },
  { name: "no time", file: "t-yesterday.json", want: undefined },
];

Deno.test("backupTimeMs()", async (t) => {
  for (const { name, file, want } of names) {
    await t.step(name, () => strictEqual(backupTimeMs("/data/t.json", file, false), want));
  }
  await t.step("local time, both ways", () => {
    const file = backupPath("t.json", NOW_MS, true);
    strictEqual(backupTimeMs("t.json", file, true), NOW_MS);
  });
});

Deno.test("expiredBackups()", async (t) => {
  const ages = [0, 1, 2, 3].map((days) => backupPath("/data/t.json", NOW_MS - days * DAY_MS, false));
  const files = [...ages.map((path) => path.slice("/data/".length)).reverse(), "t.json", "other.json"];
  const expired = (maxDays: number, maxBackups: number) =>
    expiredBackups("/data/t.json", files, NOW_MS, { maxDays, maxBackups, localtime: false });
  await t.step("0 and 0 keep all", () => deepStrictEqual(expired(0, 0), []));
  await t.step("by number: the oldest go", () => deepStrictEqual(expired(0, 3), ages.slice(3)));
  await t.step("by age: what is exactly so old stays", () => deepStrictEqual(expired(2, 0), ages.slice(3)));
  await t.step("either rule", () => deepStrictEqual(expired(2, 1), ages.slice(1)));
});
