import { deepStrictEqual, notStrictEqual, strictEqual, throws } from "node:assert";
import { LimitExceededError } from "../../pipeline/core/errors.ts";
import { createMemoryBudget } from "../../pipeline/core/memory.ts";
import { BodyBuffer, SmallRooms } from "../../routes/body.ts";
import { LargeBodies } from "../../routes/large_bodies.ts";

const filled = (bytes: number, value: number) => new Uint8Array(bytes).fill(value);

Deno.test("SmallRooms", async (t) => {
  const rooms = new SmallRooms();
  await t.step("small bodies share an array, and never a byte of it", () => {
    const taken = Array.from({ length: 200 }, (_, value) => rooms.take(300)?.fill(value));
    for (const [value, room] of taken.entries()) deepStrictEqual(room, filled(300, value));
    strictEqual(taken[0]?.buffer, taken[1]?.buffer);
    notStrictEqual(taken[0]?.buffer, taken[199]?.buffer);
  });
  await t.step("2 KiB is small, a byte more is not", () => {
    strictEqual(rooms.take(2_048)?.length, 2_048);
    strictEqual(rooms.take(2_049), undefined);
  });
});

Deno.test("BodyBuffer", async (t) => {
  for (
    const { name, announced } of [{ name: "with a length", announced: 700 }, { name: "without", announced: undefined }]
  ) {
    await t.step(`what came is whole and counted until it is released: ${name}`, () => {
      const memory = createMemoryBudget();
      const buffer = new BodyBuffer(announced, 1_000, memory, {
        small: new SmallRooms(),
        large: new LargeBodies(1_000),
      });
      for (let part = 1; part <= 7; part++) buffer.push(filled(100, part));
      const want = new Uint8Array(700).map((_, at) => 1 + Math.floor(at / 100));
      deepStrictEqual(buffer.bytes(), want);
      strictEqual(memory.heldBytes(), announced ?? 1_000);
      buffer.release();
      strictEqual(memory.heldBytes(), 0);
    });
  }
  await t.step("the limit is taken, a byte more is not", () => {
    const buffer = new BodyBuffer(undefined, 1_000, undefined);
    buffer.push(filled(1_000, 1));
    throws(() => buffer.push(filled(1, 1)), LimitExceededError);
    throws(() => new BodyBuffer(1_001, 1_000, undefined), LimitExceededError);
  });
});
