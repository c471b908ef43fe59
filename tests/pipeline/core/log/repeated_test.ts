import { deepStrictEqual } from "node:assert";
import { Repeated } from "../../../../pipeline/core/log/repeated.ts";

Deno.test("Repeated says the first at once, and what came since no sooner than 10 s later", () => {
  const repeated = new Repeated();
  const said = [0, 1, 9_999, 10_000, 10_001, 50_000].map((nowMs) => repeated.note(nowMs));
  deepStrictEqual(said, [1, undefined, undefined, 3, undefined, 2]);
});
