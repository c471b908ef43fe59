import { deepStrictEqual, strictEqual } from "node:assert";
import { ByteGate } from "../../../../../pipeline/exporters/kafka/client/byte_gate.ts";
import { settle } from "../../../../support/fake_clock.ts";

Deno.test("ByteGate", async (t) => {
  await t.step("lets in as much as its limit, and one byte more waits", async () => {
    const gate = new ByteGate(10);
    await gate.enter(4);
    await gate.enter(6);
    let entered = false;
    void gate.enter(1).then(() => entered = true);
    await settle();
    strictEqual(entered, false);
    gate.leave(4);
    await settle();
    strictEqual(entered, true);
    strictEqual(gate.inside, 7);
  });
  await t.step("lets in what is larger than its limit, alone", async () => {
    const gate = new ByteGate(10);
    await gate.enter(1);
    let entered = false;
    void gate.enter(11).then(() => entered = true);
    await settle();
    strictEqual(entered, false);
    gate.leave(1);
    await settle();
    strictEqual(entered, true);
  });
  await t.step("is first come, first in: a small one does not overtake", async () => {
    const gate = new ByteGate(10);
    const order: string[] = [];
    await gate.enter(8);
    void gate.enter(9).then(() => order.push("large"));
    void gate.enter(1).then(() => order.push("small"));
    await settle();
    deepStrictEqual(order, []);
    gate.leave(8);
    await settle();
    deepStrictEqual(order, ["large", "small"]);
  });
});
