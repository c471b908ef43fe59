import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert";
import { UnavailableError } from "../../pipeline/core/errors.ts";
import { BodyBuffer, SmallRooms } from "../../routes/body.ts";
import { LargeBodies } from "../../routes/large_bodies.ts";

const MIB = 1024 * 1024;

Deno.test("LargeBodies", async (t) => {
  await t.step("64 MiB are let in, a byte more waits until there is room", async () => {
    const bodies = new LargeBodies(20 * MIB);
    const places = [40 * MIB, 24 * MIB].map((bytes) => bodies.enter(bytes));
    const late = bodies.enter(1);
    deepStrictEqual([...places, late].map(({ isIn }) => isIn), [true, true, false]);
    for (const place of places) bodies.leave(place);
    await late.ready;
    strictEqual(late.isIn, true);
    bodies.leave(late);
  });
  await t.step("who came first is first, although a smaller one would fit", () => {
    const bodies = new LargeBodies(20 * MIB);
    const [first, second, third] = [60 * MIB, 30 * MIB, MIB].map((bytes) => bodies.enter(bytes));
    deepStrictEqual([first?.isIn, second?.isIn, third?.isIn], [true, false, false]);
    if (second !== undefined) bodies.leave(second); // its sender left
    strictEqual(third?.isIn, true);
    for (const place of [first, third]) if (place !== undefined) bodies.leave(place);
  });
  await t.step("the largest body that may be finds room when it is alone", () => {
    const bodies = new LargeBodies(100 * MIB);
    strictEqual(bodies.enter(100 * MIB).isIn, true);
  });
  await t.step("64 wait, one more is refused at once", () => {
    const bodies = new LargeBodies(64 * MIB);
    const first = bodies.enter(64 * MIB);
    const waiting = Array.from({ length: 64 }, () => bodies.enter(2 * MIB));
    throws(() => bodies.enter(2 * MIB), { name: "UnavailableError", retryAfterMs: 1_000 });
    for (const place of [first, ...waiting]) bodies.leave(place);
    strictEqual(bodies.enter(64 * MIB).isIn, true);
  });
  await t.step("who finds no room in time is told to come back", async () => {
    const bodies = new LargeBodies(64 * MIB, 1);
    const first = bodies.enter(64 * MIB);
    const late = bodies.enter(2 * MIB);
    await rejects(late.ready, UnavailableError);
    bodies.leave(late);
    bodies.leave(first);
    strictEqual(bodies.enter(64 * MIB).isIn, true);
  });
});

Deno.test("LargeBodies: a tenant that takes its time keeps no other out", async (t) => {
  await t.step("what one has it leaves free for others, who pass those of it that wait", () => {
    const bodies = new LargeBodies(20 * MIB);
    const noisy = Array.from({ length: 6 }, () => bodies.enter(10 * MIB, "noisy"));
    deepStrictEqual(noisy.map(({ isIn }) => isIn), [true, true, true, false, false, false]);
    const quiet = bodies.enter(10 * MIB, "quiet");
    strictEqual(quiet.isIn, true);
    bodies.leave(quiet);
    strictEqual(noisy[3]?.isIn, false);
    if (noisy[0] !== undefined) bodies.leave(noisy[0]);
    strictEqual(noisy[3]?.isIn, true);
    for (const place of noisy.slice(1)) bodies.leave(place);
    strictEqual(bodies.enter(64 * MIB, "noisy").isIn, true, "alone it may have all");
  });
  await t.step("32 of one wait, one more is refused, another's waits", () => {
    const bodies = new LargeBodies(64 * MIB);
    const first = bodies.enter(64 * MIB, "noisy");
    const waiting = Array.from({ length: 32 }, () => bodies.enter(2 * MIB, "noisy"));
    throws(() => bodies.enter(2 * MIB, "noisy"), { name: "UnavailableError" });
    const quiet = bodies.enter(2 * MIB, "quiet");
    bodies.leave(first);
    strictEqual(quiet.isIn, true);
    for (const place of [...waiting, quiet]) bodies.leave(place);
  });
});

Deno.test("BodyBuffer asks for room once half a mebibyte has come of a body that may be longer than one", async (t) => {
  const cases = [
    { name: "1 MiB announced", announced: MIB, came: MIB, asks: false },
    { name: "a byte more, half a mebibyte came", announced: MIB + 1, came: MIB / 2, asks: false },
    { name: "a byte more, and a byte more came", announced: MIB + 1, came: MIB / 2 + 1, asks: true },
    { name: "no length", announced: undefined, came: MIB / 2 + 1, asks: true },
  ];
  for (const { name, announced, came, asks } of cases) {
    await t.step(name, async () => {
      const large = new LargeBodies(64 * MIB);
      const other = large.enter(64 * MIB);
      const buffer = new BodyBuffer(announced, 64 * MIB, undefined, { small: new SmallRooms(), large });
      const room = buffer.push(new Uint8Array(came));
      strictEqual(room !== undefined, asks);
      strictEqual(buffer.push(new Uint8Array(0)), undefined); // it asks once
      large.leave(other);
      await room;
      buffer.release();
      strictEqual(large.enter(64 * MIB).isIn, true);
    });
  }
});
