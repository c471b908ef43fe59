import { strictEqual } from "node:assert";
import { counted } from "../../../pipeline/core/text.ts";

Deno.test("counted()", async (t) => {
  for (
    const [count, plural, want] of [
      [0, "spans", "0 spans"],
      [1, "data points", "1 data point"],
      [2, "attempts", "2 attempts"],
    ] as const
  ) {
    await t.step(want, () => strictEqual(counted(count, plural), want));
  }
});
