import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert";
import { type Consumer, KEPT, type Outcome, QUEUED } from "../../../pipeline/contract/consumer.ts";
import { type GatewayError, RejectedError, ThrottledError, UnavailableError } from "../../../pipeline/core/errors.ts";
import { NO_ORIGIN, payloadOf } from "../../../pipeline/otlp/payload.ts";
import { fanOut } from "../../../pipeline/queue/fan_out.ts";
import { settle } from "../../support/fake_clock.ts";

const payload = payloadOf("traces", new Uint8Array(3), 1, NO_ORIGIN);
const abort = new AbortController().signal;

type Answer = Outcome | GatewayError;

function answering(answer: Answer, seen: unknown[] = []): Consumer {
  return {
    consume: (given) => {
      seen.push(given);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
}

const unavailable = new UnavailableError("Cannot send: away");
const throttled = new ThrottledError("Cannot send: throttled", { retryAfterMs: 7_000 });
const refused = new RejectedError("Cannot send: refused", "permission_denied");

Deno.test("fanOut() joins what the branches answer", async (t) => {
  const cases: { name: string; answers: Answer[]; want: Answer }[] = [
    { name: "all kept", answers: [KEPT, KEPT], want: KEPT },
    {
      name: "the largest count of rejected items",
      answers: [{ rejectedItems: 2, message: "a" }, { rejectedItems: 3, message: "b" }, KEPT],
      want: { rejectedItems: 3, message: "a; b" },
    },
    {
      name: "the same message once",
      answers: [{ rejectedItems: 1, message: "a" }, { rejectedItems: 1, message: "a" }],
      want: { rejectedItems: 1, message: "a" },
    },
    {
      name: "a warning without rejects",
      answers: [KEPT, { rejectedItems: 0, message: "a" }],
      want: { rejectedItems: 0, message: "a" },
    },
    { name: "one goes on using the bytes", answers: [KEPT, QUEUED], want: QUEUED },
    {
      name: "one goes on using the bytes, and another has something to say",
      answers: [QUEUED, { rejectedItems: 1, message: "a" }],
      want: { rejectedItems: 1, message: "a", isHeld: true },
    },
    { name: "one failure fails the whole", answers: [KEPT, refused], want: refused },
    { name: "the retryable failure wins", answers: [refused, unavailable], want: unavailable },
    { name: "the longest wait wins", answers: [unavailable, throttled, refused], want: throttled },
  ];
  for (const { name, answers, want } of cases) {
    await t.step(name, async () => {
      const seen: unknown[] = [];
      const result = fanOut(answers.map((answer) => answering(answer, seen))).consume(payload, abort);
      if (want instanceof Error) await rejects(result, (thrown) => thrown === want);
      else deepStrictEqual(await result, want);
      deepStrictEqual(seen, answers.map(() => payload), "every branch gets the payload itself");
    });
  }
});

Deno.test("fanOut() calls every branch at once and waits for all", async () => {
  const order: string[] = [];
  let keep: (outcome: Outcome) => void = () => {};
  const slow: Consumer = { consume: () => new Promise((resolve) => (order.push("slow"), keep = resolve)) };
  const broken: Consumer = {
    consume: () => {
      order.push("broken");
      throw new TypeError("a bug");
    },
  };
  let settled = false;
  const result = fanOut([slow, broken, { consume: () => (order.push("last"), Promise.resolve(KEPT)) }])
    .consume(payload, abort).finally(() => settled = true);
  result.catch(() => {});
  await settle();
  deepStrictEqual(order, ["slow", "broken", "last"]);
  strictEqual(settled, false);
  keep(KEPT);
  await rejects(result, { name: "RejectedError", code: "internal", retryable: false });
});

Deno.test("fanOut() asks every gate", () => {
  const asked: number[] = [];
  const open: Consumer = { ...answering(KEPT), admit: (bytes) => void asked.push(bytes) };
  const shut: Consumer = {
    ...answering(KEPT),
    admit: () => {
      throw unavailable;
    },
  };
  const all = fanOut([open, answering(KEPT), shut]);
  throws(() => all.admit?.(42), (thrown) => thrown === unavailable);
  deepStrictEqual(asked, [42]);
});

Deno.test("fanOut() of one is that one, of none an error", () => {
  const only = answering(KEPT);
  strictEqual(fanOut([only]), only);
  throws(() => fanOut([]), TypeError);
});
