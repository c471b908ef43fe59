/**
 * Zones: what clocks show, and what they are called.
 *
 * @module
 */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { Zone } from "../../../ottl/time/zone.ts";
import { OttlError } from "../../../ottl/values/errors.ts";

const NEW_YORK = Zone.named("America/New_York");

function seconds(text: string): bigint {
  return BigInt(Date.parse(text)) * 1_000_000n;
}

Deno.test("Zone.timeAt()", async (t) => {
  const cases: { name: string; at: bigint; want: [number, string] }[] = [
    { name: "winter", at: seconds("2024-01-01T00:00:00Z"), want: [-18_000, "EST"] },
    { name: "the second before the change", at: seconds("2024-03-10T06:59:59Z"), want: [-18_000, "EST"] },
    { name: "the second of the change", at: seconds("2024-03-10T07:00:00Z"), want: [-14_400, "EDT"] },
    { name: "before zones", at: seconds("1800-01-01T00:00:00Z"), want: [-17_762, "LMT"] },
    { name: "before the runtime's calendar", at: -(10n ** 23n), want: [-17_762, "LMT"] },
    { name: "after it, in winter", at: 12_622_780_800n * 1_000_000_000n * 900n, want: [-18_000, "EST"] },
    {
      name: "after it, in summer",
      at: (12_622_780_800n * 900n + 16_000_000n) * 1_000_000_000n,
      want: [-14_400, "EDT"],
    },
  ];
  for (const { name, at, want } of cases) {
    await t.step(name, () => {
      const time = NEW_YORK.timeAt(at);
      deepStrictEqual([time.offsetSeconds, time.zone], want);
      strictEqual(time.unixNano, at);
    });
  }
  await t.step("a time that is moved past a change is told by the new offset", () => {
    const time = NEW_YORK.timeAt(seconds("2024-03-10T06:00:00Z"));
    strictEqual(time.at(time.unixNano + 5n * 3_600_000_000_000n).zone, "EDT");
  });
  await t.step("is right after more changes than are kept", () => {
    for (let year = 1920; year < 2030; year++) {
      strictEqual(
        NEW_YORK.timeAt(seconds(`${year}-01-15T00:00:00Z`)).offsetSeconds === -18_000,
        !isWarTime(year),
        `${year}`,
      );
    }
  });
});

/** Years whose January had no standard time. */
function isWarTime(year: number): boolean {
  return [1943, 1944, 1945, 1974].includes(year);
}

Deno.test("Zone.named()", async (t) => {
  for (const id of ["", "UTC", "EST5EDT", "Etc/GMT+5", "Asia/Calcutta", "PRC"]) {
    await t.step(`knows "${id}"`, () => strictEqual(Zone.named(id), Zone.named(id)));
  }
  for (const id of ["utc", "america/new_york", "Nowhere", "+05:00", "-03", "../etc/passwd", "XYZ", "Local"]) {
    await t.step(`knows no "${id}"`, () => throws(() => Zone.named(id), OttlError));
  }
});
