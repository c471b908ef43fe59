import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type Consumer, KEPT } from "../../../pipeline/contract/consumer.ts";
import { NO_ORIGIN, type Payload, payloadOf } from "../../../pipeline/otlp/payload.ts";
import { Inlet } from "../../../pipeline/graph/inlet.ts";

const payload = payloadOf("traces", new Uint8Array(1), 1, NO_ORIGIN);
const abort = new AbortController().signal;

function target(seen: string[], name: string): Consumer {
  return {
    consume: () => {
      seen.push(name);
      return Promise.resolve(KEPT);
    },
  };
}

Deno.test("an inlet", async (t) => {
  await t.step("passes on, to another once it is pointed there", async () => {
    const seen: string[] = [];
    const inlet = new Inlet(target(seen, "a"));
    await inlet.consume(payload, abort);
    inlet.point(target(seen, "b"));
    strictEqual(await inlet.consume(payload, abort), KEPT);
    deepStrictEqual(seen, ["a", "b"]);
    inlet.admit(1); // what has no opinion takes all
  });
  await t.step("counts the bytes that go in", async () => {
    let bytes = 0;
    const inlet = new Inlet(target([], "a"), { add: (size) => void (bytes += size) });
    for (let i = 0; i < 3; i++) await inlet.consume(payload, abort);
    strictEqual(bytes, 3);
  });
  await t.step("shows payloads to those who watch, until they leave", async () => {
    const inlet = new Inlet(target([], "a"));
    const seen: [string, Payload][] = [];
    const leave = inlet.watch((each) => void seen.push(["one", each]));
    const leaveToo = inlet.watch((each) => void seen.push(["two", each]));
    await inlet.consume(payload, abort);
    leave();
    await inlet.consume(payload, abort);
    leaveToo();
    await inlet.consume(payload, abort);
    deepStrictEqual(seen, [["one", payload], ["two", payload], ["two", payload]]);
  });
});
