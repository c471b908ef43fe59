import { strictEqual, throws } from "node:assert";
import { OttlError } from "../../../ottl/values/errors.ts";
import { rfc3339 } from "../../../ottl/values/rfc3339.ts";
import { Time } from "../../../ottl/values/value.ts";

const SECOND = 1_000_000_000n;

const cases: { time: Time; want: string }[] = [
  { time: new Time(0n), want: "1970-01-01T00:00:00Z" },
  { time: new Time(1n), want: "1970-01-01T00:00:00.000000001Z" },
  { time: new Time(-1n), want: "1969-12-31T23:59:59.999999999Z" },
  { time: new Time(1_704_067_200n * SECOND + 120_000_000n), want: "2024-01-01T00:00:00.12Z" },
  { time: new Time(1_704_067_200n * SECOND, -34_200, "MART"), want: "2023-12-31T14:30:00-09:30" },
  { time: new Time(1_704_067_200n * SECOND, 20_700, "+0545"), want: "2024-01-01T05:45:00+05:45" },
  { time: new Time(-62_167_219_200n * SECOND), want: "0000-01-01T00:00:00Z" },
  { time: new Time(253_402_300_799n * SECOND), want: "9999-12-31T23:59:59Z" },
];

Deno.test("rfc3339()", async (t) => {
  for (const { time, want } of cases) await t.step(want, () => strictEqual(rfc3339(time), want));
  for (const seconds of [-62_167_219_201n, 253_402_300_800n, 10n ** 30n]) {
    await t.step(
      `no year of four digits: ${seconds}`,
      () => throws(() => rfc3339(new Time(seconds * SECOND)), OttlError),
    );
  }
});
