/**
 * Places as the two hashes have them, which must not move: agents of a rollout that runs keep their order over versions.
 *
 * @module
 */

import fc from "fast-check";
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Line, placeOf } from "../../../../opamp/rollouts/stages/placement.ts";

/** FNV-1a of 32 bits over seed and uid, and the finalizer of MurmurHash3 (fmix32); reckoned apart from this code. */
const places: { seed: string; uid: string; want: number }[] = [
  { seed: "", uid: "", want: 2_872_998_923 },
  { seed: "a", uid: "", want: 444_641_715 },
  { seed: "", uid: "a", want: 444_641_715 },
  { seed: "rollout 1", uid: "0".repeat(32), want: 435_974_244 },
  { seed: "rollout 1", uid: "0".repeat(31) + "1", want: 3_244_247_122 },
  { seed: "rollout 2", uid: "0".repeat(32), want: 1_874_543_233 },
  { seed: "seed", uid: "f".repeat(32), want: 490_111_213 },
];

Deno.test("placeOf()", async (t) => {
  for (const { seed, uid, want } of places) {
    await t.step(`"${seed}", "${uid}"`, () => strictEqual(placeOf(seed, uid), want));
  }
});

Deno.test("a long line gives out by place", () => {
  const places = fc.array(fc.nat(300), { minLength: 50, maxLength: 200, size: "max" });
  fc.assert(fc.property(places, fc.nat(50), (places, taken) => {
    const line = new Line<{ uid: string; place: number }>();
    const items = places.map((place, at) => ({ uid: String(at).padStart(3, "0"), place }));
    for (const item of items) line.push(item);
    const sorted = items.toSorted((a, b) => a.place - b.place || Number(a.uid) - Number(b.uid));
    for (const item of sorted.slice(0, taken)) strictEqual(line.pop(), item);
    strictEqual(line.size, items.length - Math.min(taken, items.length));
    const late = { uid: "late", place: -1 };
    line.push(late);
    const rest = [];
    for (let item = line.pop(); item !== undefined; item = line.pop()) rest.push(item);
    deepStrictEqual(rest, [late, ...sorted.slice(taken)]);
  }));
});
